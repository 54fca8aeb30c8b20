"""Why it ran or did not, and how a schedule stands, from what the wakes wrote down."""

from __future__ import annotations

from typing import Any

from reconciler.cron import minute
from reconciler.dispatch.answers import CallState, CallStatus
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.generation import Slot
from reconciler.model.runs import runs_of
from reconciler.policies import Catchup, Overlap
from reconciler.query.explanation import Beginning, explain_occurrence
from reconciler.query.status import ScheduleStatus, status_of
from reconciler.render.explanation import ground_lines
from tests.dispatch.scenario import World, at, hourly, minute_text

FAILED = CallStatus(CallState.FAILED, reason="ValueError: no rows")


def explained(
    world: World, time: str, now: str, beginning: Beginning | None = None, **values: Any
) -> list[str]:
    cursor = Cursor.from_json(world.claims.entries[CURSOR_KEY])
    runs = runs_of(world.log.logs)
    moments = minute(at(time)), minute(at(now))
    known = beginning or Beginning()
    ground = explain_occurrence(hourly(**values), moments[0], runs, cursor, moments[1], known)
    return list(ground_lines(ground, None))


def test_a_run_is_explained_with_its_lateness_its_error_and_where_its_logs_are() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:07")
    world.caller.statuses["fc-1"] = FAILED
    world.wake("09:20")
    assert explained(world, "09:00", "10:00") == [
        "hourly@2026-11-20T09:00Z ran, 7 minutes late; failed.",
        "  started  2026-11-20T09:07:00Z",
        "  call     fc-1",
        "  reason   ValueError: no rows",
        "  seen     2026-11-20T09:20:00Z",
        "  by       wake fc-wake-2 of poller",
        "  logs     reconcile logs hourly@2026-11-20T09:00Z",
    ]


def test_what_was_skipped_says_behind_what() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.SKIP))
    world.wake("09:00")
    world.wake("10:00")
    first = explained(world, "10:00", "10:30")[0]
    assert first == (
        "hourly@2026-11-20T10:00Z did not run: it was skipped, "
        "hourly@2026-11-20T09:00Z is still running; overlap is skip."
    )


def test_a_time_that_is_none_of_its_times_says_which_are() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    assert explained(world, "09:30", "10:00") == [
        "hourly is not due at 2026-11-20T09:30Z.",
        "  Its times: every hour (0 * * * *) in UTC.",
        "  The next one is 2026-11-20T10:00Z.",
    ]
    assert explained(world, "08:00", "10:00")[1:3] == [
        "  Its times count from 2026-11-20T08:30Z on.",
        "  It was new, changed or resumed then, or rebuilt from then after it was lost.",
    ]


def test_before_a_schedule_was_rebuilt_nothing_is_known_and_no_reason_is_made_up() -> None:
    world = World()
    world.live(hourly(), begun={"hourly": 3}, rebuilt={"hourly": minute(at("09:40"))})
    world.wake("10:00")
    generation = world.generations.generation
    assert generation is not None
    beginning = Beginning.of(generation, "hourly")
    assert explained(world, "08:00", "10:30", beginning)[:3] == [
        "Whether hourly was due at 2026-11-20T08:00Z is not known.",
        "  Its times count from 2026-11-20T08:30Z on.",
        (
            "  The generation that was live was lost, and rebuilt from git at 2026-11-20T09:40Z: "
            "how the schedule was before is not known."
        ),
    ]
    assert explained(world, "09:30", "10:30", beginning)[0] == (
        "hourly is not due at 2026-11-20T09:30Z."
    )
    assert explained(world, "10:00", "10:30", beginning)[0].startswith("hourly@2026-11-20T10:00Z")


def test_a_schedule_that_began_with_a_known_apply_was_not_rebuilt() -> None:
    world = World()
    world.live(hourly(), begun={"hourly": 3})
    world.wake("09:00")
    generation = world.generations.generation
    assert generation is not None
    beginning = Beginning.of(generation, "hourly")
    assert explained(world, "08:00", "10:00", beginning)[2] == (
        "  It was new, changed or resumed then."
    )


