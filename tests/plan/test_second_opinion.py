"""croniter is asked before a deploy how it reads each changed slot."""

from __future__ import annotations

import pytest

from reconciler.model.generation import Slot
from reconciler.plan import Rule, make_plan
from reconciler.plan.second_opinion import (
    FIRES,
    Difference,
    difference,
    refuse_other_readings,
)
from tests.cron.times import at
from tests.plan.scenario import NOW, after, desired, hourly, nothing

START = at("2026-11-19T23:59Z")


def test_a_slot_that_croniter_reads_otherwise_is_refused_and_both_answers_are_named() -> None:
    # A step in the day of month: Debian joins both day fields by AND, croniter by OR.
    slots = [Slot("poller", "0 0 */2 * 1"), Slot("nightly", "0 3 * * *")]
    (refusal,) = refuse_other_readings(slots, NOW)
    assert refusal.rule is Rule.CRON_DIALECT
    assert refusal.message == (
        "the slot poller might wake at other times than planned: after 2026-11-19T23:59Z "
        "`0 0 */2 * 1` fires at 2026-11-23T00:00Z as this version reads it, and croniter fires at "
        "2026-11-21T00:00Z. Modal very likely evaluates crons with croniter"
    )
    assert "lists in place of steps" in refusal.remedy


@pytest.mark.parametrize(
    ("cron", "found"),
    [
        # The first fire of ours lies beyond the days that are compared; croniter fires before.
        ("0 0 29 2 */2", Difference(START, at("2028-02-29T00:00Z"), at("2027-02-02T00:00Z"))),
        ("0 0 1-7 * */7", Difference(START, at("2026-12-06T00:00Z"), at("2026-11-22T00:00Z"))),
    ],
)
def test_what_differs_only_later_is_found(cron: str, found: Difference) -> None:
    assert difference(cron, START, FIRES, month_ends=True) == found


def test_what_differs_at_the_end_of_a_month_is_found_however_often_the_slot_fires() -> None:
    # Both fire on 1 December, a Tuesday; on the 2nd croniter alone, since it joins by OR.
    start, cron = at("2026-11-30T23:59Z"), "* * */2,2 12 2"
    assert difference(cron, start, 1_000, month_ends=False) is None
    found = difference(cron, start, 1_000, month_ends=True)
    assert found is not None
    assert found.ours != found.theirs


@pytest.mark.parametrize(
    "cron",
    ["* * * * *", "*/5 8-17 * * 1-5", "0 6 * * *", "0 0 29 2 *", "0 0 31 * *", "0 6 1 * 1"],
)
def test_what_packings_write_is_read_alike(cron: str) -> None:
    assert difference(cron, START, FIRES, month_ends=True) is None


def test_a_plan_asks_about_the_slots_that_it_changes_alone() -> None:
    plan = make_plan(desired(hourly("a", "b")), nothing(), NOW)
    asked = difference.cache_info()
    assert make_plan(desired(hourly("a", "b")), after(plan), NOW).empty
    assert difference.cache_info() == asked
    more = make_plan(desired(hourly("a", "b", "c")), after(plan), NOW)
    again = difference.cache_info()
    assert again.hits + again.misses == asked.hits + asked.misses + 1
    assert not more.refusals


def test_many_slots_share_the_fires_that_are_compared() -> None:
    slots = [Slot(f"s{n}", f"{n % 60} {n % 24} * * *") for n in range(400)]
    assert list(refuse_other_readings(slots, NOW)) == []
    slots.append(Slot("odd", "0 0 */2 * 1"))
    assert [refusal.rule for refusal in refuse_other_readings(slots, NOW)] == [Rule.CRON_DIALECT]
