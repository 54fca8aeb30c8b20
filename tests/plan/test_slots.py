"""The packing as the planner asks for it."""

from __future__ import annotations

from reconciler.manifest import Packing
from reconciler.plan import make_plan
from tests.plan.scenario import NOW, after, desired, foreign, hourly, nothing, schedules

MANY = hourly(*(f"s{number:02}" for number in range(13)))
TOLERANT = """
    name: exact
    schedule: "0 * * * *"
    ---
    name: patient
    schedule: "50 * * * *"
    tolerance: 15m
    """


def test_what_others_hold_is_not_used_under_either_packing() -> None:
    for packing in Packing:
        plan = make_plan(desired(MANY, packing=packing), nothing(*foreign("tick")), NOW)
        assert plan.budget.used <= 4
        assert {name for slot in plan.slots for name in slot.schedules} == {
            schedule.name for schedule in MANY
        }


def test_a_new_schedule_leaves_the_others_in_their_slots() -> None:
    for packing in Packing:
        first = make_plan(desired(MANY, packing=packing), nothing(), NOW)
        more = (*MANY, *schedules('name: zz\nschedule: "0 9 * * *"'))
        second = make_plan(desired(more, packing=packing), after(first), NOW)
        slot_of = {name: slot.name for slot in first.slots for name in slot.schedules}
        moved = [
            name
            for slot in second.slots
            for name in slot.schedules
            if slot_of.get(name, slot.name) != slot.name
        ]
        assert moved == []


def test_planning_again_on_what_was_applied_changes_nothing() -> None:
    for packing in Packing:
        first = make_plan(desired(MANY, packing=packing), nothing(), NOW)
        assert make_plan(desired(MANY, packing=packing), after(first), NOW + 5000).empty


def test_tolerance_lets_schedules_share_a_wake() -> None:
    given = schedules(TOLERANT)
    plan = make_plan(desired(given, packing=Packing.FEWEST_WAKES), nothing(), NOW)
    assert [slot.cron for slot in plan.slots] == ["0 * * * *"]
    assert plan.generation.by_name["patient"].tolerance == 15


def test_the_plan_says_what_the_other_packing_and_other_budgets_would_cost() -> None:
    plan = make_plan(desired(MANY), nothing(), NOW)
    assert plan.alternatives is None
    alternatives = plan.with_alternatives().alternatives
    assert alternatives is not None
    assert [(other.packing, other.crons) for other in alternatives] == [
        (Packing.FEWEST_WAKES, 5),
        (Packing.ONE_POLLER, 4),
        (Packing.ONE_POLLER, 6),
    ]
    assert all(other.used <= other.crons for other in alternatives)
    assert alternatives[0].wakes <= plan.wakes.per_month


def test_a_schedule_with_a_future_end_is_woken_for_and_one_that_has_ended_is_not() -> None:
    ending = schedules(
        """
        name: ends
        schedule: "0 * * * *"
        end: 2026-12-24
        ---
        name: ended
        schedule: "30 * * * *"
        end: 2026-11-19
        """
    )
    plan = make_plan(desired(ending), nothing(), NOW)
    assert [slot.name for slot in plan.slots] == ["ends"]
    (end,) = {record.end for record in plan.generation.records if record.name == "ends"}
    assert end is not None
    for now, slots in ((end - 1, ["ends"]), (end, [])):
        later = make_plan(desired(ending), nothing(), now)
        assert [slot.name for slot in later.slots] == slots
