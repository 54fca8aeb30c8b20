"""What a wake adds to the cursor's bulletin, and how it takes out what was sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.decide.notifications import noting
from reconciler.dispatch.ports import Claims, RunLog
from reconciler.dispatch.wake.cursor_entry import rewrite
from reconciler.dispatch.wake.sending import Delivered
from reconciler.model.cursor import Cursor
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence, parse_minute
from reconciler.model.outbox import Bulletin
from reconciler.model.runs import RunRecord, WakeLog


def noted(
    merged: Cursor,
    found: Cursor,
    generation: Generation,
    records: Iterable[RunRecord],
    seen: datetime,
) -> Cursor:
    """The cursor with what these lines give to tell.

    The end of a call that is no longer open in the cursor as it was found was noted by another
    wake. Ends come before starts, so that the pings of a schedule are in order.
    """
    new = [line for line in records if not line.state.ended or line.call in found.calls]
    new.sort(key=lambda line: (not line.state.ended, line.occurrence.at))
    bulletin = noting(found.bulletin, generation, new, seen)
    needed = _needed(bulletin, merged, generation)
    return replace(merged, bulletin=bulletin._replace(succeeded=needed))


def _needed(bulletin: Bulletin, cursor: Cursor, generation: Generation) -> dict[str, str]:
    """The successes that are newer than a run that is still open, by the names of today."""
    oldest: dict[str, int] = {}
    for key in (*cursor.calls.values(), *cursor.unsettled) if bulletin.succeeded else ():
        occurrence = Occurrence.parse(key)
        owner = generation.owner(occurrence)
        name, at = occurrence.name if owner is None else owner.name, occurrence.at
        oldest[name] = min(at, oldest.get(name, at))
    return {
        name: time
        for name, time in bulletin.succeeded.items()
        if name in oldest and oldest[name] < parse_minute(time)
    }


async def settle(
    sent: Delivered, cursor: Cursor, last: WakeLog, claims: Claims, log: RunLog
) -> None:
    """Write down what was sent, and take what is settled out of the cursor.

    Should either fail, the next wake finds the notices, and their claims say that they were sent.

    Args:
        cursor: as this wake left it.
        last: the last log that it wrote.
    """
    try:
        if sent.told:
            told = replace(last, part=last.part + 1, through=None, unsettled={}, records=())
            await log.write(replace(told, told=sent.told))
        if not sent.settled.isdisjoint(cursor.bulletin.notices):
            await rewrite(
                claims,
                f"{last.execution}.told",
                cursor,
                lambda found: replace(found, bulletin=found.bulletin.without(sent.settled)),
            )
    except UnavailableError:
        return
