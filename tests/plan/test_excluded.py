"""What a plan says of the dates that a schedule excludes, and of calendars that end soon."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from reconciler.cron import minute
from reconciler.manifest import Schedule
from reconciler.manifest.calendar import Calendar, CalendarFile, DateRange, PublicHolidays
from reconciler.model.stored_generation import decode_generation
from reconciler.plan import make_plan
from reconciler.render.plan_document import plan_document
from reconciler.render.plan_markdown import Made, plan_markdown
from reconciler.render.plan_text import plan_text
from reconciler.render.style import Style
from tests.plan.scenario import NOW, applied, desired, nothing, schedules

CHRISTMAS = DateRange(date(2026, 12, 25), date(2026, 12, 26))
FILE = CalendarFile("holidays/DE.ics")


def daily(*days: DateRange, ends: date = date(2028, 12, 31), edition: str = "") -> Schedule:
    (schedule,) = schedules('name: a\nschedule: "0 6 * * *"\ntimezone: Europe/Berlin')
    source = PublicHolidays("DE", "BE") if edition else FILE
    calendar = Calendar(
        source, 0, days=days, ends=ends, line=4, edition=edition, renewal="so commit another"
    )
    return replace(schedule, calendars=(calendar,))


def test_the_days_of_a_calendar_are_exclusions_that_every_dispatcher_reads() -> None:
    plan = make_plan(desired((daily(CHRISTMAS),)), nothing(), NOW)

    assert plan.generation.records[0].exclude == ("2026-12-25..2026-12-26",)


def test_the_plan_says_which_occurrences_of_the_next_year_fall_out() -> None:
    plan = make_plan(desired((daily(CHRISTMAS),)), nothing(), NOW)

    (effect,) = plan.effects
    first = minute(datetime(2026, 12, 25, 5, tzinfo=UTC))
    assert effect.excluded.first == (first, first + 24 * 60)
    words = "excludes 2 occurrences of the next year: 2026-12-25T05:00Z, 2026-12-26T05:00Z"
    assert words in plan_text(plan, Style(colour=False))
    assert words.partition(":")[0] in plan_markdown(
        plan, Made(at=datetime(2026, 11, 20, 15, tzinfo=UTC))
    )
    (part,) = plan_document(plan).effects
    assert (part.excluded, part.excluded_count) == (["2026-12-25T05:00Z", "2026-12-26T05:00Z"], 2)


def test_ranges_that_overlap_are_counted_once() -> None:
    also = DateRange(date(2026, 12, 24), date(2026, 12, 25))

    (effect,) = make_plan(desired((daily(CHRISTMAS, also),)), nothing(), NOW).effects

    assert effect.excluded.count == 3


def test_dates_of_the_past_and_beyond_a_year_are_not_counted() -> None:
    days = (DateRange(date(2026, 1, 1), date(2026, 1, 1)), DateRange(date(2028, 1, 1), date.max))

    (effect,) = make_plan(desired((daily(*days),)), nothing(), NOW).effects

    assert effect.excluded.count == 0


def test_what_was_excluded_before_is_not_said_again() -> None:
    before = applied((daily(CHRISTMAS),))

    (effect,) = make_plan(desired((replace(daily(CHRISTMAS), args={"n": 1}),)), before, NOW).effects

    assert effect.excluded.count == 0


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (date(2027, 1, 20), None),
        (date(2027, 1, 19), "ends on 2027-01-19"),
        (date(2026, 11, 19), "ended on 2026-11-19"),
    ],
)
def test_a_calendar_that_ends_within_60_days_is_warned_of(ends: date, expected: str | None) -> None:
    plan = make_plan(desired((daily(CHRISTMAS, ends=ends),)), nothing(), NOW)

    found = [(one.message, one.file, one.line) for one in plan.warnings]
    if expected is None:
        assert found == []
    else:
        message = (
            f"holidays/DE.ics: its data {expected}; it excludes nothing after that day, "
            "so commit another"
        )
        assert found == [(message, "schedules/all.yaml", 4)]


def test_the_version_of_the_holidays_is_kept_and_another_one_is_a_change() -> None:
    before = applied((daily(CHRISTMAS, edition="0.85"),))
    assert before.live is not None
    assert decode_generation(before.live.encoded, "x").holidays == "0.85"

    plan = make_plan(desired((daily(CHRISTMAS, edition="0.86"),)), before, NOW)

    assert [change.reason for change in plan.changes] == ["holidays 0.85 → 0.86"]


def test_without_holidays_the_file_is_as_before() -> None:
    plan = make_plan(desired((daily(CHRISTMAS),)), nothing(), NOW)

    assert b"holidays" not in plan.generation.encoded.partition(b"\n")[0]
