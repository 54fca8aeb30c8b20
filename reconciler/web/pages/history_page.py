"""History: whether live is what git says, who changed what, and what changed after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.cron import minute
from reconciler.foreign_text import on_one_line
from reconciler.model.formats import Damaged
from reconciler.query.changes import AppliedChange, FirstFailure, TakesLonger
from reconciler.query.status import DeploymentFinding, Status
from reconciler.web.pages.glyphs import Glyph
from reconciler.web.pages.listing import LONGEST
from reconciler.web.pages.moments import Moment, moment, relative, span
from reconciler.words import count

SHOWN: Final = 50
"""Applies that are listed."""
_NAMED: Final = 3
"""Schedules that one cell names; more are counted."""
_DRIFT: Final = Glyph("drift", "Drift")
_APPLIED: Final = Glyph("succeeded", "Applied")


@dataclass(frozen=True, slots=True)
class LiveDifference:
    """What is live and not as it was applied."""

    title: str
    link: str
    sentence: str
    command: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What changed after an apply: a link, and the words around it."""

    before: str
    name: str
    after: str


@dataclass(frozen=True, slots=True)
class ApplyRow:
    """An apply.

    Attributes:
        said: why nothing is said of what changed after it; empty where `effects` say it.
    """

    glyph: Glyph
    at: Moment
    commit: str
    changes: str
    by: str
    link: str
    effects: tuple[Effect, ...]
    said: str
    digest: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """The page.

    Attributes:
        title_was: the title in the past tense, for a page that is stale.
    """

    title: str
    title_was: str
    sub: str
    differences: tuple[LiveDifference, ...]
    rows: tuple[ApplyRow, ...]
    damaged: tuple[Damaged, ...]
    more: bool


def history_page(
    status: Status,
    changes: Sequence[AppliedChange],
    damaged: Iterable[Damaged],
    environment: str,
    now: datetime,
) -> HistoryPage:
    """Put the page together.

    Args:
        changes: the newest applies, newest first.
        damaged: records of applies that cannot be read.
    """
    findings = status.findings
    title, title_was = "Live is what was applied", "Live was what was applied"
    if findings:
        title = title_was = f"{count(len(findings), 'difference')} from what was applied"
    return HistoryPage(
        title=title,
        title_was=title_was,
        sub=_sub(status, now),
        differences=tuple(_difference(one, environment) for one in findings),
        rows=tuple(_row(one, now) for one in changes[:SHOWN]),
        damaged=tuple(damaged),
        more=len(changes) > SHOWN,
    )


def _sub(status: Status, now: datetime) -> str:
    pointer = status.pointer
    if pointer is None:
        return f"Live is generation {status.generation[:8]}. Compared just now."
    commit = f" from commit {pointer.commit[:7]}" if pointer.commit else ", without a commit"
    dirty = " with uncommitted changes" if pointer.dirty and pointer.commit else ""
    ago = relative(datetime.fromisoformat(pointer.at) - now) or "just now"
    return (
        f"Live is generation {status.generation[:8]}{commit}{dirty}, applied {ago} by "
        f"{on_one_line(pointer.by)}. Compared just now."
    )


def _difference(finding: DeploymentFinding, environment: str) -> LiveDifference:
    return LiveDifference(
        finding.what,
        finding.schedule or "",
        f"{finding.reason[:1].upper()}{finding.reason[1:]}. {finding.remedy}"[:LONGEST],
        f"reconcile --env {environment}",
    )


def _row(one: AppliedChange, now: datetime) -> ApplyRow:
    pointer = one.applied.pointer
    effects = tuple(map(_effect, one.effects or ()))
    said = "" if effects else "nothing new" if one.effects is not None else "\N{EN DASH}"
    return ApplyRow(
        glyph=_APPLIED,
        at=moment(minute(datetime.fromisoformat(pointer.at)), now),
        commit=(pointer.commit or "")[:7],
        changes=_changes(one)[:LONGEST],
        by=on_one_line(pointer.by)[:LONGEST],
        link=pointer.link if pointer.link and pointer.link.startswith("https://") else "",
        effects=effects[:_NAMED],
        said=said,
        digest=pointer.generation[:8],
    )


def _changes(one: AppliedChange) -> str:
    if one.added is None or one.changed is None or one.removed is None:
        return one.applied.summary
    parts = []
    for sign, names in (("~", one.changed), ("+", one.added), ("\N{MINUS SIGN}", one.removed)):
        if names:
            named = f" {', '.join(names)}" if len(names) <= _NAMED else ""
            parts.append(f"{sign}{len(names)}{named}")
    return " ".join(parts) or one.applied.summary or "no schedule changed"


def _effect(one: FirstFailure | TakesLonger) -> Effect:
    if isinstance(one, FirstFailure):
        return Effect("first failure after it: ", one.name, f", {span(one.after) or '0 s'} later")
    before, after = (span(timedelta(seconds=seconds)) for seconds in (one.before, one.after))
    return Effect("", one.name, f" takes longer: median {before} \N{RIGHTWARDS ARROW} {after}")
