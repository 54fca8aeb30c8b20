"""croniter is asked before a deploy how it reads each changed slot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from croniter import CroniterError

from reconciler.cron import Timetable, parse
from reconciler.model.generation import Slot
from reconciler.plan import SafetyRule, make_plan
from reconciler.plan.second_opinion import (
    FIRES,
    Disagreement,
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
    assert refusal.rule is SafetyRule.CRON_DIALECT
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
        ("0 0 29 2 */2", Disagreement(START, at("2028-02-29T00:00Z"), at("2027-02-02T00:00Z"))),
        ("0 0 1-7 * */7", Disagreement(START, at("2026-12-06T00:00Z"), at("2026-11-22T00:00Z"))),
    ],
)
def test_what_differs_only_later_is_found(cron: str, found: Disagreement) -> None:
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


def test_croniter_is_asked_once_about_the_cron_of_several_slots() -> None:
    difference.cache_clear()
    wrong = [Slot(name, "0 0 */2 * 1") for name in ("a", "b")]
    assert len(list(refuse_other_readings(wrong, NOW))) == 2
    assert (difference.cache_info().misses, difference.cache_info().hits) == (1, 0)


def test_many_slots_share_the_fires_that_are_compared() -> None:
    slots = [Slot(f"s{n}", f"{n % 60} {n % 24} * * *") for n in range(400)]
    assert list(refuse_other_readings(slots, NOW)) == []
    slots.append(Slot("odd", "0 0 */2 * 1"))
    assert [refusal.rule for refusal in refuse_other_readings(slots, NOW)] == [
        SafetyRule.CRON_DIALECT
    ]


# Which fires are compared: a reader that is one minute late at one of them is found, or is not.

DAY = 1440


class Reader:
    """croniter as it would be if it read everything as we do but for one fire."""

    odd = 0

    def __init__(self, cron: str, start: int) -> None:
        if cron.startswith("13 "):
            raise CroniterError("the 13th minute is unlucky")
        self.times = Timetable((parse(cron),), "UTC")
        self.at = start // 60

    def get_next(self, _type: type[float]) -> float:
        found = self.times.next(self.at)
        assert found is not None
        self.at = found
        return 60.0 * (found + (found == self.odd))


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Let croniter be late at this epoch minute."""
    monkeypatch.setattr("croniter.croniter", Reader)

    def late_at(minute: int) -> None:
        difference.cache_clear()
        monkeypatch.setattr(Reader, "odd", minute)

    yield late_at
    difference.cache_clear()


def refused(*crons: str) -> list[str]:
    slots = [Slot(f"s{number}", cron) for number, cron in enumerate(crons)]
    return [refusal.message.split()[2] for refusal in refuse_other_readings(slots, NOW)]


@pytest.mark.parametrize(
    ("slots", "fires"), [(1, 2_000), (2, 2_000), (5, 2_000), (6, 1_666), (1_300, 8)]
)
def test_so_many_fires_of_each_slot_are_compared(
    odd: Callable[[int], None], slots: int, fires: int
) -> None:
    others = ["30 0 1 1 *"] * (slots - 1)
    for fire, found in ((1, True), (fires, True), (fires + 1, False)):
        odd(START + fire)
        assert refused(*others, "* * * * *") == ([f"s{slots - 1}"] if found else [])


def test_fires_of_more_than_400_days_are_not_compared(odd: Callable[[int], None]) -> None:
    for days, found in ((399, True), (400, True), (401, False)):
        odd(START + 1 + days * DAY)
        assert (difference("0 0 * * *", START, FIRES, month_ends=False) is not None) is found


@pytest.mark.parametrize(
    ("fire", "found"),
    [
        ("2026-11-28T00:00Z", False),
        ("2026-11-30T00:00Z", True),
        ("2026-11-30T00:05Z", False),
        ("2026-12-01T00:00Z", True),
        ("2026-12-02T00:00Z", False),
        ("2027-11-30T00:00Z", True),
        ("2027-12-31T00:00Z", False),
        ("2028-02-28T00:00Z", False),
        ("2028-02-29T00:00Z", True),
        ("2028-03-01T00:00Z", True),
        ("2028-03-31T00:00Z", False),
        ("2032-02-29T00:00Z", False),
    ],
)
def test_the_ends_of_months_and_the_next_leap_day_are_compared_however_often_it_fires(
    odd: Callable[[int], None], fire: str, found: bool
) -> None:
    odd(at(fire))
    assert (difference("*/5 * * * *", START, 10, month_ends=True) is not None) is found
    assert difference("*/5 * * * *", START, 10, month_ends=False) is None


def test_of_slots_with_the_same_days_one_is_compared_at_the_ends_of_months(
    odd: Callable[[int], None],
) -> None:
    odd(at("2027-10-31T00:00Z"))
    assert refused("*/5 * * * *", "*/10 * * * *", "*/5 * 31 * *") == ["s0", "s2"]


def test_the_leap_day_is_compared_also_over_2100(odd: Callable[[int], None]) -> None:
    odd(at("2104-02-29T00:00Z"))
    start = at("2096-02-29T23:59Z")
    assert difference("*/5 * * * *", start, 10, month_ends=True) is not None


def test_an_expression_that_croniter_refuses_is_refused_with_its_words(
    odd: Callable[[int], None],
) -> None:
    odd(0)
    (refusal,) = refuse_other_readings([Slot("a", "13 0 * * *")], NOW)
    assert refusal.message == (
        "the slot a might wake at other times than planned: after 2026-11-19T23:59Z `13 0 * * *` "
        "fires at 2026-11-20T00:13Z as this version reads it, and croniter refuses it: the 13th "
        "minute is unlucky. Modal very likely evaluates crons with croniter"
    )
