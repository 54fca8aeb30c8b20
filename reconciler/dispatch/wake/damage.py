"""Notify people of what is stored and cannot be read, once for each.

The Dict entry ``damaged/WHERE`` says when it was found first. So every wake that comes upon the
same damage makes the same notice, and its claims say to whom it was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.cron import minute
from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.answers import UnavailableError
from reconciler.model.formats import Damaged
from reconciler.model.occurrence import format_minute, parse_minute
from reconciler.model.outbox import Notice, NoticeKind
from reconciler.model.runs import format_time

if TYPE_CHECKING:
    from reconciler.dispatch.ports import Claims

NAMED_AT_MOST: Final = 20
"""Damaged files and entries of which one wake notifies people; ``status`` names more."""


class Found(NamedTuple):
    """Damage that a wake came upon.

    Attributes:
        new: what no wake had found before.
        notices: one for each, new or not.
    """

    new: tuple[Damaged, ...] = ()
    notices: tuple[Notice, ...] = ()


async def found_damage(damaged: Iterable[Damaged], claims: Claims, seen: datetime) -> Found:
    """What is new of it, and the notices about it. Never raises: without an answer it is new."""
    named = list(dict.fromkeys(damaged))[:NAMED_AT_MOST]
    first = await at_once(_found_first(one, claims, seen) for one in named)
    return Found(
        tuple(one for one, (new, _) in zip(named, first, strict=True) if new),
        tuple(_notice(one, at, seen) for one, (_, at) in zip(named, first, strict=True)),
    )


async def _found_first(one: Damaged, claims: Claims, seen: datetime) -> tuple[bool, str]:
    """Whether this wake is the first to find it, and the minute of the one that was."""
    key, now = f"damaged/{one.where}", format_minute(minute(seen))
    try:
        if await claims.put_new(key, {"at": now}):
            return True, now
        entry = await claims.get(key)
        first = str((entry or {}).get("at"))
        parse_minute(first)
    except (UnavailableError, ValueError):
        return True, now
    return False, first


def _notice(one: Damaged, first: str, seen: datetime) -> Notice:
    return Notice(
        kind=NoticeKind.DAMAGED,
        name=one.where,
        subject=f"{one.where}@{first}",
        raised=format_time(seen),
        reason=one.why,
    )


def with_damage(notices: Sequence[Notice], found: Found) -> dict[str, Notice]:
    """The notices by their ids, those of damage added."""
    return {notice.id: notice for notice in (*notices, *found.notices)}
