"""What a wake did itself, told from what earlier wakes had done."""

from __future__ import annotations

from reconciler.dispatch.answers import CallState
from reconciler.dispatch.cursor import CURSOR_KEY
from reconciler.dispatch.runs import RunState, WakeLog
from reconciler.report.news import News, news_of
from reconciler.report.runs_text import missed_names, wake_text
from reconciler.report.style import Style
from tests.dispatch.scenario import World, hourly, lines

PLAIN = Style(colour=False)


def news(world: World, log: WakeLog) -> News:
    return news_of(log, world.log.logs)


def test_a_miss_that_was_told_is_not_told_again_by_a_wake_that_looks_again() -> None:
    world = World()
    world.live(hourly())
    first = world.wake("11:20")
    assert missed_names(news(world, first).log.records) == ["hourly (2)"]
    # A day is looked at again where the cursor does not say what its wake had read.
    world.claims.entries[CURSOR_KEY] = {**world.claims.entries[CURSOR_KEY], "known": None}
    world.live(hourly(), hourly("new", since="11:25"))
    world.log.logs.clear()  # what this wake sees of the Volume is older
    again = world.wake("11:30")
    assert missed_names(again.records), "or there is nothing to tell apart"
    assert news_of(again, [first, again]).log.records == ()


def test_a_wake_for_a_minute_that_was_served_says_by_name_that_it_was() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    again = news(world, world.wake("09:05", as_if=world.log.logs[0].now))
    assert wake_text(again.log, PLAIN, alone=True, before=again.before) == (
        "Served by earlier wakes: hourly@2026-11-20T09:00Z."
    )


def test_an_end_that_a_wake_sees_is_new_and_so_is_what_a_dead_wake_could_not_tell() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.end(1, CallState.FAILED, "ValueError")
    ended = news(world, world.wake("09:10"))
    assert lines(ended.log, RunState.FAILED) == ["hourly@09:00"]

    dead = World()
    dead.live(hourly())
    dead.wake("09:00")
    dead.log.logs.clear()
    dead.claims.entries.pop("cursor")
    assert lines(news(dead, dead.wake("09:01")).log, RunState.STARTED) == ["hourly@09:00"]
