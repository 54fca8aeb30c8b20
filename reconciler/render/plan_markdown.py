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
from functools import partial
from typing import Final

from reconciler.cron import instant
from reconciler.errors import ReconcileError
from reconciler.foreign_text import printable
from reconciler.pack import PackedSlot
from reconciler.plan import Action, Change, Kind, Plan, TimeEffect
from reconciler.plan.headline import headline, nothing_to_do
from reconciler.render.cost_words import (
    EXCEEDED,
    alternatives_words,
    cost_words,
    dollars,
    idle_words,
    tolerance_words,
    wakes_words,
)
from reconciler.render.effect_words import clock_words, excluded_words, lost_or_repeated
from reconciler.render.fitting import Section, fitted
from reconciler.render.links import Links
from reconciler.render.markdown import code, code_fence, prose
from reconciler.render.slot_words import served_names
from reconciler.render.tz_words import moved_words, tz_notes, tz_title
from reconciler.render.waits_words import waits_section
from reconciler.render.worker_words import worker_words
from reconciler.words import count

LIMIT: Final = 65_000
"""Characters of a comment: GitHub accepts 65,536, and a link to the run may be added."""

OPEN: Final = 10
"""Rows of a list that are open to see; more of them are a click away."""

_DIGEST: Final = re.compile(r"<!-- plan: ([0-9a-f]{64})( offline)? -->")

_DRIFT: Final = "**Drift**: what is live changed, and git did not; an apply repairs it"

_URGENCY: Final = {Action.DELETE: 0, Action.CREATE: 2}
"""The order of rows: deletions, then what changes of a schedule that is live, then new ones."""

_NO_BREAK: Final = "&nbsp;"

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
    """When and where a plan was made.

    Attributes:
        at: aware.
        links: addresses in the repository; None where there are none.
        head: the pull request's last commit, where the one that is checked out is a test merge.
        folder: of the settings file, relative to the repository's root; empty at the root.
        applied: how the plan will be applied, a sentence; None when nothing is known of it.
    """

    at: datetime
    links: Links | None = None
    head: str | None = None
    folder: str = ""
    applied: str | None = None


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """The plan that a comment shows.

    Attributes:
        digest: of the plan.
        offline: whether it was made of two revisions, without asking Modal.
    """

    digest: str
    offline: bool


def marker(environment: str, folder: str = "") -> str:
    """The invisible line by which the one comment of an environment and a folder is found again."""
    where = f" in {folder}" if folder else ""
    return f"<!-- schedule-reconciler: {environment}{where} -->"


def plan_in(comment: str) -> ShownPlan | None:
    """The plan that a comment shows; None when it shows none.

    It is looked for where we write it only: further down stands what strangers wrote.
    """
    lines = comment.splitlines()
    found = _DIGEST.fullmatch(lines[2]) if len(lines) > 2 else None
    return None if found is None else ShownPlan(found[1], found[2] is not None)


def plan_markdown(plan: Plan, made: Made, *, limit: int = LIMIT) -> str:
    """The comment, at most ``limit`` characters."""
    offline = " offline" if plan.actual.revision is not None else ""
    head = [marker(plan.environment, made.folder), _title(plan, made)]
    head.append(f"<!-- plan: {plan.digest}{offline} -->")
    if not _is_quiet(plan):
        head += ["", _provenance(plan, made)]
    if offline:
        head += ["", _offline(plan, made)]
    schedules = [change for change in plan.changes if change.kind is Kind.SCHEDULE]
    schedules.sort(key=lambda change: _URGENCY.get(change.action, 1))  # what matters first
    rest = [change for change in plan.changes if change.kind is not Kind.SCHEDULE]
    table = partial(_change_table, plan, made)
    sections = [
        Section(tuple(_obstacles(plan, made))),
        _rules(plan),
        *_warnings(plan, made),
        table(schedules[:OPEN]),
        table(schedules[OPEN:], *_folded(f"{len(schedules) - OPEN:,} more changes")),
        table(plan.drift[:OPEN], ("", _DRIFT)),
        table(plan.drift[OPEN:], *_folded(f"{len(plan.drift) - OPEN:,} more to repair")),
        Section(("", prose(made.applied)) if made.applied and not _is_quiet(plan) else ()),
        _effects(plan),
        Section(()) if _is_quiet(plan) else waits_section(plan),
        _tz(plan),
        _retiring(plan),
        table(rest, *_folded(f"App and slots: {count(len(rest), 'change')}")),
        Section(()) if _is_quiet(plan) else _slots(plan),
    ]
    return fitted(head, [section for section in sections if section.lines], limit)


