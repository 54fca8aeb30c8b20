"""A plan as a comment on a pull request, as GitHub renders it.

What matters comes first, and is what stays when the comment would be longer than GitHub takes. What
strangers wrote is shown in code spans or escaped, so that it can neither mention people nor pass
for a part of the comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.errors import ReconcileError
from reconciler.foreign_text import printable
from reconciler.model.occurrence import format_minute
from reconciler.pack import PackedSlot
from reconciler.plan import Action, Change, Kind, Plan, TimeEffect
from reconciler.plan.headline import headline, nothing_to_do
from reconciler.render.cost_words import (
    EXCEEDED,
    alternatives_words,
    cost_words,
    idle_words,
    tolerance_words,
    wakes_words,
)
from reconciler.render.effect_words import clock_words, lost_or_repeated
from reconciler.render.fitting import Section, fitted
from reconciler.render.markdown import code, code_fence, prose
from reconciler.render.slot_words import served_names
from reconciler.render.tz_words import moved_words, tz_notes, tz_title
from reconciler.words import count

LIMIT: Final = 65_000
"""Characters of a comment: GitHub accepts 65,536, and a link to the run may be added."""

OPEN: Final = 25
"""Rows of a table that are open to see; more of them are a click away."""

_DIGEST: Final = re.compile(r"<!-- plan: ([0-9a-f]{64}) -->")

_DRIFT: Final = "**Drift**: nobody changed this in git; an apply repairs it"

_SIGNS: Final = {
    Action.CREATE: "➕",
    Action.UPDATE: "✏️",
    Action.DELETE: "❌",
    Action.RENAME: "🏷️",
    Action.SUSPEND: "⏸️",
    Action.RESUME: "▶️",
    Action.REPAIR: "🔧",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """When a plan was made and where it can be looked at.

    Attributes:
        at: aware.
        repository: address of the repository, for links; None where there is none.
    """

    at: datetime
    repository: str | None = None


def marker(environment: str) -> str:
    """The invisible line by which the one comment of an environment is found again."""
    return f"<!-- schedule-reconciler: {environment} -->"


def digest_in(comment: str) -> str | None:
    """The digest of the plan that a comment shows; None when it shows none.

    It is looked for where we write it only: further down stands what strangers wrote.
    """
    lines = comment.splitlines()
    found = _DIGEST.fullmatch(lines[2]) if len(lines) > 2 else None
    return found[1] if found else None


def plan_markdown(plan: Plan, made: Made, *, limit: int = LIMIT) -> str:
    """The comment, at most ``limit`` characters."""
    title = f"### {_verdict(plan)}"
    digest = f"<!-- plan: {plan.digest} -->"
    head = [marker(plan.environment), title, digest, "", _provenance(plan, made)]
    schedules = [change for change in plan.changes if change.kind is Kind.SCHEDULE]
    rest = [change for change in plan.changes if change.kind is not Kind.SCHEDULE]
    others = f"App and slots: {count(len(rest), 'change')}"
    sections = [
        Section(tuple(_obstacles(plan))),
        _change_table((), schedules[:OPEN]),
        _folded_changes(f"{len(schedules) - OPEN:,} more", schedules[OPEN:]),
        _change_table(("", _DRIFT), plan.drift[:OPEN]),
        _folded_changes(f"{len(plan.drift) - OPEN:,} more to repair", plan.drift[OPEN:]),
        _effects(plan),
        _tz(plan),
        _folded_changes(others, rest),
        _slots(plan),
        _warnings(plan),
    ]
    return fitted(head, [section for section in sections if section.lines], limit)


def failure_markdown(environment: str, error: ReconcileError, made: Made) -> str:
    """The comment when there is no plan, or when its apply failed."""
    at = f"{made.at:%Y-%m-%d %H:%M} UTC"
    lines = error.told(environment).splitlines() or [type(error).__name__]
    head = [
        marker(environment),
        f"### 🛑 {code(environment)}: failed",
        "",
        f"Nothing here says that the schedules are good. {at}",
    ]
    fence = code_fence(lines)
    shown = tuple(printable(line)[:1000] for line in lines)
    body = Section(("", fence), shown, (fence,), "lines")
    return fitted(head, [body], LIMIT)


def applied_markdown(generation: str) -> str:
    """What is added to the plan when it was carried out."""
    return f"\n✅ **Applied**: generation {code(generation[:12])} is live."


def _verdict(plan: Plan) -> str:
    environment = code(plan.environment)
    if plan.missing:
        return f"🛑 {environment}: {count(len(plan.missing), 'error')}, cannot be applied"
    if plan.refusals:
        return f"⛔ {environment}: refused by a safety rule"
    if plan.empty:
        return f"✅ {environment}: no changes"
    return f"📝 {environment}: {headline(plan)}"


def _provenance(plan: Plan, made: Made) -> str:
    commit = plan.desired.commit
    shown = "Without a commit" if commit is None else f"Commit {_commit(commit, made)}"
    dirty = " with uncommitted changes" if plan.desired.dirty and commit is not None else ""
    parts = [
        shown + dirty,
        f"plan {code(plan.digest[:12])}",
        f"environment {code(plan.environment)}",
        f"{made.at:%Y-%m-%d %H:%M} UTC",
        count(len(plan.generation.records), "schedule"),
    ]
    line = " · ".join(parts)
    if plan.actual.revision is not None:
        against = _commit(plan.actual.revision, made)
        line += (
            f"\n\n_Planned offline against commit {against}, without asking Modal (pull requests "
            "from forks get no secrets): whether the functions exist, what has drifted and which "
            "crons others hold is not known here._"
        )
    return line


def _commit(commit: str, made: Made) -> str:
    shown = code(commit[:12])
    return f"[{shown}]({made.repository}/commit/{commit})" if made.repository else shown


def _obstacles(plan: Plan) -> Iterator[str]:
    found = [
        *((item.message, item.remedy, str(item.schedule.location)) for item in plan.missing),
        *((item.message, item.remedy, None) for item in plan.refusals),
    ]
    if not found:
        if plan.empty:
            yield ""
            yield nothing_to_do(plan)
        return
    yield ""
    yield "> [!CAUTION]"
    for message, remedy, where in found[:50]:
        place = f" ({code(where)})" if where else ""
        yield f"> - **{prose(message)}**{place}<br>{prose(remedy)}"
    if len(found) > 50:
        yield f"> - and {len(found) - 50} more"


def _change_table(
    title: tuple[str, ...], changes: Sequence[Change], end: tuple[str, ...] = ()
) -> Section:
    if not changes:
        return Section(())
    head = (*title, "", "| | what | why | where |", "|---|---|---|---|")
    return Section(head, tuple(map(_change_row, changes)), end, "changes")


def _folded_changes(summary: str, changes: Sequence[Change]) -> Section:
    opening = ("", f"<details><summary>{summary}</summary>")
    return _change_table(opening, changes, ("", "</details>"))


def _change_row(change: Change) -> str:
    kind = "" if change.kind is Kind.SCHEDULE else f"{change.kind} "
    where = code(f"{change.file}:{change.line}", table=True) if change.file else ""
    action = f"{_SIGNS[change.action]} {change.action}"
    return (
        f"| {action} | {kind}{code(change.name, table=True)} | "
        f"{code(change.reason, table=True)} | {where} |"
    )


def _effects(plan: Plan) -> Section:
    shown = [effect for effect in plan.effects if effect.moves]
    if not shown:
        return Section(())
    changed = sum(change.kind is Kind.SCHEDULE for change in (*plan.changes, *plan.drift))
    looked = len(plan.effects)
    of = f", looking at {looked} of {changed:,} that change" if looked < changed else ""
    lost = sum(bool(effect.skipped) for effect in shown)
    repeated = sum(bool(effect.change.doubled) for effect in shown)
    told = "".join(
        f" · ⚠️ {count(number, 'schedule')} {what}"
        for number, what in ((lost, "with runs skipped"), (repeated, "with runs doubled"))
        if number
    )
    head = (
        "",
        f"<details><summary>When: next runs of {count(len(shown), 'schedule')}{of}{told}</summary>",
        "",
        "| schedule | next was | next is | worth knowing |",
        "|---|---|---|---|",
    )
    rows = tuple(
        f"| {code(effect.name, table=True)} | {_times(effect.before)} | {_times(effect.after)} | "
        f"{_notes(effect)} |"
        for effect in shown
    )
    return Section(head, rows, ("", "</details>"), "schedules")


def _notes(effect: TimeEffect) -> str:
    clock = () if effect.clock is None else (clock_words(effect.clock),)
    return "<br>".join((*lost_or_repeated(effect), *clock)) or "–"


def _tz(plan: Plan) -> Section:
    if plan.tz is None:
        return Section(())
    head = ("", f"<details><summary>🌍 Time zones: {tz_title(plan.tz)}</summary>", "")
    rows = tuple(
        f"- {code(schedule.name)}: {moved_words(schedule, plan.now)}"
        for schedule in plan.tz.schedules
    )
    notes = (line for note in tz_notes(plan.tz) for line in ("", note))
    return Section(head, rows, (*notes, "", "</details>"), "schedules")


def _slots(plan: Plan) -> Section:
    budget = plan.budget
    limit = "without limit" if budget.limit is None else f"of {budget.limit}"
    cost, before = (plan.price.usd(each) for each in (plan.wakes.per_month, plan.wakes_before))
    title = (
        f"Slots: {count(budget.used, 'cron')} {limit} · {plan.wakes.per_month:,} wakes a month "
        f"(was {plan.wakes_before:,}) · ${cost:.2f} a month ({cost - before:+.2f})"
    )
    rows = [
        f"| {code(slot.name, table=True)} | {code(f'{slot.cron} (UTC)', table=True)} | "
        f"{plan.wakes.by_slot[slot.name]:,} | "
        f"{_served(slot)}{idle_words(plan.wakes, slot.name)} |"
        for slot in plan.slots
    ]
    rows += [
        f"| held by {code(f'{cron.app}/{cron.function}', table=True)} | "
        f"{code(cron.text, table=True)} | | in {code(cron.environment, table=True)} |"
        for cron in budget.foreign
    ]
    notes = [
        f"{wakes_words(plan)}, {cost_words(plan)}.",
        EXCEEDED if plan.budget.exceeded else None,
        tolerance_words(plan),
        alternatives_words(plan),
    ]
    end = (*(line for note in notes if note for line in ("", note)), "", "</details>")
    head = (
        "",
        f"<details><summary>{title}</summary>",
        "",
        "| slot | wakes at | wakes a month | for |",
        "|---|---|---:|---|",
    )
    return Section(head, tuple(rows), end, "slots")


def _served(slot: PackedSlot) -> str:
    """The schedules that a slot wakes for."""
    return code(", ".join(served_names(slot)), table=True)


def _warnings(plan: Plan) -> Section:
    if not plan.warnings:
        return Section(())
    head = ("", f"<details><summary>{count(len(plan.warnings), 'warning')}</summary>", "")
    rows = tuple(
        f"- {prose(item.message)}" + (f" ({code(f'{item.file}:{item.line}')})" if item.file else "")
        for item in plan.warnings
    )
    return Section(head, rows, ("", "</details>"), "warnings")


def _times(times: Iterable[int]) -> str:
    return "<br>".join(format_minute(at) for at in times) or "–"
