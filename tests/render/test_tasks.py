"""How tasks that programs create are shown: which need attention, and why one ran or did not."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.cron import minute
from reconciler.dispatch.answers import CallState, CallStatus
from reconciler.model.runs import Run, runs_of
from reconciler.model.task import Ending, SettledTask, Task
from reconciler.query.explanation import Explanation, explain_task
from reconciler.query.status import DueTask, Status, Tasks, TaskStatus, tasks_of
from reconciler.render.explanation import explanation_lines
from reconciler.render.status_text import status_json, status_text
from reconciler.render.style import Style
from tests.dispatch.scenario import World, at
from tests.dispatch.task_scenario import store, task

NOW = minute(at("15:30"))


def ran(status: CallStatus) -> World:
    """A world in which a task has run."""
    world = World()
    world.live()
    store(world, task())
    world.wake("15:07")
    world.caller.statuses["fc-1"] = status
    world.wake("15:20")
    return world


def explained(
    found: Task | SettledTask | None, runs: Sequence[Run], now: int, at: int | None = None
) -> list[str]:
    grounds = explain_task(found, runs, now, at=at)
    return list(explanation_lines(Explanation(grounds=grounds), None))


FAILED = CallStatus(CallState.FAILED, reason="ValueError: no rows")


def status_with(tasks: Tasks) -> Status:
    return Status(generation="a" * 64, pointer=None, schedules=(), slots=(), tasks=tasks)


def test_an_overdue_an_unreadable_and_a_failed_task_want_a_look() -> None:
    late = DueTask("task/late", NOW - 90, NOW - 90)
    new = DueTask("task/new", NOW - 90, NOW - 1)
    bad = DueTask("task/bad", NOW - 30, NOW - 30, "tasks/x: is not a task")
    tasks = tasks_of(
        pending=9,
        due=[late, new, bad],
        runs=runs_of(ran(FAILED).log.logs),
        punctuality=300,
        now=NOW,
    )
    assert tasks == Tasks(
        9,
        (
            TaskStatus("task/late", NOW - 90, "overdue"),
            TaskStatus("task/bad", NOW - 30, "unreadable", "tasks/x: is not a task"),
            TaskStatus("task/renewal", minute(at("15:00")), "failed", "ValueError: no rows"),
        ),
    )
    status = status_with(tasks)
    assert not status.well
    assert status_text(status, Style(colour=False)).splitlines()[-5:] == [
        "Tasks: 9 pending",
        "  task/late     2026-11-20T14:00Z overdue",
        "  task/bad      2026-11-20T15:00Z unreadable: tasks/x: is not a task",
        "  task/renewal  2026-11-20T15:00Z failed: ValueError: no rows",
        "Needs attention: task/late, task/bad, task/renewal.",
    ]
    assert status_json(status)["tasks"] == {
        "pending": 9,
        "needs_attention": [
            {"name": "task/late", "time": "2026-11-20T14:00Z", "what": "overdue", "reason": None},
            {
                "name": "task/bad",
                "time": "2026-11-20T15:00Z",
                "what": "unreadable",
                "reason": "tasks/x: is not a task",
            },
            {
                "name": "task/renewal",
                "time": "2026-11-20T15:00Z",
                "what": "failed",
                "reason": "ValueError: no rows",
            },
        ],
    }


def test_a_task_that_failed_yesterday_is_for_the_history() -> None:
    runs = runs_of(ran(FAILED).log.logs)
    tasks = tasks_of(pending=0, due=(), runs=runs, punctuality=300, now=NOW + 2 * 24 * 60)
    assert tasks == Tasks()
    assert status_with(tasks).well
    assert "Tasks" not in status_text(status_with(tasks), Style(colour=False))


def test_a_task_that_ran_is_explained_like_an_occurrence() -> None:
    world = ran(FAILED)
    found = SettledTask(task=task(), ending=Ending.STARTED, at="2026-11-20T15:07:00Z", call="fc-1")
    assert explained(found, runs_of(world.log.logs), NOW) == [
        "task/renewal@2026-11-20T15:00Z ran, 7 minutes late; failed.",
        "  started  2026-11-20T15:07:00Z",
        "  call     fc-1",
        "  reason   ValueError: no rows",
        "  seen     2026-11-20T15:20:00Z",
        "  by       wake fc-wake-2 of poller",
        "  logs     reconcile logs task/renewal@2026-11-20T15:00Z",
    ]


def test_a_task_that_has_not_run_says_why() -> None:
    calls = ["  calls    shop/sync", "  created  2026-11-20T12:00Z"]
    assert explained(task(time="16:00"), (), NOW) == [
        "task/renewal@2026-11-20T16:00Z is still to come.",
        *calls,
    ]
    assert explained(task(), (), NOW) == [
        "task/renewal@2026-11-20T15:00Z has not started yet: no wake has come since then.",
        *calls,
    ]
    past = explained(task(time="11:00"), (), NOW)[0]
    assert past.endswith("has not started yet: no wake has come since it was created.")
    off = SettledTask(
        task=task(), ending=Ending.CANCELLED, at="2026-11-20T13:00:00Z", reason="plans changed"
    )
    assert explained(off, (), NOW) == [
        "task/renewal@2026-11-20T15:00Z was cancelled at 2026-11-20T13:00:00Z: plans changed.",
        *calls,
    ]
    assert explained(None, (), NOW) == []


def test_earlier_uses_of_an_id_are_shown_too() -> None:
    runs = runs_of(ran(CallStatus(CallState.SUCCEEDED, result="1")).log.logs)
    lines = explained(task(edition=2, time="16:00"), runs, NOW)
    assert lines[0] == "task/renewal~2@2026-11-20T16:00Z is still to come."
    assert lines[3] == "task/renewal@2026-11-20T15:00Z ran, 7 minutes late; succeeded."


def test_a_time_that_is_not_the_tasks_is_answered_with_its_time() -> None:
    runs = runs_of(ran(CallStatus(CallState.SUCCEEDED, result="1")).log.logs)
    wrong = explained(None, runs, NOW, at=minute(at("15:01")))
    assert wrong[:2] == [
        "task/renewal is not due at 2026-11-20T15:01Z: it is a task, for one time.",
        "task/renewal@2026-11-20T15:00Z ran, 7 minutes late; succeeded.",
    ]
    asked = minute(at("16:00"))
    right = explained(task(edition=2, time="16:00"), runs, NOW, at=asked)
    assert right[0] == "task/renewal~2@2026-11-20T16:00Z is still to come."
    assert not any("@2026-11-20T15:00Z" in line for line in right), "that is another use of its id"
