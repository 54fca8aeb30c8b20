"""Tasks that Modal functions create with the real client: run once, shown by every command."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from tests.end_to_end.project import Project

SETTINGS = "tasks: {resolution: 5m}\n"


def minutes_from_now(minutes: int) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="minutes")


def called(project: Project, *calls: tuple[str, ...]) -> object:
    """Call functions of the shop, in containers, one after the other; what each returns."""
    return project.in_modal(
        f"""
        import modal
        answer = [modal.Function.from_name("shop", name).remote(*arguments)
                  for name, *arguments in {calls!r}]
        """
    )


def test_what_functions_schedule_runs_once_and_what_they_cancel_does_not(
    project: Project,
) -> None:
    (project.root / "reconciler.yaml").write_text(SETTINGS)
    project.hourly("hourly", minute=(datetime.now(UTC).minute + 40) % 60)
    applied = project.applied()
    assert "task_tick" in applied.out
    assert "for tasks that programs create" in applied.out

    past, later = minutes_from_now(-200), minutes_from_now(300)
    answers = called(
        project,
        ("plan_ahead", "past", past),
        ("plan_ahead", "past", past),
        ("plan_ahead", "far", later),
        ("plan_ahead", "off", past),
        ("change_plans", "off", ""),
        ("plan_ahead", "moved", later),
        ("change_plans", "moved", past),
    )
    assert answers == [
        "task/past",
        "task/past",
        "task/far",
        "task/off",
        ["task/past", "task/far"],
        "task/moved",
        ["task/moved~2", "task/past", "task/far"],
    ]

    listed = [line.split()[1:3] for line in project.reconcile("tasks").out.splitlines()]
    assert listed == [["moved", "pending"], ["past", "pending"], ["far", "pending"]]
    look = project.reconcile("wake", "--dry-run")
    assert "would start" in look.out
    assert "task/past@" in look.out

    woken = project.reconcile("wake", "--wait")
    assert woken.code == 0, woken.err
    assert "succeeded" in woken.out
    project.reconcile("wake", "--wait")
    assert project.marks() == ["task moved again", "task past"]

    assert "task/past" in project.reconcile("runs", "past").out
    everything = json.loads(project.reconcile("runs", "--format", "json").out)["runs"]
    states = {one["name"]: one["state"] for one in everything}
    assert states == {
        "task/past": "succeeded",
        "task/moved~2": "succeeded",
        "task/off": "skipped",
    }
    assert "plans changed" in project.reconcile("runs", "off").out
    second = project.reconcile("runs", "moved~2").out.splitlines()[1]
    assert second.split()[1:3] == ["task/moved~2", "succeeded"]
    one = project.reconcile("runs", f"moved~2@{second.split()[0]}").out
    assert "reconcile logs task/moved~2@" in one
    assert "was cancelled" in project.reconcile("explain", "moved~1").out
    assert project.reconcile("explain", "moved~2").out.startswith("task/moved~2@")
    wrong = project.reconcile("explain", "past", "2026-01-01T00:00Z").out
    assert wrong.startswith("task/past is not due at 2026-01-01T00:00Z: it is a task")

    settled = json.loads(project.reconcile("tasks", "--all", "--format", "json").out)["tasks"]
    assert {one["run"]: one["state"] for one in settled} == {
        "task/past": "started",
        "task/far": "pending",
        "task/off": "cancelled",
        "task/moved": "cancelled",
        "task/moved~2": "started",
    }


def test_a_task_is_explained_and_cancelled_by_its_id(project: Project) -> None:
    (project.root / "reconciler.yaml").write_text(SETTINGS)
    project.hourly("hourly")
    project.applied()
    called(project, ("plan_ahead", "renewal", minutes_from_now(300)))
    assert "is still to come." in project.reconcile("explain", "renewal").out
    done = project.reconcile("tasks", "cancel", "renewal")
    assert done.out.startswith("Cancelled: task/renewal@"), done.err
    assert "was cancelled at" in project.reconcile("explain", "task/renewal").out
    assert project.reconcile("tasks").out == "No tasks.\n"
    unknown = project.reconcile("tasks", "cancel", "renwal")
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.err.startswith("reconcile: there is no task renwal\n")

    called(project, ("plan_ahead", "soon", minutes_from_now(-1)))
    assert (
        "has not started yet: no wake has come since it was created"
        in project.reconcile("explain", "soon").out
    )
    project.reconcile("wake", "--wait")
    explained = project.reconcile("explain", "soon").out
    assert "ran" in explained
    assert "reconcile logs task/soon@" in explained
    late = project.reconcile("tasks", "cancel", "soon")
    assert late.code == 1
    assert "task soon has started already, as call fc-" in late.err


def test_a_wake_killed_between_claim_and_spawn_of_a_task_is_made_good(project: Project) -> None:
    (project.root / "reconciler.yaml").write_text(SETTINGS)
    project.hourly("hourly", minute=(datetime.now(UTC).minute + 40) % 60)
    project.applied()
    called(project, ("plan_ahead", "one", minutes_from_now(-1)))
    project.engine.fault("FunctionMap", "kill", scope="container", times=100)
    assert project.reconcile("wake").code == 1
    project.engine.clear_faults()
    assert project.marks() == []
    in_doubt = project.reconcile("tasks", "cancel", "one")
    assert "is being started right now" in in_doubt.err
    project.age("task/one@")
    assert project.reconcile("wake", "--wait").code == 0
    assert project.marks() == ["task one"]
