"""Which schedules of a plan wait, and for what: the same words in a terminal and in a comment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.plan import Kind, Plan
from reconciler.render.cost_words import dollars
from reconciler.render.fitting import Section
from reconciler.render.markdown import code, prose
from reconciler.words import count

LISTED: Final = 20
"""Schedules that are spelled out; the rest is counted."""


def waits_title(plan: Plan) -> str | None:
    """``Order: 2 schedules wait for others``; None when none waits."""
    if plan.waits is None:
        return None
    others, waiting = plan.waits.for_others, len(plan.waits.waits)
    if not others:
        whom = "its own earlier runs" if waiting == 1 else "their own earlier runs"
    else:
        whom = "others" if others == waiting else "others or their own earlier runs"
    return f"Order: {count(waiting, 'schedule')} {'waits' if waiting == 1 else 'wait'} for {whom}"


def waits_of(plan: Plan) -> list[tuple[str, str]]:
    """Each schedule that is changed, or is waited for by one that is, with what it waits for;
    upstreams first. Of an unchanged plan, all."""
    if plan.waits is None:
        return []
    changed = {change.name for change in plan.changes if change.kind is Kind.SCHEDULE}
    records = plan.generation.by_name
    shown = changed | {one.name for name in changed & records.keys() for one in records[name].after}
    return [
        (name, f"waits for {plan.waits.waits[name]}" if name in plan.waits.waits else "")
        for name in plan.waits.order
        if not changed or name in shown
    ]


def waits_cost(plan: Plan) -> str | None:
    """What the waiting costs; None when nothing waits."""
    if plan.waits is None:
        return None
    supervised, asked = plan.waits.supervised, plan.waits.asked
    return (
        f"{supervised:,} more runs a month are supervised; their ends ask for up to {asked:,} "
        f"wakes, about {dollars(plan.price.usd(asked))}"
    )


def waits_lines(plan: Plan) -> Iterator[str]:
    """The section of the terminal."""
    title, cost = waits_title(plan), waits_cost(plan)
    shown = waits_of(plan)
    if title is None or cost is None or not shown:
        return
    yield title
    width = max(len(name) for name, _words in shown[:LISTED])
    for name, words in shown[:LISTED]:
        yield f"    {name:{width}}  {words}".rstrip()
    if len(shown) > LISTED:
        yield f"    and {len(shown) - LISTED:,} more"
    yield f"  {cost}"


def waits_section(plan: Plan) -> Section:
    """The section of the comment."""
    title, cost = waits_title(plan), waits_cost(plan)
    if title is None:
        return Section(())
    rows = tuple(
        f"- {code(name)}" + (f" {prose(words)}" if words else "") for name, words in waits_of(plan)
    )
    head = ("", f"<details><summary>{title}</summary>", "")
    return Section(head, rows, ("", f"{cost}.", "", "</details>"), "schedules")