def test_what_no_wake_has_looked_at_and_what_lies_ahead_are_distinguished() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    assert explained(world, "10:00", "10:30") == [
        (
            "hourly@2026-11-20T10:00Z has not run: no wake has looked at it yet; "
            "wakes looked up to 2026-11-20T09:00Z."
        )
    ]
    assert explained(world, "11:00", "10:30") == ["hourly@2026-11-20T11:00Z is still to come."]
    assert explained(world, "11:00", "10:30", exclude=("2026-11-20",)) == [
        "hourly@2026-11-20T11:00Z will not run: excluded by 2026-11-20."
    ]


def status(world: World, now: str) -> ScheduleStatus:
    generation = world.generations.generation
    assert generation is not None
    cursor = Cursor.from_json(world.claims.entries[CURSOR_KEY])
    found = status_of(generation, None, cursor, runs_of(world.log.logs), minute(at(now)))
    return found.schedules[0]


def test_failures_are_counted_in_a_row_and_lateness_is_of_the_newest_run() -> None:
    world = World()
    world.live(hourly())
    for number, time in enumerate(("09:00", "10:00", "11:02"), start=1):
        world.wake(time)
        world.caller.statuses[f"fc-{number}"] = FAILED
    world.wake("11:30")
    assert (status(world, "11:31").failures, status(world, "11:31").late) == (3, 120)
    assert not status(world, "11:31").well
    world.wake("12:00")
    world.caller.statuses["fc-4"] = CallStatus(CallState.SUCCEEDED)
    world.wake("12:30")
    assert (status(world, "12:31").failures, status(world, "12:31").well) == (0, True)


def test_history_and_status_follow_a_schedule_through_its_rename() -> None:
    world = World()
    world.live(hourly("old"))
    world.wake("09:00")
    world.live(hourly("new", formerly=(("old", minute(at("09:30"))),)))
    world.wake("09:40")
    last = status(world, "09:41").last
    assert last is not None
    assert last.occurrence.id == "old@2026-11-20T09:00Z"


def test_what_was_processed_before_its_time_is_not_what_comes_next() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    assert status(world, "09:10").following == minute(at("10:00"))
    world.wake("09:15", as_if=minute(at("10:00")))
    assert status(world, "09:20").following == minute(at("11:00"))


def test_what_was_processed_before_its_time_hides_nothing_that_has_failed_since() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:15", as_if=minute(at("2026-11-23T10:00")))
    world.caller.statuses["fc-1"] = CallStatus(CallState.SUCCEEDED)
    world.wake("10:00")
    world.caller.statuses["fc-2"] = FAILED
    world.wake("10:30")
    found = status(world, "10:31")
    assert found.last is not None
    assert (found.last.occurrence.id, found.well) == ("hourly@2026-11-20T10:00Z", False)
    assert found.failures == 1


def test_a_slot_that_should_have_woken_and_has_not_needs_attention() -> None:
    world = World()
    poller = Slot("poller", "0 * * * *")
    began = {"poller": minute(at("08:30"))}
    world.live(hourly(catchup=Catchup.ALL), slots=(poller,), slots_since=began)
    world.wake("09:00")
    generation = world.generations.generation
    assert generation is not None

    def judged(now: str) -> tuple[str | None, bool]:
        cursor = Cursor.from_json(world.claims.entries[CURSOR_KEY])
        found = status_of(generation, None, cursor, runs_of(world.log.logs), minute(at(now)))
        overdue = found.slots[0].overdue
        return None if overdue is None else minute_text(overdue), found.well

    assert judged("10:04") == (None, True)
    assert judged("10:05")[0] == "10:00"
    world.wake("10:06", slot="on_demand")
    assert judged("10:07") == ("10:00", False)
    world.wake("11:00")
    assert judged("11:01") == (None, True)
