"""Every slot may be shared, and wakes per month are few."""

from __future__ import annotations

import pytest

from reconciler.pack import BudgetError, fewest_wakes, one_poller, wakes_by_slot
from tests.pack.building import NOW, TYPICAL, drawn, members


def test_a_slot_that_wakes_for_all_anyway_is_the_only_one() -> None:
    assert drawn(fewest_wakes(members(*TYPICAL), 5, NOW)) == {
        "poller": "*/5 * * * * <- analytics cleanup health monitoring report sync"
    }


def test_schedules_with_like_times_share_a_slot() -> None:
    group = members(
        "a: 0 2 * * *", "b: 0 14 * * *", "c: 30 5 * * *", "d: 30 6 * * *", "e: 15 * * * *"
    )
    assert drawn(fewest_wakes(group, 3, NOW)) == {
        "e": "15 * * * * <- e",
        "poller": "0 2,14 * * * <- a b",
        "poller-2": "30 5,6 * * * <- c d",
    }


def test_every_slot_covers_its_schedules_by_itself() -> None:
    group = members("often: */10 * * * *", "office: */15 9-17 * * 1-5")
    office, often = fewest_wakes(group, 2, NOW)
    assert often.cron == "*/10 * * * *"
    assert office.cron == "*/15 9-17 * * 1-5"


def test_a_slot_is_not_used_where_it_saves_nothing() -> None:
    group = members("a: 0 2 * * *", "b: 0 14 * * *", "c: 0 2 * * 1")
    assert drawn(fewest_wakes(group, 5, NOW)) == {"poller": "0 2,14 * * * <- a b c"}


def test_times_at_random_minutes_are_shared_out_well() -> None:
    grid = [f"s{h}-{m}: {m} {h} * * *" for h in (1, 2, 3, 4) for m in (7, 19, 31)]
    grid += [f"t{h}-{m}: {m} {h} * * *" for h in (11, 13, 17) for m in (2, 23, 59)]
    slots = fewest_wakes(members(*grid), 2, NOW)
    assert sorted(slot.cron for slot in slots) == ["2,23,59 11,13,17 * * *", "7,19,31 1-4 * * *"]


def test_days_of_month_and_weekdays_are_joined_where_that_is_exact() -> None:
    group = members("monthly: 0 6 1 * *", "mondays: 0 6 * * 1", "other: 30 9 * * *")
    assert drawn(fewest_wakes(group, 2, NOW)) == {
        "other": "30 9 * * * <- other",
        "poller": "0 6 1 * 1 <- mondays monthly",
    }


def test_a_schedule_named_poller_keeps_its_name() -> None:
    group = members("poller: 17 * * * *", "a: 0 2 * * *", "b: 0 3 * * *")
    assert set(drawn(fewest_wakes(group, 2, NOW))) == {"poller", "poller-2"}
    assert drawn(fewest_wakes(group, 2, NOW))["poller"] == "17 * * * * <- poller"


def test_it_costs_less_than_one_poller() -> None:
    group = members("a: 0 2 * * *", "b: 0 14 * * *", "c: 30 5 * * *", "d: 30 6 * * *")
    fewest, one = fewest_wakes(group, 2, NOW), one_poller(group, 2, NOW)
    assert sum(wakes_by_slot(fewest, NOW).values()) < sum(wakes_by_slot(one, NOW).values())


def test_no_slot_for_some_schedules_is_an_error_and_for_none_is_not() -> None:
    with pytest.raises(BudgetError, match="no cron is left"):
        fewest_wakes(members("a: 0 6 * * *"), 0, NOW)
    assert fewest_wakes([], 0, NOW) == ()
