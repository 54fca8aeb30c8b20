"""Every slot may be shared, and none wakes for what another wakes for anyway."""

from __future__ import annotations

import pytest

from reconciler.pack import BudgetError, fewest_wakes, one_poller, wakes_by_slot
from tests.pack.building import NOW, TYPICAL, drawn, members, unserved


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


def test_a_slot_leaves_out_the_minutes_at_which_another_wakes() -> None:
    group = members("often: */10 * * * *", "office: */15 9-17 * * 1-5")
    office, often = fewest_wakes(group, 2, NOW)
    assert (often.cron, often.relies_on) == ("*/10 * * * *", ())
    assert (office.cron, office.relies_on) == ("15,45 9-17 * * 1-5", ("often",))


def test_slots_share_a_schedule_by_weekdays() -> None:
    group = members("daily: 0 8-17 * * *", "office: */5 8-17 * * 1-5", "weekend: 0 6 * * 0,6")
    poller, weekend = fewest_wakes(group, 2, NOW)
    assert (poller.cron, poller.schedules) == ("*/5 8-17 * * 1-5", ("daily", "office"))
    assert (weekend.cron, weekend.schedules) == ("0 6,8-17 * * 0,6", ("weekend",))
    assert (poller.relies_on, weekend.relies_on) == (("weekend",), ())


def test_a_slot_relies_on_another_only_on_the_days_that_it_has() -> None:
    group = members("weekdays: */10 * * * 1-5", "all-days: */15 9-17 * * *")
    all_days, weekdays = fewest_wakes(group, 2, NOW)
    assert (all_days.cron, all_days.relies_on) == ("0,10,15,20,30,40,45,50 9-17 * * *", ())
    assert (weekdays.cron, weekdays.relies_on) == ("*/10 0-8,18-23 * * 1-5", ("all-days",))


def test_every_slot_lists_a_schedule_of_its_own_however_they_are_shared() -> None:
    group = members(
        *("a: 5 9 * * *", "b: 0 9 * * *", "c: 0 5 * * 1-5", "d: 0 20 * * *", "e: 0 2 * * 2"),
        *("f: 30 */6 * * *", "g: */30 8-20 * * 1-5", "h: 25 0 * * *"),
    )
    slots = fewest_wakes(group, 5, NOW)
    assert all(slot.schedules for slot in slots)
    assert sum(wakes_by_slot(slots, NOW).values()) < 800
    assert not list(unserved(group, slots))


def test_a_schedule_may_be_served_by_several_slots_and_is_listed_in_one() -> None:
    group = members("even: 0 * * * *", "odd: 30 * * * 1", "both: 0,30 8 * * 1", "far: 7 3 1 1 *")
    even, far, shared = fewest_wakes(group, 3, NOW)
    assert (even.cron, even.schedules) == ("0 * * * *", ("even",))
    assert (shared.cron, shared.schedules) == ("30 * * * 1", ("both", "odd"))
    assert shared.relies_on == ("even",)
    assert far.schedules == ("far",)


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
