"""What a clock change does to a schedule, in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.cron import minute
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.clock_change import next_clock_change
from reconciler.render.effect_words import clock_words

NOW = minute(datetime(2026, 11, 20, 15, tzinfo=UTC))

THREE = (
    "02:00 moves from 07:00Z to 06:00Z, 2 more times likewise; 02:00, 02:20, 02:40 do not exist "
    "that day and do not run"
)


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("0 6 * * *", "06:00 moves from 11:00Z to 10:00Z"),
        ("*/15 9-17 * * 1-5", "09:00 moves from 14:00Z to 13:00Z, 35 more times likewise"),
        (
            "30 2 * * *",
            "02:30 moves from 07:30Z to 06:30Z; 02:30 does not exist that day and runs at 03:00",
        ),
        ("*/20 2 * * *", THREE),
    ],
)
def test_the_first_time_stands_for_all_and_what_is_jumped_over_is_named(
    when: str, words: str
) -> None:
    record = ScheduleRecord(
        name="a",
        app="shop",
        function="sync",
        anchor=NOW,
        when=(when,),
        timezone="America/New_York",
    )
    clock = next_clock_change(record, NOW)
    assert clock is not None
    assert clock_words(clock) == (f"clock change in America/New_York at 2027-03-14T07:00Z: {words}")
