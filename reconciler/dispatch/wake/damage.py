"""Notify people of what is stored and cannot be read, once for each.

The Dict entry ``damaged/WHERE`` says when it was found first. So every wake that comes upon the
same damage makes the same notification, and its claims say to whom it was sent. What was whole in
between is damaged anew: the next entry, ``damaged/WHERE/after/FIRST``, says when that was found. A
wake knows that of the cursor, which each wake writes, and of what keeps all wakes from working,
when the cursor says that one has worked since. Of other entries and files it does not know it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.cron import minute
from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.wake.cursor_entry import record_sendings
from reconciler.dispatch.wake.sending import OF_NO_SCHEDULE, recipients, send_notifications
from reconciler.model.claim import Claimant
from reconciler.model.cursor import CURSOR_ENTRY, CURSOR_KEY, Cursor, cursor_of
from reconciler.model.formats import Damaged, FormatError, NewerFormatError
from reconciler.model.generation import Generation
from reconciler.model.occurrence import format_minute, parse_minute
from reconciler.model.outbox import Notification, NotificationKind
from reconciler.model.runs_file import WakeLog, format_time
from reconciler.model.stored_generation import StoredGeneration, of_readable_records

if TYPE_CHECKING:
    from reconciler.alerts import Recipient
    from reconciler.dispatch.ports import Claims
    from reconciler.dispatch.wake.request import Ports, WakeRequest

MEETING: Final = 15
"""Minutes in which wakes may still come upon what another has found, and has replaced meanwhile."""
NAMED_AT_MOST: Final = 20
"""Damaged files and entries of which one wake notifies people; ``status`` names more."""


class FoundDamage(NamedTuple):
    """Damage that a wake came upon.

    Attributes:
        new: what no wake had found before.
        notifications: one for each, new or not.
    """

    new: tuple[Damaged, ...] = ()
    notifications: tuple[Notification, ...] = ()


async def found_damage(
    damaged: Iterable[Damaged], claims: Claims, seen: datetime, whole: int | None = None
) -> FoundDamage:
    """What is new of it, and its notifications. Never raises: without an answer it is new.

    Args:
        whole: the epoch minute at which a wake last found all of this whole, None when that is not
            known. A wake that finds the cursor damaged replaces it.
    """
    named = list(dict.fromkeys(damaged))[:NAMED_AT_MOST]
    first = await at_once(
        _found_first(one, claims, seen, minute(seen) if one.where == CURSOR_ENTRY else whole)
        for one in named
    )
    return FoundDamage(
        tuple(one for one, (new, _) in zip(named, first, strict=True) if new),
        tuple(_notification(one, at, seen) for one, (_, at) in zip(named, first, strict=True)),
    )


async def _found_first(
    one: Damaged, claims: Claims, seen: datetime, whole: int | None
) -> tuple[bool, str]:
    """Whether this wake is the first to find it, and the minute of the one that was."""
    key = f"damaged/{one.where}"
    now = format_minute(minute(seen))
    try:
        while not await claims.put_new(key, {"at": now}):
            entry = await claims.get(key)
            first = str((entry or {}).get("at"))
            if whole is None or whole < parse_minute(first) + MEETING:
                return False, first
            key = f"damaged/{one.where}/after/{first}"
    except (UnavailableError, ValueError):
        pass
    return True, now


def _notification(one: Damaged, first: str, seen: datetime) -> Notification:
    return Notification(
        kind=NotificationKind.DAMAGED,
        name=one.where,
        subject=f"{one.where}@{first}",
        raised=format_time(seen),
        reason=one.why,
    )


async def notify_of_outage(
    ports: Ports, request: WakeRequest, error: FormatError, started: datetime
) -> None:
    """Send what waits to be sent, and that the pointer or the generation cannot be read.

    The recipients are those of the newest generation that can be read: the live one would name
    them. Never raises: what is wrong is raised by the wake.
    """
    if ports.messenger is None:
        return
    with suppress(UnavailableError, OSError):
        generation = await ports.generations.last_readable()
        if generation is None:
            return
        if isinstance(generation, StoredGeneration):
            generation = of_readable_records(generation)
        cursor = await _cursor(ports)
        damage = Damaged(error.where or "current.json", error.what)
        found = await found_damage([damage], ports.claims, started, cursor.through)
        held = cursor.outbox.adding(found.notifications).notifications.values()
        # A notification without a recipient in that generation waits for the live one.
        notifications = [notification for notification in held if _whom(notification, generation)]
        claimant = Claimant(request.token, request.wake, started)
        sent = await send_notifications(
            notifications, generation, claimant, ports.claims, ports.messenger, whom=_whom
        )
        await record_sendings(sent, cursor, _log(request, started), ports.claims, ports.log)


def _whom(notification: Notification, generation: Generation) -> Sequence[Recipient]:
    """The recipients of a notification, by a generation that is not the live one.

    A schedule that it does not know is newer: of its alerts the recipients of all are notified.
    """
    of_run = not (notification.kind.is_ping or notification.kind in OF_NO_SCHEDULE)
    if not of_run or generation.named(notification.name) is not None:
        return recipients(notification, generation)
    return () if generation.alerts is None else generation.alerts.rule.to


async def _cursor(ports: Ports) -> Cursor:
    try:
        found = cursor_of(await ports.claims.get(CURSOR_KEY))
    except NewerFormatError:
        return Cursor()
    return found if isinstance(found, Cursor) else Cursor()


def _log(request: WakeRequest, started: datetime) -> WakeLog:
    """A log of a wake that did nothing, which says what was sent."""
    return WakeLog(
        wake=request.wake,
        part=0,
        execution=request.token,
        slot=request.slot,
        started=format_time(started),
        now=minute(started),
        generation="",
        through=None,
        pending={},
        records=(),
    )
