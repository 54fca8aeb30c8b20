"""What is recorded of git: how it stood to what is live, and which applies were refused."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.dispatch.adapters.at_once import together
from reconciler.dispatch.ports import Claims
from reconciler.model.formats import Damaged
from reconciler.model.git_record import (
    GIT_KEY,
    REFUSED_KEY,
    GitRecord,
    RefusedApply,
    git_record_of,
    refused_of,
)


@dataclass(frozen=True, slots=True)
class GitSeen:
    """What jobs of CI and applies have recorded.

    Attributes:
        record: the newest comparison of git with what is live; None when there is none.
        refused: applies, newest first.
        damaged: what cannot be read.
    """

    record: GitRecord | None = None
    refused: tuple[RefusedApply, ...] = ()
    damaged: tuple[Damaged, ...] = ()


async def git_seen(claims: Claims) -> GitSeen:
    """Read what is recorded of git.

    Raises:
        UnavailableError: Modal did not answer.
    """
    compared, entry = await together(claims.get(GIT_KEY), claims.get(REFUSED_KEY))
    record = git_record_of(compared)
    refused, damaged = refused_of(entry)
    if isinstance(record, Damaged):
        return GitSeen(None, refused, (record, *damaged))
    return GitSeen(record, refused, damaged)
