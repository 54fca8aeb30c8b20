"""A plan as a person reads it in a terminal: changes first, then what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from reconciler.foreign_text import as_lines
from reconciler.manifest import LOCAL
from reconciler.plan import Change, Kind, Plan, TimeEffect
from reconciler.plan.headline import headline, nothing_to_do
from reconciler.plan.notification_rules import is_silenced
from reconciler.render.action_style import SIGNS, painted
from reconciler.render.effect_words import (
    clock_words,
    excluded_words,
    first_times,
    lost_or_repeated,
)
from reconciler.render.slots_text import slot_lines
from reconciler.render.style import Style
from reconciler.render.tz_words import moved_words, tz_notes, tz_title
from reconciler.render.waits_words import waits_lines
from reconciler.words import count

LISTED_CHANGES: Final = 100
"""Changes that are spelled out; the rest is counted."""

ROOM: Final = 58
"""Characters for the next times, which a line of 80 leaves behind its indent and `next was`."""


def plan_text(plan: Plan, style: Style) -> str:
    """The plan, several lines, without a newline at the end."""
    sections = [
        [_heading(plan, style), *_silence_lines(plan, style)],
        list(_change_lines("Schedules", _of_schedules(plan.changes), plan.effects, style)),
        list(_change_lines("App", _of_app(plan.changes), (), style)),
        list(_change_lines("Drift (not changed in git)", plan.drift, (), style)),
        list(_retiring_lines(plan, style)),
        list(_tz_lines(plan, style)),
        list(_waits_lines(plan, style)),
        list(slot_lines(plan, style)),
        list(_rules_lines(plan, style)),
        list(_warning_lines(plan, style)),
        list(_obstacle_lines(plan, style)),
        [_summary(plan, style)],
    ]
    return "\n\n".join(as_lines(lines) for lines in sections if lines)


def _heading(plan: Plan, style: Style) -> str:
    commit = plan.desired.commit
    revision = "without a commit" if commit is None else f"at commit {commit[:12]}"
    against = plan.actual.revision
    offline = f", planned offline against commit {against[:12]}" if against is not None else ""
    dirty = ", with uncommitted changes" if plan.desired.dirty and commit is not None else ""
    return style.bold(
        f"Environment {plan.environment}, app {plan.app}: "
        f"{count(len(plan.generation.records), 'schedule')} {revision}{dirty}{offline}"
    )


def _silence_lines(plan: Plan, style: Style) -> Iterator[str]:
    if is_silenced(plan.desired):
        yield style.dim(
            f"alerts and pings are silent in {LOCAL}, unless environments.{LOCAL}.alerts is set"
        )


def _waits_lines(plan: Plan, style: Style) -> Iterator[str]:
    title, *lines = list(waits_lines(plan)) or [""]
    if title:
        yield style.bold(title)
        yield from lines


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
    width = max(len(_label(change)) for change in shown)
    for change in shown:
        where = style.dim(f"  {change.file}:{change.line}") if change.file else ""
        sign = painted(change.action, f"{SIGNS[change.action]} {change.action}", style)
        yield f"  {sign}  {_label(change):{width}}  {change.reason}{where}"
        if change.name in by_name:
            yield from _effect_lines(by_name[change.name], style)
    if len(changes) > len(shown):
        yield f"  and {len(changes) - len(shown)} more"


def _label(change: Change) -> str:
    return change.name if change.kind is Kind.SCHEDULE else f"{change.kind} {change.name}"


def _effect_lines(effect: TimeEffect, style: Style) -> Iterator[str]:
    if effect.before != effect.after:
        if effect.before:
            yield style.dim(f"             next was {first_times(effect.before, ROOM)}")
        if effect.after:
            yield style.dim(f"             next is  {first_times(effect.after, ROOM)}")
    for words in excluded_words(effect):
        yield style.dim(f"             {words}")
    for words in lost_or_repeated(effect):
        yield style.yellow(f"             {words}")
    if effect.moves and effect.clock is not None:
        yield style.dim(f"             {clock_words(effect.clock)}")


def _retiring_lines(plan: Plan, style: Style) -> Iterator[str]:
    waiting = [one for one in plan.retiring if not one.is_ripe(plan.now)]
    if waiting:
        yield style.bold("Retiring (no schedule names these functions any more)")
    for one in waiting:
        yield f"  {one.live.app}: {one.why(plan.now)}"


def _tz_lines(plan: Plan, style: Style) -> Iterator[str]:
    if plan.tz is None:
        return
    yield style.bold(f"Time zones: {tz_title(plan.tz)}")
    width = max((len(schedule.name) for schedule in plan.tz.schedules), default=0)
    for schedule in plan.tz.schedules:
        yield f"    {schedule.name:{width}}  {moved_words(schedule, plan.now)}"
    yield from (f"  {style.dim(note)}" for note in tz_notes(plan.tz))


def _rules_lines(plan: Plan, style: Style) -> Iterator[str]:
    if plan.judgement is not None:
        from reconciler.render.findings import rules_lines  # only where there are rules

        yield from rules_lines(plan.judgement, style)


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
        yield f"  {item.location}: {style.red(item.message)}"
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
