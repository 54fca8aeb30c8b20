"""Wakes under wrong clocks, and beside wakes that read another generation."""

from __future__ import annotations

import pytest

from reconciler.cron import minute
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import RunState
from reconciler.policies import Catchup
from tests.dispatch.scenario import World, at, hourly, lines

MINUTELY = hourly("m", when=("* * * * *",), catchup=Catchup.ALL)


def with_cursor(through: str, **values: object) -> World:
    """A world in which the wakes have come so far, with one schedule that is due every minute."""
    world = World()
    world.live(MINUTELY, begun={"m": 1})
    generation = world.generations.generation
    assert generation is not None
    cursor = Cursor(through=minute(at(through)), generation=generation.digest, number=1)
    world.claims.entries[CURSOR_KEY] = cursor.to_json()
    return world


def test_what_lies_between_now_and_a_cursor_that_is_minutes_ahead_is_started_when_it_is_due() -> (
    None
):
    world = with_cursor("09:09")
    started = [lines(world.wake(time), RunState.STARTED) for time in ("09:02", "09:05", "09:12")]
    minutes = [key for one in started for key in one]
    assert set(minutes) >= {f"m@09:{number:02}" for number in range(13)}
    assert len(minutes) == len(set(minutes))


def test_a_wake_whose_clock_is_minutes_ahead_hides_nothing_and_doubles_nothing() -> None:
    world = with_cursor("08:59")
    for right, ahead in (("09:00", "09:10"), ("09:05", "09:15"), ("09:10", "09:20")):
        world.wake(right)
        world.wake(ahead)
    world.wake("09:30")
    assert world.started() == [f"m@2026-11-20T09:{number:02}Z" for number in range(31)]
    assert len(world.caller.calls) == 31


def test_a_wake_whose_clock_is_behind_costs_a_second_look_and_nothing_else() -> None:
    world = with_cursor("08:59")
    world.wake("09:10")
    world.wake("09:03")
    assert world.claims.entries[CURSOR_KEY]["through"] == "2026-11-20T09:03Z"
    assert world.claims.entries[CURSOR_KEY]["reached"] == "2026-11-20T09:10Z"
    assert lines(world.wake("09:11"), RunState.STARTED) == ["m@09:11"]
    assert len(world.caller.calls) == 12


def test_a_new_schedule_whose_apply_had_a_clock_behind_runs_for_the_past_of_a_day_at_most() -> None:
    world = World()
    world.live(hourly(), begun={"hourly": 1})
    world.wake("09:00")
    late = hourly("late", since="2026-11-17T09:00", catchup=Catchup.ALL)
    world.live(hourly(), late, begun={"hourly": 1, "late": 2})
    log = world.wake("09:10")
    starts = [one.occurrence for one in log.records if one.name == "late"]
    assert min(one.at for one in starts) == minute(at("2026-11-19T10:00"))


def test_a_new_schedule_whose_anchor_is_older_than_others_is_looked_at_though_wakes_came_past() -> (
    None
):
    world = World()
    world.live(hourly(since="08:50"), begun={"hourly": 1})
    world.wake("09:00")
    world.wake("10:05")  # it read what was live before ten o'clock
    # A machine whose clock is behind: the anchor is older than that of the schedule beside it.
    world.live(hourly(since="08:50"), hourly("new", since="08:40"), begun={"hourly": 1, "new": 2})
    assert "new@10:00" in lines(world.wake("10:10"), RunState.STARTED)


def test_what_ran_more_than_a_week_ago_is_not_run_again_by_a_wake_that_looks_again() -> None:
    """Its claims are gone by then, and the runs files tell."""
    world = World()
    world.live(hourly(since="03:30", catchup=Catchup.ALL), begun={"hourly": 1})
    assert len(lines(world.wake("08:40"), RunState.STARTED)) == 5
    # Another apply, whose clock was behind, lets the schedule begin anew, in the past.
    world.live(hourly(since="02:30", catchup=Catchup.ALL), begun={"hourly": 2})
    world.claims.entries = {CURSOR_KEY: world.claims.entries[CURSOR_KEY]}
    log = world.wake("2026-11-29T08:41")
    started = [line.occurrence.at for line in log.records if line.state is RunState.STARTED]
    assert started[:2] == [minute(at("03:00")), minute(at("09:00"))]


NINE, TEN = minute(at("09:00")), minute(at("10:00"))
READ = Cursor(through=NINE, generation="g")


@pytest.mark.parametrize(
    ("through", "generation", "seen"),
    [(TEN, "g", True), (TEN + 1, "g", True), (TEN - 1, "g", False), (TEN, "other", False)],
)
def test_a_slow_wake_leaves_an_end_to_those_that_came_past_with_the_same_generation(
    through: int, generation: str, *, seen: bool
) -> None:
    found = Cursor(through=through, generation=generation)
    assert found.has_seen_the_end("fc-1", Occurrence("a", TEN), READ, "g") is seen


def test_a_slow_wake_follows_a_call_that_is_still_open_or_where_no_wake_has_come_past() -> None:
    occurrence = Occurrence("a", TEN)
    for found in (
        Cursor(through=None, generation="g"),
        Cursor(through=TEN, generation="g", calls={"fc-1": occurrence.id}),
        Cursor(through=TEN, generation="g", pending={occurrence.id: 1}),
    ):
        assert not found.has_seen_the_end("fc-1", occurrence, READ, "g")
    # What was settled before this wake began is no other's to follow.
    later = Cursor(through=TEN, generation="g")
    assert not later.has_seen_the_end("fc-1", occurrence, Cursor(through=TEN), "g")
