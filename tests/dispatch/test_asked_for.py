"""Wakes that something asks for over HTTP: when they look, and what the history says of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.cron import instant, minute
from reconciler.dispatch.wake.entrypoint import LONGEST_PAUSE, seconds_until
from reconciler.model.runs_file import decode_wake_log
from tests.dispatch.scenario import World, at, hourly


@pytest.mark.parametrize("seconds", [0.001, 1, 30, 59.9])
def test_a_minute_that_is_about_to_begin_has_begun_after_the_pause(seconds: float) -> None:
    begins = minute(at("09:00"))
    now = instant(begins) - timedelta(seconds=seconds)
    pause = seconds_until(begins, now)
    assert 0 < pause <= LONGEST_PAUSE
    assert minute(now + timedelta(seconds=pause)) == begins


@pytest.mark.parametrize("minutes", [0, 1, 60 * 24])
def test_a_minute_that_has_begun_is_not_waited_for(minutes: int) -> None:
    assert seconds_until(minute(at("09:00")), at("09:00") + timedelta(minutes=minutes)) == 0


def test_no_sender_can_keep_a_wake_waiting() -> None:
    assert seconds_until(minute(at("23:00")), at("09:00")) == LONGEST_PAUSE


def test_the_history_says_who_asked_for_a_wake() -> None:
    world = World()
    world.live(hourly())
    log = world.wake("09:00", slot="on_demand", source="cloudflare")
    assert decode_wake_log(log.encode(), "here").source == "cloudflare"
    by_cron = world.wake("10:00")
    assert b'"source"' not in by_cron.encode(), "the files of crons stay as they were"
