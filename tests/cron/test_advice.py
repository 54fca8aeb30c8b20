"""Warnings about expressions that are valid and suspicious."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.cron import WarningKind, parse_times, warnings

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
BEFORE_AUTUMN = datetime(2026, 9, 1, tzinfo=UTC)


def about(times: str, zone: str = "UTC", now: datetime = NOW) -> list[tuple[WarningKind, str]]:
    return [(found.kind, found.message) for found in warnings(parse_times(times), zone, now)]


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (
            "*/7 * * * *",
            "minute: */7 starts again each hour: from 56 to 0 it is a step of 4, not 7",
        ),
        ("0 0/5 * * *", "hour: 0/5 starts again each day: from 20 to 0 it is a step of 4, not 5"),
        ("0 0 1 */5 *", "month: */5 starts again each year: from 11 to 1 it is a step of 2, not 5"),
        (
            "0 0 * * */2",
            "day of week: */2 starts again each week: from 6 to 0 it is a step of 1, not 2",
        ),
        (
            "0 0 */2 * *",
            "day of month: */2 starts again at 1 each month, after months of any length",
        ),
        ("0 */24 * * *", "hour: */24 has the one value 0, a step ends with its day"),
        ("*/90 * * * *", "minute: */90 has the one value 0, a step ends with its hour"),
    ],
)
def test_uneven_steps(times: str, message: str) -> None:
    assert about(times) == [(WarningKind.UNEVEN_STEP, message)]


@pytest.mark.parametrize(
    "times", ["*/5 */6 * */3 *", "5-50/7 * * * *", "@daily", "90m", "*/1 * * * *", "0 0 */1 * *"]
)
def test_even_steps_and_steps_in_a_range_are_meant(times: str) -> None:
    assert about(times) == []


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ("0 0 1,15 * MON", "joined by OR: runs on every day that matches either"),
        ("0 0 1-31/2 * */7", "joined by AND, because one of them starts with `*`"),
    ],
)
def test_both_day_fields(times: str, message: str) -> None:
    kinds = dict(about(times))
    assert message in kinds[WarningKind.BOTH_DAYS]


@pytest.mark.parametrize(
    ("times", "kind", "message"),
    [
        (
            "0 0 1-31 * 4",
            WarningKind.NO_EFFECT,
            (
                "day of week: has no effect, because 1-31 is every day and the two day fields are "
                "joined by OR; write `*` instead of 1-31"
            ),
        ),
        (
            "0 0 13 * 0-6",
            WarningKind.NO_EFFECT,
            (
                "day of month: has no effect, because 0-6 is every day and the two day fields are "
                "joined by OR; write `*` instead of 0-6"
            ),
        ),
        (
            "* 14 * * *",
            WarningKind.EVERY_MINUTE,
            "minute: * runs 60 times in hour 14; write 0 for once an hour",
        ),
        (
            "* */6 * * 1",
            WarningKind.EVERY_MINUTE,
            "minute: * runs 60 times in each hour of */6; write 0 for once an hour",
        ),
        (
            "0 0 31 * *",
            WarningKind.MISSING_DAY,
            "day of month: 31 does not exist in Feb, Apr, Jun, Sep, Nov, so it does not run there",
        ),
        (
            "0 0 1,30 * *",
            WarningKind.MISSING_DAY,
            "day of month: 30 does not exist in Feb, so it does not run there",
        ),
        (
            "0 0 29 2 *",
            WarningKind.MISSING_DAY,
            "day of month: 29 does not exist in Feb of most years, so it does not run there",
        ),
    ],
)
def test_a_field_that_does_not_do_what_it_seems_to(
    times: str, kind: WarningKind, message: str
) -> None:
    assert about(times) == [(kind, message)]


@pytest.mark.parametrize(
    "times",
    [
        *("0 0 28-31 * *", "0 0 28,29,30,31 * *", "0 0 31 1,3,5 *", "0 0 30 4,6 *", "0 0 * * 0-6"),
        *("* * * * *", "*/5 14 * * *", "* 0-23 * * *", "0 0 1-31 * *", "2w from 2026-12-31T00:00"),
    ],
)
def test_a_field_that_does_what_it_says(times: str) -> None:
    assert about(times) == []


@pytest.mark.parametrize(
    ("times", "now", "what", "then"),
    [
        ("30 2 * * *", NOW, "02:30 on 2027-03-14 does not exist", "runs once, at 03:00"),
        ("*/20 2 * * *", NOW, "02:00 on 2027-03-14 (and 2 more) does not exist", "does not run"),
        (
            "30 1 * * *",
            BEFORE_AUTUMN,
            "01:30 on 2026-11-01 comes twice",
            "runs the first time only",
        ),
        ("*/30 1 * * *", BEFORE_AUTUMN, "01:00 on 2026-11-01 (and 1 more)", "runs both times"),
    ],
)
def test_times_inside_the_next_clock_change(
    times: str, now: datetime, what: str, then: str
) -> None:
    [(kind, message)] = about(times, "America/New_York", now)
    assert kind is WarningKind.CLOCK_CHANGE
    assert message.startswith(what)
    assert message.endswith(f": {then}")


def test_a_warning_of_a_clock_change_says_how_the_clock_goes() -> None:
    [(_, message)] = about("30 2 * * *", "America/New_York")
    assert "in America/New_York, the clock goes from 02:00 to 03:00" in message


@pytest.mark.parametrize(
    ("times", "zone"),
    [
        ("30 2 * * *", "UTC"),
        ("30 2 * * *", "Asia/Tokyo"),
        ("30 3 * * *", "America/New_York"),
        ("30 2 * * MON", "America/New_York"),
        ("30 1 * * *", "America/New_York"),  # concerns the change after the next
        ("*/5 * * * *", "America/New_York"),  # runs through, as is meant
        ("30 * * * *", "America/New_York"),
    ],
)
def test_times_that_the_next_change_does_not_touch(times: str, zone: str) -> None:
    assert about(times, zone) == []


@pytest.mark.parametrize(("ahead", "found"), [(-1, 0), (0, 1), (1, 1)])
def test_a_clock_change_is_looked_for_within_400_days(ahead: int, found: int) -> None:
    # At 2024-02-29T18:00Z midnight became 23:00 in Almaty, where no clock had changed since 2004.
    change = datetime(2024, 2, 29, 18, tzinfo=UTC)
    now = change - timedelta(days=400) + timedelta(minutes=ahead)
    kinds = [kind for kind, _ in about("30 23 29 2 *", "Asia/Almaty", now)]
    assert kinds.count(WarningKind.CLOCK_CHANGE) == found


def test_warnings_come_in_the_order_of_the_expressions() -> None:
    expressions = (*parse_times("*/7 * * * *"), *parse_times("0 0 1 * MON"))
    found = warnings(expressions, "UTC", NOW)
    assert [warning.expression for warning in found] == list(expressions)


def test_now_must_be_aware() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        warnings(parse_times("1d"), "UTC", NOW.replace(tzinfo=None))