def untouched_markdown(environment: str, made: Made) -> str:
    """The comment when a pull request does not touch, or no longer touches, what is planned."""
    return (
        f"{marker(environment, made.folder)}\n"
        f"✅ {code(environment)}: this pull request touches no schedule{_of_head(made)}"
    )


def cancelled_markdown(environment: str, made: Made) -> str:
    """The comment when the job was cancelled, or ran out of time, before there was a plan."""
    return (
        f"{marker(environment, made.folder)}\n"
        f"⏹️ {code(environment)}: the plan was cancelled{_of_head(made)}. There is no plan to "
        "review: run the job again, unless a newer commit has a job of its own."
    )


def _of_head(made: Made) -> str:
    return "" if made.head is None else f" · commit {_commit(made.head, made)}"


def failure_markdown(environment: str, error: ReconcileError, made: Made) -> str:
    """The comment when there is no plan, or when its apply failed."""
    at = f"{made.at:%Y-%m-%d %H:%M} UTC"
    commit = "" if made.head is None else f" for commit {_commit(made.head, made)}"
    lines = error.message_for(environment).splitlines() or [type(error).__name__]
    head = [
        marker(environment, made.folder),
        f"### 🛑 {code(environment)}: failed",
        "",
        f"The command stopped with an error at {at}{commit}, so there is no result to review.",
    ]
    fence = code_fence(lines)
    shown = tuple(printable(line)[:1000] for line in lines)
    body = Section(("", fence), shown, (fence,), "lines")
    return fitted(head, [body], LIMIT)


def applied_markdown(generation: str) -> str:
    """What is added to the plan when it was carried out."""
    return f"\n✅ **Applied**: generation {code(generation[:12])} is live."


def _is_quiet(plan: Plan) -> bool:
    return plan.empty and not plan.missing and not plan.refusals


def _title(plan: Plan, made: Made) -> str:
    """The verdict. All that there is to say of an empty plan fits into one line."""
    environment = code(plan.environment)
    if plan.missing:
        return f"### 🛑 {environment}: {count(len(plan.missing), 'error')}, cannot be applied"
    if plan.refusals:
        return f"### ⛔ {environment}: refused by a safety rule"
    if plan.empty:
        what = nothing_to_do(plan).rstrip(".")
        return f"✅ {environment}: {what[0].lower()}{what[1:]} · {_provenance(plan, made)}"
    return f"### 📝 {environment}: {headline(plan)}"


def _provenance(plan: Plan, made: Made) -> str:
    commit = _head(plan, made)
    shown = "Without a commit" if commit is None else f"Commit {_commit(commit, made)}"
    dirty = " with uncommitted changes" if plan.desired.dirty and commit is not None else ""
    parts = [
        shown + dirty,
        f"plan {code(plan.digest[:12])}",
        f"{made.at:%Y-%m-%d %H:%M} UTC",
        count(len(plan.generation.records), "schedule"),
    ]
    return " · ".join(parts)


def _head(plan: Plan, made: Made) -> str | None:
    return made.head or plan.desired.commit


def _offline(plan: Plan, made: Made) -> str:
    against = _commit(plan.actual.revision or "", made)
    return (
        f"_Planned offline against commit {against}: this job has no Modal token. Whether "
        "the functions exist, what has drifted and which crons others hold is not known here._"
    )


def _commit(commit: str, made: Made) -> str:
    shown = code(commit[:12])
    return f"[{shown}]({made.links.commit(commit)})" if made.links else shown


def _obstacles(plan: Plan, made: Made) -> Iterator[str]:
    found = [
        *(
            (item.message, item.remedy, _place(plan, made, place.file, place.line))
            for item in plan.missing
            for place in (item.location,)
        ),
        *((item.message, item.remedy, "") for item in plan.refusals),
    ]
    if not found:
        return
    yield ""
    yield "> [!CAUTION]"
    for message, remedy, where in found[:50]:
        yield f"> - **{prose(message)}**{f' ({where})' if where else ''}<br>{prose(remedy)}"
    if len(found) > 50:
        yield f"> - and {len(found) - 50} more"


