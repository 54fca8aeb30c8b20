"""What CI last saw in git, and the applies that were refused: two entries of the Dict.

The deployed dashboard has no checkout, so these are all that it knows of git. An entry dies with
the Dict's other entries when nothing uses it for seven days. Of two jobs that write at the same
time one may be lost: nothing is decided by what stands here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from reconciler.model.formats import (
    FORMAT,
    Damaged,
    Entry,
    FormatError,
    check_format,
    reading,
    typed,
)

GIT_KEY: Final = "git-record"
REFUSED_KEY: Final = "refused-applies"
KEPT: Final = 20
"""Refused applies that are kept, the newest."""
LONGEST: Final = 1000
"""Characters of a reason that are kept."""


@dataclass(frozen=True, slots=True)
class GitRecord:
    """What a job of CI found when it compared git with what is live.

    Attributes:
        commit: None outside git.
        at: when, ISO 8601 in UTC.
        by: who caused the job.
        link: where the job can be seen; None when there is no such place.
        changes: that git makes to what is live, and that were not applied.
        drift: differences that git did not make.
    """

    commit: str | None
    at: str
    by: str
    link: str | None
    changes: int
    drift: int


@dataclass(frozen=True, slots=True)
class RefusedApply:
    """An apply that was refused; nothing was changed.

    Attributes:
        commit, at, by, link: as in :class:`GitRecord`.
        reason: why, as the command said it.
    """

    commit: str | None
    at: str
    by: str
    link: str | None
    reason: str


def git_entry(record: GitRecord) -> dict[str, Any]:
    """The entry of what CI saw."""
    return {"format": FORMAT, **asdict(record)}


def git_record_of(entry: Entry | None) -> GitRecord | Damaged | None:
    """Read :func:`git_entry` back; None where there is no entry."""
    if entry is None:
        return None
    try:
        with reading("what CI saw in git", GIT_KEY):
            check_format(entry, GIT_KEY)
            return GitRecord(
                typed(entry, "commit", str, None),
                typed(entry, "at", str),
                typed(entry, "by", str),
                typed(entry, "link", str, None),
                typed(entry, "changes", int),
                typed(entry, "drift", int),
            )
    except FormatError as error:
        return Damaged(GIT_KEY, error.what)


def refused_entry(refused: Iterable[RefusedApply]) -> dict[str, Any]:
    """The entry of refused applies, the newest first."""
    kept = [asdict(one) | {"reason": one.reason[:LONGEST]} for one in refused]
    return {"format": FORMAT, "refused": kept[:KEPT]}


def refused_of(entry: Entry | None) -> tuple[tuple[RefusedApply, ...], tuple[Damaged, ...]]:
    """Read :func:`refused_entry` back."""
    if entry is None:
        return (), ()
    try:
        with reading("the refused applies", REFUSED_KEY):
            check_format(entry, REFUSED_KEY)
            return tuple(
                RefusedApply(
                    typed(one, "commit", str, None),
                    typed(one, "at", str),
                    typed(one, "by", str),
                    typed(one, "link", str, None),
                    typed(one, "reason", str),
                )
                for one in typed(entry, "refused", list)
            ), ()
    except FormatError as error:
        return (), (Damaged(REFUSED_KEY, error.what),)
