"""When schedules fire, and how many may be deployed. The clock is the test's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modal_proto import api_pb2

from reconciler.engine import crons
from reconciler.engine.crons import Scheduled


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def cron(expression: str, zone: str = "UTC") -> Scheduled:
    schedule = api_pb2.Schedule(cron=api_pb2.Schedule.Cron(cron_string=expression, timezone=zone))
    return Scheduled(expression, schedule, at("2026-01-01T00:00:00"))


def period(**parts: int) -> Scheduled:
    schedule = api_pb2.Schedule(period=api_pb2.Schedule.Period(**parts))
    return Scheduled("period", schedule, at("2026-01-01T00:00:30"))


def fires(one: Scheduled, after: str, until: str) -> bool:
    return bool(list(crons.due([one], at(after), at(until))))


def test_a_cron_fires_in_its_minute() -> None:
    assert fires(cron("0 6 * * *"), "2026-11-20T05:59:12", "2026-11-20T06:00:00.01")
    assert not fires(cron("0 6 * * *"), "2026-11-20T06:00:00.01", "2026-11-20T06:01:00")
    assert not fires(cron("0 6 * * *"), "2026-11-20T05:58:00", "2026-11-20T05:59:00")


def test_a_cron_follows_its_time_zone() -> None:
    york = cron("0 6 * * *", "America/New_York")
    assert fires(york, "2026-07-01T09:59:00", "2026-07-01T10:00:00")
    assert fires(york, "2026-12-01T10:59:00", "2026-12-01T11:00:00")


def test_several_missed_minutes_fire_once() -> None:
    every = cron("* * * * *")
    assert list(crons.due([every], at("2026-11-20T05:00:00"), at("2026-11-20T05:09:00"))) == [
        "* * * * *"
    ]


def test_a_period_counts_from_the_deploy() -> None:
    assert not fires(period(minutes=5), "2026-01-01T00:00:30", "2026-01-01T00:05:29")
    assert fires(period(minutes=5), "2026-01-01T00:05:29", "2026-01-01T00:05:30")
    assert fires(period(days=1), "2026-01-03T00:00:00", "2026-01-03T00:01:00")


@given(
    now=st.integers(10**9, 4 * 10**9),
    length=st.integers(1, 100_000),
    steps=st.lists(st.integers(1, 5_000), max_size=20),
)
def test_a_period_fires_once_per_look_and_never_more_often_than_it_lasts(
    now: int, length: int, steps: list[int]
) -> None:
    one = period(seconds=length)
    fired, start = 0, now
    for step in steps:
        fired += len(list(crons.due([one], now, now + step)))
        now += step
    assert fired <= (now - start) / length + 1


@given(now=st.integers(10**9, 4 * 10**9), length=st.integers(1, 100_000))
def test_the_next_look_misses_nothing(now: int, length: int) -> None:
    every, some = cron("* * * * *"), period(seconds=length)
    look = crons.next_look([every, some], now)
    assert now < look <= now + 60
    assert not list(crons.due([every, some], now, look - 0.001))
    assert list(crons.due([every, some], now, look))


@pytest.mark.parametrize("text", ["", "* * * *", "0 0 30 2 *", "61 * * * *", "nonsense"])
def test_an_impossible_cron_is_refused(text: str) -> None:
    with pytest.raises(crons.ScheduleError, match="Invalid cron schedule"):
        crons.check(cron(text).schedule)
