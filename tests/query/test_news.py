"""What a wake did itself, apart from what earlier wakes had done."""

from __future__ import annotations

import pytest

from reconciler.alerts import Alerts
from reconciler.cron import minute
from reconciler.dispatch.answers import CallState
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.runs_file import RunState, WakeLog
from reconciler.query.news import News, news_of
from reconciler.render.runs_text import missed_names, wake_text
from reconciler.render.style import Style
from tests.dispatch.alarm_scenario import rule, texts
from tests.dispatch.scenario import World, at, hourly, lines

PLAIN = Style(colour=False)


def news(world: World, log: WakeLog) -> News:
    return news_of(log, world.log.logs)


def test_a_miss_that_was_notified_is_not_notified_again_by_a_wake_that_looks_again() -> None:
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


def test_a_wake_for_a_minute_that_was_processed_says_by_name_that_it_was() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    again = news(world, world.wake("09:05", as_if=world.log.logs[0].now))
    assert wake_text(again.log, PLAIN, alone=True, before=again.before) == (
        "Processed by earlier wakes: hourly@2026-11-20T09:00Z."
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


def test_a_wake_for_a_minute_that_was_missed_says_why_and_sends_no_notification_again() -> None:
    world = World()
    world.live(hourly(deadline=600), alerts=Alerts(rule()))
    first = world.wake("11:30")
    assert len(texts(world)) == 1
    nine = minute(at("09:00"))
    assert first.records
    again = news(world, world.wake("11:35", as_if=nine))
    assert wake_text(again.log, PLAIN, alone=True, before=again.before) == (
        "hourly@2026-11-20T09:00Z was missed, because no wake came within its deadline of 10m."
    )
    assert len(texts(world)) == 1
    # The claims may die; what was notified is not notified again by a wake that comes later.
    assert world.wake("11:40").sendings == ()
    assert len(texts(world)) == 1


@pytest.mark.parametrize("end", [CallState.FAILED, CallState.SUCCEEDED])
def test_the_end_of_a_run_counts_once_however_often_its_minute_is_processed(end: CallState) -> None:
    world = World()
    world.live(hourly(), alerts=Alerts(rule()))
    world.wake("09:00")
    world.end(1, end, "ValueError: no rows")
    world.wake("09:30")
    world.wake("10:00")
    world.end(2, CallState.SUCCEEDED)
    world.wake("10:30")
    sent = texts(world)
    # Seven idle days later the entries of what was sent are gone.
    for key in [key for key in world.claims.entries if key.startswith("notice/")]:
        del world.claims.entries[key]
    for time in ("10:35", "10:40"):
        world.wake(time, as_if=minute(at("09:00")))
        world.wake(time)
    assert texts(world) == sent
