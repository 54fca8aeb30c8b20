"""The slots of a plan as a person reads them: when they wake, how often, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.model.generation import SAFETY_TICK, TASK_TICK
from reconciler.pack import PackedSlot
from reconciler.plan import Action, Kind, Plan
from reconciler.plan.changes import describe_slot
from reconciler.plan.foreign import held_words
from reconciler.render.action_style import SIGNS, painted
from reconciler.render.cost_words import (
    EXCEEDED,
    alternatives_words,
    cost_words,
    idle_words,
    tolerance_words,
    wakes_words,
)
from reconciler.render.slot_words import served_names, waking_words
from reconciler.render.style import Style
from reconciler.render.worker_words import worker_words
from reconciler.words import count

_UNDER_OTHERWISE: Final = " " * len("Otherwise: ")
LISTED_NAMES: Final = 4
"""How many of a long list are spelled out; the rest is counted."""


def slot_lines(plan: Plan, style: Style) -> Iterator[str]:
    """The section about slots."""
    yield style.bold(_heading(plan))
    yield from _slots(plan, style)
    for cron in plan.budget.foreign:
        yield style.dim(
            f"    held by {cron.app}/{cron.function}  {cron.text}  in {cron.environment}"
        )
    if plan.budget.exceeded:
        yield style.yellow(f"  {EXCEEDED}")
    if len(plan.slots) < sum(len(slot.schedules) for slot in plan.slots):
        yield f"  {_why_shared(plan)}"
    yield f"  {wakes_words(plan)}"
    yield f"  {cost_words(plan)}"
    for line in worker_words(plan):
        yield f"  {line}"
    saved, others = tolerance_words(plan), alternatives_words(plan)
    if saved is not None:
        yield f"  {saved}"
    if others is not None:
        for line in others.replace("; ", f";\n{_UNDER_OTHERWISE}").splitlines():
            yield style.dim(f"  {line}")


def _heading(plan: Plan) -> str:
    budget = plan.budget
    held = held_words(plan.actual, budget)
    reserve = f", {budget.reserve} reserved" if budget.reserve else ""
    limit = "no limit" if budget.limit is None else f"a limit of {budget.limit}"
    available = "" if budget.available is None else f", {budget.available} available"
    return (
        f"Slots: {count(budget.used, 'cron')} used ({limit} in the workspace, "
        f"{held}{reserve}{available})"
    )


def _slots(plan: Plan, style: Style) -> Iterator[str]:
    changed = {change.name: change for change in plan.changes if change.kind is Kind.SLOT}
    by_slot = plan.wakes.by_slot
    width = max((len(name) for name in (*by_slot, *changed)), default=0)
    wide = max((len(describe_slot(slot)) for slot in plan.slots), default=0)
    digits = max((len(f"{wakes:,}") for wakes in by_slot.values()), default=0)
    for slot in plan.slots:
        action = changed[slot.name].action if slot.name in changed else None
        sign = " " if action is None else painted(action, SIGNS[action], style)
        wakes = f"{by_slot[slot.name]:{digits},} a month{idle_words(plan.wakes, slot.name)}"
        cron = describe_slot(slot)
        yield f"  {sign} {slot.name:{width}}  {cron:{wide}}  {wakes}  {_served(slot)}".rstrip()
    for change in changed.values():
        if change.action is Action.DELETE:
            sign = painted(change.action, SIGNS[change.action], style)
            yield f"  {sign} {change.name:{width}}  {change.reason}"


def _served(slot: PackedSlot) -> str:
    """The schedules that a shared slot wakes for."""
    if slot.schedules == (slot.name,) and slot.name not in (TASK_TICK, SAFETY_TICK):
        return ""
    listed = ", ".join(served_names(slot)[:LISTED_NAMES])
    more = len(slot.schedules) - LISTED_NAMES
    return f"for {listed} and {more} more" if more > 0 else f"for {listed}"


def _why_shared(plan: Plan) -> str:
    waking = sum(len(slot.schedules) for slot in plan.slots)
    available = plan.budget.available
    if available is None or waking <= available:
        return f"{waking_words(plan.slots)} could be solo; sharing slots wakes less often"
    return (
        f"{waking_words(plan.slots)} need waking and {count(available, 'cron')} "
        f"{'is' if available == 1 else 'are'} available, "
        "so some share a poller"
    )
