"""What happens at changes to and from summer time, on real dates.

A fixed-time expression (neither minute nor hour begins with `*`) runs once for a skipped and once
for a repeated time; the others follow the wall clock.
"""

from __future__ import annotations

import pytest

from reconciler.cron import Timetable, parse
from tests.cron.times import at, local_times, timetable

NEW_YORK = "America/New_York"
# At 2026-03-08T07:00Z 02:00 EST becomes 03:00 EDT, at 2026-11-01T06:00Z 02:00 EDT 01:00 EST.
SPRING = ("2026-03-08T05:30Z", "2026-03-08T09:30Z")
AUTUMN = ("2026-11-01T04:30Z", "2026-11-01T07:30Z")


def test_a_skipped_fixed_time_runs_once_at_the_change() -> None:
    assert local_times("30 2 * * *", NEW_YORK, *SPRING) == ["03:00-0400"]


def test_several_skipped_times_run_once_together() -> None:
    assert local_times("0,15,30 2 * * *", NEW_YORK, *SPRING) == ["03:00-0400"]


def test_a_skipped_time_and_one_at_the_change_itself_run_once() -> None:
    assert local_times("0 2,3 * * *", NEW_YORK, *SPRING) == ["03:00-0400"]


def test_a_repeated_fixed_time_runs_the_first_time_only() -> None:
    assert local_times("30 1 * * *", NEW_YORK, *AUTUMN) == ["01:30-0400"]


def test_a_wildcard_does_not_run_at_skipped_times() -> None:
    assert local_times("*/30 2 * * *", NEW_YORK, *SPRING) == []


def test_a_wildcard_runs_at_repeated_times_again() -> None:
    assert local_times("*/30 1 * * *", NEW_YORK, *AUTUMN) == [
        "01:00-0400",
        "01:30-0400",
        "01:00-0500",
        "01:30-0500",
    ]


def test_a_wildcard_hour_runs_through_every_real_hour() -> None:
    assert local_times("30 * * * *", NEW_YORK, *SPRING) == [
        "01:30-0500",
        "03:30-0400",
        "04:30-0400",
        "05:30-0400",
    ]
    assert local_times("30 * * * *", NEW_YORK, *AUTUMN) == [
        "01:30-0400",
        "01:30-0500",
        "02:30-0500",
    ]


def test_a_union_of_a_fixed_and_a_wildcard_expression_keeps_the_rule_of_each() -> None:
    union = Timetable((parse("30 1 * * *"), parse("0 * * * *")), NEW_YORK)
    assert list(union.between(at(AUTUMN[0]), at(AUTUMN[1]))) == [
        at("2026-11-01T05:00Z"),
        at("2026-11-01T05:30Z"),
        at("2026-11-01T06:00Z"),
        at("2026-11-01T07:00Z"),
    ]


@pytest.mark.parametrize(
    ("zone", "times", "after", "until", "expected"),
    [
        # 02:00 becomes 02:30, and 02:00 becomes 01:30.
        (
            "Australia/Lord_Howe",
            "15 2 * * *",
            "2026-10-03T14:00Z",
            "2026-10-03T17:00Z",
            ["02:30+1100"],
        ),
        (
            "Australia/Lord_Howe",
            "45 1 * * *",
            "2026-04-04T14:00Z",
            "2026-04-04T17:00Z",
            ["01:45+1100"],
        ),
        # Midnight is skipped: 00:00 becomes 01:00.
        ("Africa/Cairo", "0 0 * * *", "2026-04-23T20:00Z", "2026-04-24T03:00Z", ["01:00+0300"]),
        ("Asia/Beirut", "0 0 * * *", "2026-03-28T20:00Z", "2026-03-29T03:00Z", ["01:00+0300"]),
        ("Asia/Beirut", "*/30 0 * * *", "2026-03-28T20:00Z", "2026-03-29T03:00Z", []),
        # Midnight comes twice: 24:00 becomes 23:00.
        ("Asia/Beirut", "30 23 * * *", "2026-10-24T18:00Z", "2026-10-25T03:00Z", ["23:30+0300"]),
        # Summer time is suspended for Ramadan: 03:00 becomes 02:00, 02:00 becomes 03:00.
        (
            "Africa/Casablanca",
            "30 2 * * *",
            "2026-02-14T22:00Z",
            "2026-02-15T06:00Z",
            ["02:30+0100"],
        ),
        (
            "Africa/Casablanca",
            "30 2 * * *",
            "2026-03-21T22:00Z",
            "2026-03-22T06:00Z",
            ["03:00+0100"],
        ),
        # Samoa went over the date line and had no 30 December 2011.
        ("Pacific/Apia", "0 9 30 * *", "2011-12-29T22:00Z", "2012-01-02T00:00Z", ["00:00+1400"]),
        (
            "Pacific/Apia",
            "0 9 * * *",
            "2011-12-30T09:00Z",
            "2011-12-31T00:00Z",
            [
                "00:00+1400",
                "09:00+1400",
            ],
        ),
        # Two hours at once.
        (
            "Antarctica/Troll",
            "0,30 1,2 * * *",
            "2026-03-28T23:00Z",
            "2026-03-29T04:00Z",
            [
                "03:00+0200",
            ],
        ),
    ],
)
def test_unusual_changes(
    zone: str, times: str, after: str, until: str, expected: list[str]
) -> None:
    assert local_times(times, zone, after, until) == expected


def test_a_repeated_time_over_utc_midnight_and_new_year_is_not_run_again() -> None:
    # 2021-11-07 Havana 01:00 becomes 00:00 at 05:00Z; 1994-12-31 Kiritimati skipped a whole day.
    assert local_times(
        "30 0 * * *", "America/Havana", "2026-11-01T03:00Z", "2026-11-01T07:00Z"
    ) == ["00:30-0400"]
    assert local_times(
        "0 12 31 12 *", "Pacific/Kiritimati", "1994-12-30T00:00Z", "1995-01-02T00:00Z"
    ) == ["00:00+1400"]


@pytest.mark.parametrize("zone", [NEW_YORK, "Africa/Cairo"])
def test_a_search_from_inside_a_repeated_hour_goes_forward(zone: str) -> None:
    found = timetable("45 1 * * *", zone).next(at("2026-11-01T06:30Z"))
    assert found is not None
    assert found > at("2026-11-01T06:30Z")
