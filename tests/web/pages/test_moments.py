"""Times on a page are short, in UTC, and beside it how far from now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.cron import minute
from reconciler.web.pages.moments import moment, relative, span

NOW = datetime(2026, 11, 30, 7, 50, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("then", "text"),
    [
        ("2026-11-30T07:50", "07:50Z"),
        ("2026-11-30T23:59", "23:59Z"),
        ("2026-11-29T18:40", "Sun 18:40Z"),
        ("2026-12-04T07:50", "Fri 07:50Z"),
        ("2026-11-19T09:31", "19 Nov 09:31Z"),
        ("2026-12-07T02:00", "7 Dec 02:00Z"),
    ],
)
def test_a_time_is_as_short_as_it_is_clear(then: str, text: str) -> None:
    assert moment(minute(datetime.fromisoformat(f"{then}Z")), NOW).text == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        ({"seconds": 0}, ""),
        ({"seconds": 21}, "21 s"),
        ({"minutes": 9, "seconds": 59}, "9 min"),
        ({"hours": 3, "minutes": 30}, "3 h 30 min"),
        ({"hours": 4}, "4 h"),
        ({"hours": 11, "minutes": 59}, "11 h 59 min"),
        ({"hours": 12, "minutes": 10}, "12 h"),
        ({"hours": 35, "minutes": 59}, "35 h"),
        ({"hours": 36}, "2 days"),
        ({"days": 9, "hours": 2}, "9 days"),
    ],
)
def test_a_length_has_the_unit_that_fits(length: dict[str, int], text: str) -> None:
    assert span(timedelta(**length)) == text


def test_what_is_past_and_what_is_to_come_are_distinguished() -> None:
    assert relative(timedelta(minutes=9)) == "in 9 min"
    assert relative(timedelta(hours=-20)) == "20 h ago"
    assert relative(timedelta()) == ""


def test_the_whole_time_is_in_the_schedules_zone_too() -> None:
    at = minute(datetime(2026, 11, 30, 11, tzinfo=UTC))
    title = "Mon 30 Nov 2026, 11:00:00 UTC \N{MIDDLE DOT} 06:00:00 America/New_York"
    assert moment(at, NOW, "America/New_York").title == title
    assert moment(at, NOW).title == "Mon 30 Nov 2026, 11:00:00 UTC"