def _rules(plan: Plan) -> Section:
    if plan.judgement is None:
        return Section(())
    from reconciler.render.findings import rules_markdown  # only where there are rules

    rows = tuple(rules_markdown(plan.judgement))
    return Section(("", "**Rules**", ""), rows, (), "lines") if rows else Section(())


def _warnings(plan: Plan, made: Made) -> Iterator[Section]:
    """What a reviewer has to know before the changes: deletions, then the plan's warnings."""
    concerned = {
        "deleted": [
            change.name
            for change in plan.changes
            if change.action is Action.DELETE and change.kind is Kind.SCHEDULE
        ],
        "with runs doubled": [effect.name for effect in plan.effects if effect.change.doubled],
        "with runs skipped": [effect.name for effect in plan.effects if effect.skipped],
    }
    rows = []
    for what, names in concerned.items():
        if names:
            more = f" and {len(names) - OPEN:,} more" if len(names) > OPEN else ""
            named = ", ".join(map(code, names[:OPEN]))
            rows.append(f"**{count(len(names), 'schedule')} {what}**: {named}{more}")
    for item in plan.warnings:
        place = _place(plan, made, item.file, item.line)
        rows.append(f"{prose(item.message)}{f' ({place})' if place else ''}")
    if rows:
        shown = tuple(f"> - {row}" for row in rows[:OPEN])
        yield Section(("", "> [!WARNING]"), shown, (), "warnings")
    if len(rows) > OPEN:
        start, end = _folded(f"{len(rows) - OPEN:,} more warnings")
        more_rows = tuple(f"- {row}" for row in rows[OPEN:])
        yield Section((*start, ""), more_rows, end, "warnings")


def _place(plan: Plan, made: Made, file: str | None, line: int | None) -> str:
    """A manifest's line, as a link where there is a site to look at it."""
    if file is None:
        return ""
    shown = code(f"{file}:{line}" if line else file, table=True)
    commit = _head(plan, made)
    if made.links is None or commit is None:
        return shown
    return f"[{shown}]({made.links.line(commit, file, line)})"


