"""The settings' `tasks`: a tick that is packed, priced and shown to programs that create tasks."""

from __future__ import annotations

import pytest

from reconciler.manifest import Packing, Resolution
from reconciler.model.generation import TASK_TICK, new_generation
from reconciler.model.stored_generation import decode_generation, open_generation
from reconciler.plan import make_plan
from reconciler.render.plan_markdown import Made, plan_markdown
from reconciler.render.plan_text import plan_text
from reconciler.render.style import Style
from tests.dispatch.scenario import at
from tests.plan.scenario import NOW, after, applied, desired, hourly, nothing, told

FIVE = Resolution.FIVE_MINUTES
TWO = hourly("a", "b")


def test_without_the_setting_nothing_wakes_for_tasks() -> None:
    plan = make_plan(desired(TWO), nothing(), NOW)
    assert plan.generation.task_resolution is None
    assert TASK_TICK not in {name for slot in plan.slots for name in slot.schedules}


def test_the_tick_is_a_slot_and_counts_in_wakes_and_cost() -> None:
    without = make_plan(desired(TWO), nothing(), NOW)
    plan = make_plan(desired(TWO, tasks=FIVE), nothing(), NOW)
    (tick,) = (slot for slot in plan.slots if TASK_TICK in slot.schedules)
    assert (tick.name, tick.cron, tick.schedules) == (TASK_TICK, "*/5 * * * *", (TASK_TICK,))
    assert plan.budget.used == without.budget.used + 1
    assert plan.wakes.per_month > without.wakes.per_month
    assert plan.wakes.floor > without.wakes.floor
    assert plan.wakes.by_slot[TASK_TICK] == 8766


@pytest.mark.parametrize("packing", list(Packing))
@pytest.mark.parametrize("crons", [1, 2, 5])
def test_beyond_the_budget_the_tick_shares_a_slot_that_wakes_often_enough(
    packing: Packing, crons: int
) -> None:
    many = hourly(*(f"s{number}" for number in range(8)))
    plan = make_plan(desired(many, tasks=FIVE, crons=crons, packing=packing), nothing(), NOW)
    assert plan.budget.used <= crons
    names = [name for slot in plan.slots for name in slot.schedules]
    assert sorted(names) == sorted([TASK_TICK, *(schedule.name for schedule in many)])
    assert plan.wakes.per_month >= plan.wakes.floor


def test_tasks_alone_are_worth_an_app() -> None:
    plan = make_plan(desired((), tasks=FIVE), nothing(), NOW)
    assert told(plan) == [
        ("create", "slot", TASK_TICK),
        ("create", "app", "schedule-reconciler"),
    ]
    assert plan.deploy
    assert make_plan(desired((), tasks=FIVE), after(plan), NOW).empty


def test_no_cron_left_for_the_tick_is_refused() -> None:
    plan = make_plan(desired((), tasks=FIVE, crons=0), nothing(), NOW)
    assert len(plan.refusals) == 1


def test_a_changed_resolution_is_a_change_and_applied_it_is_none() -> None:
    actual = applied(TWO, tasks=FIVE)
    assert make_plan(desired(TWO, tasks=FIVE), actual, NOW).empty
    plan = make_plan(desired(TWO, tasks=Resolution.HOUR), actual, NOW)
    assert told(plan) == [("update", "slot", TASK_TICK), ("update", "generation", "tasks")]
    assert plan.changes[-1].reason == "tasks every 5 min → every 60 min"
    gone = make_plan(desired(TWO), actual, NOW)
    assert told(gone) == [("delete", "slot", TASK_TICK), ("update", "generation", "tasks")]
    assert gone.changes[-1].reason == "tasks every 5 min → not woken for"


def test_the_header_says_it_and_leaves_it_out_when_there_is_nothing_to_say() -> None:
    told_so = new_generation((), (), 300, task_resolution=5)
    assert b'"task_resolution":5' in told_so.encoded.partition(b"\n")[0]
    assert decode_generation(told_so.encoded, "x") == told_so
    assert open_generation(told_so.encoded, "x").task_resolution == 5
    silent = new_generation((), (), 300)
    assert b"task_resolution" not in silent.encoded
    assert decode_generation(silent.encoded, "x").task_resolution is None


def test_the_plan_shows_what_the_slot_is_for() -> None:
    solo = make_plan(desired(TWO, tasks=FIVE), nothing(), NOW)
    (line,) = (one for one in plan_text(solo, Style(colour=False)).splitlines() if "*/5" in one)
    assert line.startswith("  + task_tick  */5 * * * * (UTC)")
    assert line.endswith("8,766 a month  for tasks that programs create")
    shared = make_plan(desired(TWO, tasks=FIVE, crons=1), nothing(), NOW)
    text = plan_text(shared, Style(colour=False))
    assert "for a, b, tasks that programs create" in text
    assert "2 schedules and tasks need waking and 1 cron is available" in text
    assert "tasks that programs create" in plan_markdown(solo, Made(at=at("12:00")))
