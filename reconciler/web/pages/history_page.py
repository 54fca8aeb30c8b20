"""History: whether live is what git says, who changed what, and what changed after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.cron import minute
from reconciler.foreign_text import on_one_line
from reconciler.model.formats import Damaged
from reconciler.model.git_record import GitRecord, RefusedApply
from reconciler.model.pointer import Pointer
from reconciler.query.changes import AppliedChange, FirstFailure, TakesLonger
from reconciler.query.git_seen import GitSeen
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
_REFUSED: Final = Glyph("refused", "Refused")
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
    """An apply, or one that was refused: then `changes` says why.

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
        git: what CI last recorded of it.
    """

    title: str
    title_was: str
    sub: str
    git: str
    differences: tuple[LiveDifference, ...]
    rows: tuple[ApplyRow, ...]
    damaged: tuple[Damaged, ...]
    more: bool


def history_page(
    status: Status,
    changes: Sequence[AppliedChange],
    git: GitSeen,
    damaged: Iterable[Damaged],
    environment: str,
    now: datetime,
) -> HistoryPage:
    """Put the page together.

    Args:
        changes: the newest applies, newest first.
        git: what is recorded of it, and of refused applies.
        damaged: records of applies that cannot be read.
    """
    findings = status.findings
    git_says = _agrees(status.pointer, git.record)
    what = "git says" if git_says else "was applied"
    title, title_was = f"Live is what {what}", f"Live was what {what}"
    if findings:
        title = title_was = f"{count(len(findings), 'difference')} that nobody made in git"
    rows = [
        *((one.applied.pointer.at, _row(one, now)) for one in changes),
        *((one.at, _refused_row(one, now)) for one in git.refused),
    ]
    rows.sort(key=lambda row: row[0], reverse=True)
    return HistoryPage(
        title=title,
        title_was=title_was,
        sub=_sub(status, now),
        git=_git(status.pointer, git.record, now),
        differences=tuple(_difference(one, environment) for one in findings),
        rows=tuple(row for _at, row in rows[:SHOWN]),
        damaged=(*damaged, *git.damaged),
        more=len(rows) > SHOWN,
    )


def _agrees(pointer: Pointer | None, record: GitRecord | None) -> bool:
    """Whether CI has found no change to make since the last apply."""
    return _is_newer(pointer, record) and record is not None and record.changes == 0


def _is_newer(pointer: Pointer | None, record: GitRecord | None) -> bool:
    return record is not None and pointer is not None and record.at >= pointer.at


def _git(pointer: Pointer | None, record: GitRecord | None, now: datetime) -> str:
    """What CI last recorded of git, with its time."""
    if record is None or not _is_newer(pointer, record):
        return "CI has recorded nothing of git since the last apply."
    ago = relative(datetime.fromisoformat(record.at) - now) or "just now"
    commit = f"commit {record.commit[:7]}" if record.commit else "no commit"
    found = "no change to make"
    if record.changes:
        found = f"{count(record.changes, 'change')} that {_is(record.changes)} not applied"
    return f"CI last recorded of git, {ago}: {commit}, {found}."


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


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


def _refused_row(one: RefusedApply, now: datetime) -> ApplyRow:
    return ApplyRow(
        glyph=_REFUSED,
        at=moment(minute(datetime.fromisoformat(one.at)), now),
        commit=(one.commit or "")[:7],
        changes=on_one_line(one.reason)[:LONGEST],
        by=on_one_line(one.by)[:LONGEST],
        link=one.link if one.link and one.link.startswith("https://") else "",
        effects=(),
        said="\N{EN DASH}",
        digest="",
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