def _folded(summary: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines that open and close a part which is a click away."""
    return ("", f"<details><summary>{summary}</summary>"), ("", "</details>")


def _change_table(
    plan: Plan,
    made: Made,
    changes: Sequence[Change],
    opening: tuple[str, ...] = (),
    closing: tuple[str, ...] = (),
) -> Section:
    """What changes, what that does to runs, whose it is and where it stands.

    A column in which nothing stands is left out.
    """
    effects = {effect.name: effect for effect in plan.effects}
    rows = [_change_row(plan, made, change, effects.get(change.name)) for change in changes]
    if not rows:
        return Section(())
    used = [any(row[column] for row in rows) for column in range(len(_COLUMNS))]

    def line(cells: Iterable[str]) -> str:
        kept = (cell for cell, keep in zip(cells, used, strict=True) if keep)
        return f"| {' | '.join(kept)} |"

    head = (*opening, "", line(_COLUMNS), line("---" for _ in _COLUMNS))
    return Section(head, tuple(map(line, rows)), closing, "changes")


_COLUMNS: Final = ("", "what", "why", "runs", "owner", "where")


def _change_row(
    plan: Plan, made: Made, change: Change, effect: TimeEffect | None
) -> tuple[str, ...]:
    """The cells of :data:`_COLUMNS`."""
    schedule = change.kind is Kind.SCHEDULE
    kind = "" if schedule else f"{change.kind} "
    owner = next(
        (side["owner"] for side in (change.after, change.before) if side and side.get("owner")), ""
    )
    return (
        f"{_SIGNS[change.action]}{_NO_BREAK}{change.action}",
        f"{kind}{code(change.name, table=True)}",
        _whole("<br>".join(map(prose, _why(change)))),
        ""
        if effect is None or not schedule
        else _whole("<br>".join(_runs(effect, change, plan.now))),
        prose(str(owner)) if schedule else "",
        _place(plan, made, change.file, change.line),
    )


def _why(change: Change) -> Iterator[str]:
    """The reason; of a schedule that is new also when it runs and what it calls."""
    yield change.reason
    after = change.after
    if change.action is Action.CREATE and change.kind is Kind.SCHEDULE and after is not None:
        when = " and ".join(after.get("when", ())) or after.get("at") or "no times of its own"
        zone = after.get("timezone", "UTC")
        yield when if zone == "UTC" else f"{when} in {zone}"
        yield f"calls {after['app']}/{after['function']}"


def _whole(text: str) -> str:
    """A cell in which no time and no cron expression is broken into two lines."""
    text = _ISO_DATE.sub(lambda found: found[0].replace("-", "&#8209;"), text)
    return _IN_CRON.sub(_NO_BREAK, text)


_ISO_DATE: Final = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d{4}-\d\d-\d\d(?=T)")
_IN_CRON: Final = re.compile(r"(?<=[\d*]) (?=\\?[\d*])")


def _runs(effect: TimeEffect, change: Change, now: int) -> Iterator[str]:
    """What a change does to the runs of its schedule: its first effect, and how many a month."""
    before, after = effect.before[:1], effect.after[:1]
    was, will = effect.monthly
    if after and not before:
        yield f"first {_time(after[0], now)}"
    elif before and not after:
        yield f"not at {_time(before[0], now)}, nor later"
    elif before != after:
        yield f"next {_time(after[0], now)}, was {_time(before[0], now)}"
    elif not after and change.after is not None:
        yield "no runs while it is suspended" if "suspended" in change.after else "no runs"
    if was != will:
        yield f"{will:,} a month" + (f", was {was:,}" if was else "")
    yield from excluded_words(effect)
    yield from (f"⚠️ {words}" for words in lost_or_repeated(effect))


def _effects(plan: Plan) -> Section:
    shown = [effect for effect in plan.effects if effect.moves]
    if not shown:
        return Section(())
    changed = sum(change.kind is Kind.SCHEDULE for change in (*plan.changes, *plan.drift))
    looked = len(plan.effects)
    of = f", of the first {looked} of {changed:,} that change" if looked < changed else ""
    start, end = _folded(f"When: next runs of {count(len(shown), 'schedule')}{of}")
    head = (*start, "", "| schedule | next was | next is | also |", "|---|---|---|---|")
    rows = tuple(
        f"| {code(effect.name, table=True)} | {_times(effect.before, plan.now)} | "
        f"{_times(effect.after, plan.now)} | {_notes(effect)} |"
        for effect in shown
    )
    return Section(head, rows, end, "schedules")


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


def _retiring(plan: Plan) -> Section:
    waiting = [one for one in plan.retiring if not one.is_ripe(plan.now)]
    if not waiting:
        return Section(())
    title = f"Retiring: {count(len(waiting), 'function')} that no schedule names any more"
    rows = tuple(f"- {code(one.live.app)}: {prose(one.why(plan.now))}" for one in waiting)
    return Section(
        ("", f"<details><summary>{title}</summary>", ""), rows, ("", "</details>"), "apps"
    )


def _slots(plan: Plan) -> Section:
    budget = plan.budget
    limit = "without limit" if budget.limit is None else f"of {budget.limit}"
    cost, before = (plan.price.usd(each) for each in (plan.wakes_per_month, plan.wakes_before))
    title = (
        f"Slots: {count(budget.used, 'cron')} {limit} · {plan.wakes_per_month:,} wakes a month "
        f"(was {plan.wakes_before:,}) · {dollars(cost)} a month (was {dollars(before)})"
    )
    rows = [
        f"| {code(slot.name, table=True)} | {code(f'{slot.cron} (UTC)', table=True)} | "
        f"{plan.wakes.by_slot[slot.name]:,}{idle_words(plan.wakes, slot.name)} | "
        f"{_served(slot)} |"
        for slot in plan.slots
    ]
    rows += [
        f"| held by {code(f'{cron.app}/{cron.function}', table=True)} | "
        f"{code(cron.text, table=True)} | | in {code(cron.environment, table=True)} |"
        for cron in budget.foreign
    ]
    notes = [
        f"{wakes_words(plan)}, {cost_words(plan)}.",
        *worker_words(plan),
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


def _times(times: Iterable[int], now: int) -> str:
    return "<br>".join(_time(at, now) for at in times) or "–"


def _time(at: int, now: int) -> str:
    """``20 Nov 16:00Z``, with the year where it is another one; a narrow column keeps it whole."""
    moment, today = instant(at), instant(now)
    year = f" {moment.year}" if moment.year != today.year else ""
    return f"{moment.day} {moment:%b}{year} {moment:%H:%M}Z".replace(" ", _NO_BREAK)
