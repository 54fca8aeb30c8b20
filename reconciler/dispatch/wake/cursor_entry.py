"""The cursor's entry in the Dict: how a wake reads it, moves it, and loses no write of another.

The Dict has no compare-and-swap, but it says which writer was the first to store a key. Each
cursor has an id, and a wake that replaces it has to be the first under ``cursor/after/ID``. A wake
that is not the first waits for the one that was, and begins again with what that one has written.

Invariant: *a writer replaces a cursor only while an entry says which writer had the first turn
after it.* A writer that has no answer about its turn asks again, and in the end does not write. So
a wake that gets the first turn after the cursor that it has read, however long ago, knows that this
one still is the entry, and does not read it again.

Invariant: *while no writer pauses in its turn, each cursor is made from the one that it replaces.*
The others pass over a writer that dies in its turn: those that waited for it take a turn among
them. A writer that pauses for longer, and writes then, undoes what the others wrote; so does a wake
that has read the cursor before its entry was lost or damaged, since those that found no cursor take
no turn after it. What that costs is in :mod:`reconciler.model.cursor`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reconciler.cron import minute
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.wake.step import Tally
from reconciler.model.cursor import CURSOR_KEY, Cursor, Lookback, cursor_of
from reconciler.model.occurrence import Occurrence
from reconciler.model.outbox import EMPTY_OUTBOX, Notification
from reconciler.model.runs_file import RunRecord, WakeLog, format_time, shorten
from reconciler.model.task import is_task

if TYPE_CHECKING:
    from reconciler.dispatch.ports import Claims, RunLog
    from reconciler.dispatch.wake.request import Ports, WakeRequest
    from reconciler.dispatch.wake.sending import Sent
    from reconciler.model.formats import Entry
    from reconciler.model.generation import Generation

NONE: Final = "none"
"""What the first one replaces, and one of before there were ids."""
PATIENCE: Final = 3.0
"""Seconds that a writer waits for the one whose turn it is, and again for each that follows."""
TURNS: Final = 3
"""Writers of one cursor that are waited for, each as long as that, before one just writes."""
LOOK_AGAIN: Final = 0.1
"""Seconds between two looks at whether that one has written, and between two questions about a turn
of which the first had no answer."""
QUESTIONS: Final = 10
"""Times that a writer asks for a turn while it has no answer."""


@dataclass(frozen=True, slots=True)
class CursorWriter:
    """Moves the cursor, step by step of one wake.

    Attributes:
        started: when the wake began.
        read: the cursor with which it began.
        lookback: where the wake began to look.
    """

    ports: Ports
    request: WakeRequest
    generation: Generation
    started: datetime
    read: Cursor
    lookback: Lookback

    async def advance(
        self,
        before: Cursor,
        log: WakeLog,
        tally: Tally,
        ended: Sequence[RunRecord],
        damage: Sequence[Notification] = (),
    ) -> Cursor:
        """Move the cursor past what a step has done; returns it.

        Args:
            before: as this wake left it last.
            damage: the notifications about what cannot be read.
        """

        def forward(found: Cursor) -> Cursor:
            return self._with_damage(self._brought_forward(found, log, tally, ended), damage)

        return await rewrite(self.ports.claims, f"{self.request.token}.{log.part}", before, forward)

    def _woken(self, log: WakeLog) -> dict[str, str]:
        """The slot that woke, and the Worker on Cloudflare where it asked for the wake.

        Other sources are left out: there may be any number of them.
        """
        worker = self.generation.worker
        by_worker = worker is not None and log.source == worker.source
        return dict.fromkeys((log.slot, *((log.source,) if by_worker else ())), log.started)

    def _brought_forward(
        self, found: Cursor, log: WakeLog, tally: Tally, ended: Sequence[RunRecord]
    ) -> Cursor:
        """A cursor that was found, with what this step has done."""
        by_hand = self.request.trigger is not None or self.request.args
        mine = Cursor(
            through=log.through,
            generation=log.generation,
            known=self.generation.agenda.newest,
            number=self.generation.number,
            unread=self._unread(),
            pending=tally.pending,
            calls=self._open_calls(tally, found),
            wakes=self._woken(log),
            tidied=self.started.date().isoformat() if self.request.regular else "",
            took=self._took(log),
            triggered=frozenset(tally.pending if by_hand else ()),
        )
        merged = found.merge(
            mine,
            now=max(minute(self.started), minute(self.ports.clock.now())),
            settled=tally.settled,
            ended=[record.call for record in ended if record.call is not None],
        )
        repeated = {shorten(line) for line in tally.repeated}
        lines = [line for line in log.records if line not in repeated]
        if self.ports.messenger is not None and self._has_recipients(found, lines):
            from reconciler.dispatch.decide.notifications import with_lines  # start-up time

            merged = with_lines(merged, found, self.generation, lines, self.started)
        return merged

    def _unread(self) -> int | None:
        """Since when no wake has processed the records that cannot be read."""
        known = self.read.unread if self.read.generation == self.generation.digest else None
        if not self.generation.damaged:
            return known
        found = (known, self.read.unread, self.lookback.earliest)
        return min(at for at in found if at is not None)

    def _with_damage(self, cursor: Cursor, damage: Sequence[Notification]) -> Cursor:
        if not damage or self.ports.messenger is None or self.generation.alerts is None:
            return cursor
        return replace(cursor, outbox=cursor.outbox.adding(damage))

    def _open_calls(self, tally: Tally, found: Cursor) -> Mapping[str, str]:
        """The calls of this step whose end later wakes look for; each end counts once."""
        if not self.request.regular:
            return tally.calls
        by = self.generation.digest
        return {
            call: key
            for call, key in tally.calls.items()
            if is_task(key)
            or not found.has_seen_the_end(call, Occurrence.parse(key), self.read, by)
        }

    def _has_recipients(self, found: Cursor, records: Iterable[RunRecord]) -> bool:
        """Whether these lines, or what earlier ones began, have recipients."""
        if self.generation.alerts is not None or found.outbox != EMPTY_OUTBOX:
            return True
        owners = (self.generation.owner(line.occurrence) for line in records)
        return any(one is not None and (one.alerts or one.ping) for one in owners)

    def _took(self, log: WakeLog) -> tuple[float, ...]:
        """The seconds of this wake up to now, known with its last step.

        Wakes for one minute alone, or for one schedule, are not like the others and do not count; a
        clock that was set back meanwhile says nothing.
        """
        if log.through != minute(self.started):
            return ()
        seconds = (self.ports.clock.now() - self.started).total_seconds()
        return (round(seconds, 3),) if seconds >= 0 else ()


async def rewrite(
    claims: Claims, writing: str, before: Cursor, change: Callable[[Cursor], Cursor]
) -> Cursor:
    """Replace the cursor; returns what was written.

    Args:
        writing: an id for it, unique and used once.
        before: the entry as it was last seen, or what is changed when there is none, or none that
            can be read.
        change: makes the new cursor of the one that is found.

    Raises:
        UnavailableError: it may or may not have been written. It was not when no answer came about
            a turn.
        NewerFormatError: a newer version wrote the one that is there.
    """
    if await _is_still_there(claims, before, writing):
        return await _replaced(claims, writing, change(before))
    awaited, turn, waited = "", 0, 0.0
    while True:
        read = cursor_of(await claims.get(CURSOR_KEY))
        found = read if isinstance(read, Cursor) else before
        after = NONE if not isinstance(read, Cursor) or not found.id else found.id
        if after != awaited or waited >= PATIENCE:
            turn = 1 if after != awaited else turn + 1
            if turn > TURNS or await _is_our_turn(claims, after, turn, writing):
                break
            awaited, waited = after, 0.0
        await asyncio.sleep(LOOK_AGAIN)
        waited += LOOK_AGAIN
    return await _replaced(claims, writing, change(found))


async def _replaced(claims: Claims, writing: str, new: Cursor) -> Cursor:
    written = replace(new, id=writing)
    await claims.put(CURSOR_KEY, written.to_json())
    return written


async def _is_still_there(claims: Claims, before: Cursor, writing: str) -> bool:
    """Whether no other writer has had a turn after this cursor, and the first one is ours.

    One without an id was not read of the entry, or a version without turns wrote it.
    """
    if not before.id:
        return False
    try:
        return await claims.put_new(f"{CURSOR_KEY}/after/{before.id}", {"writing": writing})
    except UnavailableError:
        return False


async def _is_our_turn(claims: Claims, after: str, turn: int, writing: str) -> bool:
    """Whether no other writer has this turn.

    Raises:
        UnavailableError: no answer came, however often it was asked. A writer that wrote all the
            same would have a turn that no entry says.
    """
    key = f"{CURSOR_KEY}/after/{after}{f'#{turn}' if turn > 1 else ''}"
    asked = 0
    while True:
        asked += 1
        try:
            if await claims.put_new(key, {"writing": writing}):
                return True
            # Ours, if the client has sent it twice because the first answer was lost.
            taken = await claims.get(key)
            return taken is not None and taken.get("writing") == writing
        except UnavailableError:
            if asked == QUESTIONS:
                raise
        await asyncio.sleep(LOOK_AGAIN)


async def read_cursor(
    ports: Ports, generation: Generation | None = None, seen: datetime | None = None
) -> Cursor:
    """The cursor's entry, or what the runs files say when it is lost or cannot be read.

    Args:
        generation: what is live, and the time, when it is asked by a wake: what was still to be
            sent is then found again too.

    Raises:
        NewerFormatError: a newer version wrote it.
        UnavailableError: Modal did not answer.
    """
    return await cursor_from(await ports.claims.get(CURSOR_KEY), ports, generation, seen)


async def cursor_from(
    entry: Entry | None,
    ports: Ports,
    generation: Generation | None = None,
    seen: datetime | None = None,
) -> Cursor:
    """The same, when its entry was read before."""
    found = cursor_of(entry)
    if isinstance(found, Cursor):
        return found
    from reconciler.dispatch.decide.recovery import RECOVERY_DAYS, recover, with_notifications

    logs = await ports.log.recent(RECOVERY_DAYS)
    cursor = recover(logs)
    if generation is not None and seen is not None and logs:
        cursor = with_notifications(cursor, logs, generation, seen)
        cursor = replace(cursor, recovered=format_time(seen))
    garbled = () if found is None else (found,)
    return replace(cursor, damaged=(*garbled, *logs.damaged))


async def record_sendings(
    sent: Sent, cursor: Cursor, last: WakeLog, claims: Claims, log: RunLog
) -> None:
    """Write down what was sent, and take what is settled out of the cursor.

    Should either fail, the next wake finds the notifications, and their claims say that they were
    sent.

    Args:
        cursor: as this wake left it.
        last: the last log that it wrote.
    """
    try:
        if sent.sendings:
            sendings = replace(last, part=last.part + 1, through=None, pending={}, records=())
            await log.write(replace(sendings, sendings=sent.sendings))
        if not sent.settled.isdisjoint(cursor.outbox.notifications):
            await rewrite(
                claims,
                f"{last.execution}.told",
                cursor,
                lambda found: replace(found, outbox=found.outbox.without(sent.settled)),
            )
    except UnavailableError:
        return
