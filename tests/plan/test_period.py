"""The hour, day, week, month and year that an instant lies in, on the calendar of a zone."""

from __future__ import annotations

import pytest

from reconciler.plan.period import periods_around
from tests.cron.times import at


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        (
            "2026-11-20T15:42Z",
            "UTC",
            {
                "hour": ("2026-11-20T15:00Z", "2026-11-20T16:00Z"),
                "day": ("2026-11-20T00:00Z", "2026-11-21T00:00Z"),
                "week": ("2026-11-16T00:00Z", "2026-11-23T00:00Z"),
                "month": ("2026-11-01T00:00Z", "2026-12-01T00:00Z"),
                "year": ("2026-01-01T00:00Z", "2027-01-01T00:00Z"),
            },
        ),
        (
            "2026-01-01T00:00Z",  # Wednesday evening in New York, and the year before
            "America/New_York",
            {
                "hour": ("2026-01-01T00:00Z", "2026-01-01T01:00Z"),
                "day": ("2025-12-31T05:00Z", "2026-01-01T05:00Z"),
                "week": ("2025-12-29T05:00Z", "2026-01-05T05:00Z"),
                "month": ("2025-12-01T05:00Z", "2026-01-01T05:00Z"),
                "year": ("2025-01-01T05:00Z", "2026-01-01T05:00Z"),
            },
        ),
        (
            "2027-03-14T12:00Z",  # the Sunday on which 02:00 becomes 03:00
            "America/New_York",
            {
                "hour": ("2027-03-14T12:00Z", "2027-03-14T13:00Z"),
                "day": ("2027-03-14T05:00Z", "2027-03-15T04:00Z"),
                "week": ("2027-03-08T05:00Z", "2027-03-15T04:00Z"),
                "month": ("2027-03-01T05:00Z", "2027-04-01T04:00Z"),
                "year": ("2027-01-01T05:00Z", "2028-01-01T05:00Z"),
            },
        ),
        (
            "2026-10-24T21:30Z",  # 23:30 for the second time, in a day of 25 hours
            "Asia/Beirut",
            {"day": ("2026-10-23T21:00Z", "2026-10-24T22:00Z")},
        ),
        (
            "2026-11-20T15:42Z",  # 21:27 in Kathmandu
            "Asia/Kathmandu",
            {"hour": ("2026-11-20T15:15Z", "2026-11-20T16:15Z")},
        ),
        ("2028-02-10T12:00Z", "UTC", {"month": ("2028-02-01T00:00Z", "2028-03-01T00:00Z")}),
    ],
)
def test_the_periods_around_an_instant(
    now: str, zone: str, expected: dict[str, tuple[str, str]]
) -> None:
    found = {period.unit: (period.start, period.end) for period in periods_around(at(now), zone)}
    assert list(found) == ["hour", "day", "week", "month", "year"]
    assert {unit: found[unit] for unit in expected} == {
        unit: (at(start), at(end)) for unit, (start, end) in expected.items()
    }
