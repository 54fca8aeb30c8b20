"""A plan as a person reads it in a terminal: changes first, then what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from reconciler.pack import PackedSlot
from reconciler.plan import Action, Change, Kind, Plan, TimeEffect
from reconciler.plan.alternatives import Alternative
from reconciler.plan.headline import headline, nothing_to_do
from reconciler.report.effect_words import clock_words, listed_times, lost_or_repeated
from reconciler.report.style import Style
from reconciler.words import count

LISTED_CHANGES: Final = 100
LISTED_NAMES: Final = 4
"""How many of a long list are spelled out; the rest is counted."""

_SIGNS: Final = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.DELETE: "-",
    Action.RENAME: "→",
    Action.SUSPEND: "‖",
    Action.RESUME: "▸",
    Action.REPAIR: "!",
}


def plan_text(plan: Plan, style: Style) -> str:
    """The plan, several lines, without a newline at the end."""
    sections = [
        [_heading(plan, style)],
        list(_change_lines("Schedules", _of_schedules(plan.changes), plan.effects, style)),
        list(_change_lines("App", _of_app(plan.changes), (), style)),
        list(_change_lines("Drift (nobody changed this in git)", plan.drift, (), style)),
        list(_slot_lines(plan, style)),
        list(_warning_lines(plan, style)),
        list(_obstacle_lines(plan, style)),
        [_summary(plan, style)],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _heading(plan: Plan, style: Style) -> str:
    commit = plan.desired.commit
    revision = "outside git" if commit is None else f"commit {commit[:12]}"
    against = plan.actual.revision
    offline = f", planned offline against commit {against[:12]}" if against is not None else ""
    dirty = ", with uncommitted changes" if plan.desired.dirty else ""
    return style.bold(
        f"Environment {plan.environment}, app {plan.app}: "
        f"{count(len(plan.generation.records), 'schedule')} at {revision}{dirty}{offline}"
    )


def _of_schedules(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if change.kind is Kind.SCHEDULE]


def _of_app(changes: Iterable[Change]) -> list[Change]:
    """What is neither a schedule nor a slot: the slots have a section of their own."""
    return [change for change in changes if change.kind not in {Kind.SCHEDULE, Kind.SLOT}]


def _change_lines(
    title: str, changes: Iterable[Change], effects: Iterable[TimeEffect], style: Style
) -> Iterator[str]:
    changes = list(changes)
    if not changes:
        return
    yield style.bold(title)
    by_name = {effect.name: effect for effect in effects}
    shown = changes[:LISTED_CHANGES]
    width = max(len(change.name) for change in shown)
    for change in shown:
        kind = "" if change.kind is Kind.SCHEDULE else f"{change.kind} "
        where = style.dim(f"  {change.file}:{change.line}") if change.file else ""
        sign = _painted(change.action, f"{_SIGNS[change.action]} {change.action}", style)
        yield f"  {sign}  {kind}{change.name:{width}}  {change.reason}{where}"
        if change.name in by_name:
            yield from _effect_lines(by_name[change.name], style)
    if len(changes) > len(shown):
        yield f"  and {len(changes) - len(shown)} more"


def _effect_lines(effect: TimeEffect, style: Style) -> Iterator[str]:
    if effect.before != effect.after:
        if effect.before:
            yield style.dim(f"             next was {listed_times(effect.before)}")
        if effect.after:
            yield style.dim(f"             next is  {listed_times(effect.after)}")
    for words in lost_or_repeated(effect):
        yield style.yellow(f"             {words}")
    if effect.moves and effect.clock is not None:
        yield style.dim(f"             {clock_words(effect.clock)}")


def _slot_lines(plan: Plan, style: Style) -> Iterator[str]:
    budget = plan.budget
    held = f"{len(budget.foreign)} held by other apps" if budget.foreign else "none held by others"
    if plan.actual.revision is not None:
        held = "those of others are not known offline"
    reserve = f", {budget.reserve} reserved" if budget.reserve else ""
    limit = "no limit" if budget.limit is None else f"a limit of {budget.limit}"
    available = "" if budget.available is None else f", {budget.available} available"
    yield style.bold(
        f"Slots: {count(budget.used, 'cron')} used ({limit} in the workspace, "
        f"{held}{reserve}{available})"
    )
    changed = {change.name: change for change in plan.changes if change.kind is Kind.SLOT}
    width = max((len(slot.name) for slot in plan.slots), default=0)
    for slot in plan.slots:
        action = changed[slot.name].action if slot.name in changed else None
        sign = " " if action is None else _painted(action, _SIGNS[action], style)
        times = f"{slot.cron} ({slot.timezone})"
        yield f"  {sign} {slot.name:{width}}  {times:24}  {_served(slot)}".rstrip()
    for change in changed.values():
        if change.action is Action.DELETE:
            sign = _painted(change.action, _SIGNS[change.action], style)
            yield f"  {sign} {change.name:{width}}  {change.reason}"
    for cron in budget.foreign:
        yield style.dim(
            f"    held by {cron.app}/{cron.function}  {cron.text}  in {cron.environment}"
        )
    if len(plan.slots) < sum(len(slot.schedules) for slot in plan.slots):
        yield f"  {_why_shared(plan)}"
    wakes = plan.wakes
    yield (
        f"  {wakes.per_month:,} wakes a month (at least {wakes.floor:,}; every minute would be "
        f"{wakes.every_minute:,}), about ${wakes.cost_usd:.2f} a month"
    )
    if any(other.wakes != wakes.per_month for other in plan.alternatives):
        others = "; ".join(map(_alternative, plan.alternatives))
        yield style.dim(f"  Otherwise: {others}")


def _alternative(other: Alternative) -> str:
    """``fewest-wakes with 5 crons 8,766 wakes, $0.08``."""
    crons = count(other.crons, "cron")
    return f"{other.packing} with {crons} {other.wakes:,} wakes, ${other.cost_usd:.2f}"


def _why_shared(plan: Plan) -> str:
    waking = sum(len(slot.schedules) for slot in plan.slots)
    available = plan.budget.available
    if available is None or waking <= available:
        return f"{count(waking, 'schedule')} could be solo; sharing slots wakes less often"
    return (
        f"{waking} schedules need waking and {count(available, 'cron')} "
        f"{'is' if available == 1 else 'are'} available, "
        "so some share a poller"
    )


def _served(slot: PackedSlot) -> str:
    if slot.schedules == (slot.name,):
        return ""
    listed = ", ".join(slot.schedules[:LISTED_NAMES])
    more = len(slot.schedules) - LISTED_NAMES
    return f"for {listed} and {more} more" if more > 0 else f"for {listed}"


def _warning_lines(plan: Plan, style: Style) -> Iterator[str]:
    if plan.warnings:
        yield style.bold("Warnings")
    for warning in plan.warnings:
        where = style.dim(f"  {warning.file}:{warning.line}") if warning.file else ""
        yield f"  {style.yellow(warning.message)}{where}"


def _obstacle_lines(plan: Plan, style: Style) -> Iterator[str]:
    if plan.missing:
        yield style.bold(style.red("Errors"))
    for item in plan.missing:
        yield f"  {style.red(item.message)}  {item.schedule.location}"
        yield f"    {item.remedy}"
    if plan.refusals:
        yield style.bold(style.red("Refused"))
    for refusal in plan.refusals:
        yield f"  {style.red(refusal.message)}"
        yield f"    {refusal.remedy}"


def _summary(plan: Plan, style: Style) -> str:
    if plan.empty:
        return style.green(nothing_to_do(plan))
    return style.bold(f"Plan: {headline(plan)}. Digest {plan.digest[:12]}")


def _painted(action: Action, text: str, style: Style) -> str:
    match action:
        case Action.CREATE | Action.RESUME:
            return style.green(text)
        case Action.DELETE:
            return style.red(text)
        case _:
            return style.yellow(text)
