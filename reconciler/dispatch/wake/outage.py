"""A wake that cannot read what is live: it starts nothing, and still notifies people."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.cron import minute
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.wake.damage import found_damage, with_damage
from reconciler.dispatch.wake.notify import settle
from reconciler.dispatch.wake.sending import OF_NO_SCHEDULE, deliver, receivers
from reconciler.model.claim import Claimant
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.formats import Damaged, FormatError, NewerFormatError
from reconciler.model.generation import Generation
from reconciler.model.runs import WakeLog, format_time
from reconciler.model.stored_generation import StoredGeneration, of_readable_records

if TYPE_CHECKING:
    from reconciler.alerts import Receiver
    from reconciler.dispatch.wake.wake import Ports, WakeRequest
    from reconciler.model.outbox import Notice


async def notify_of_outage(
    ports: Ports, request: WakeRequest, error: FormatError, started: datetime
) -> None:
    """Send what waits to be sent, and that the pointer or the generation cannot be read.

    The recipients are those of the newest generation that can be read: the live one would say who
    they are. Never raises: what is wrong is raised by the wake.
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
        found = await found_damage([damage], ports.claims, started)
        held = with_damage(tuple(cursor.bulletin.notices.values()), found).values()
        # What is for nobody as far as that generation knows waits for the live one.
        notices = [notice for notice in held if _whom(notice, generation)]
        claimant = Claimant(request.token, request.wake, started)
        sent = await deliver(
            notices, generation, claimant, ports.claims, ports.messenger, whom=_whom
        )
        await settle(sent, cursor, _log(request, started), ports.claims, ports.log)


def _whom(notice: Notice, generation: Generation) -> Sequence[Receiver]:
    """The recipients of a notice, by a generation that is not the live one.

    A schedule that it does not know is newer: of its alarms the recipients of all are notified.
    """
    of_run = not (notice.kind.is_ping or notice.kind in OF_NO_SCHEDULE)
    if not of_run or generation.named(notice.name) is not None:
        return receivers(notice, generation)
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
        unsettled={},
        records=(),
    )
