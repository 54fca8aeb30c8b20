"""The cursor from what the wakes wrote down, for when its entry is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reconciler.dispatch.decide.notifications import GIVEN_UP_AFTER, outbox_with, streaks_of
from reconciler.model.cursor import LOOKBACK, RELOOK, Cursor, without
from reconciler.model.generation import generation_path
from reconciler.model.occurrence import Occurrence
from reconciler.model.outbox import EMPTY_OUTBOX, Outbox, SendingState
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time

if TYPE_CHECKING:
    from reconciler.model.generation import Generation

RECOVERY_DAYS: Final = 7
"""Days of runs files, the newest that have any, that are read when the cursor's entry is lost."""


def recover(logs: Sequence[WakeLog]) -> Cursor:
    """The cursor from what the wakes wrote down, for when its entry is lost.

    Wakes that did nothing write nothing, so this may lie further back than the entry did. What
    lies between was not due, or has its claim.

    Args:
        logs: oldest first.
    """
    known = [(log.through, log.generation, log.number) for log in logs if log.through is not None]
    # Of two that came as far, the one that says more of what it had read.
    through, generation, number = max(
        known, key=lambda one: (one[0], one[2] is not None), default=(None, None, None)
    )
    records = [record for log in logs for record in log.records]
    ended = {record.call for record in records if record.state.ended}
    settled = {
        occurrence.id
        for record in records
        if record.state not in _UNSETTLED
        for occurrence in record.occurrences
    }
    pending = {key: attempt for log in logs for key, attempt in log.pending.items()}
    return Cursor(
        through=through,
        generation=generation,
        number=number,
        unread=_unread(logs, generation),
        pending=without(pending, settled),
        calls={
            record.call: record.occurrence.id
            for record in records
            if record.state is RunState.STARTED
            and record.call is not None
            and record.call not in ended
        },
        wakes={log.slot: log.started for log in logs},
        outbox=Outbox(streaks_of(records), {}),
    )


def _unread(logs: Sequence[WakeLog], generation: str | None) -> int | None:
    """Since when records of a generation that cannot be read have not been looked at."""
    through = None
    for log in logs:
        place = generation_path(log.generation)
        if log.generation == generation and any(one.where.startswith(place) for one in log.damaged):
            return (log.now - LOOKBACK if through is None else through) - RELOOK
        through = log.through if through is None else max(through, log.through or through)
    return None


def with_notifications(
    cursor: Cursor, logs: Sequence[WakeLog], generation: Generation, seen: datetime
) -> Cursor:
    """A cursor that was recovered from these logs, with what is still to be sent.

    The wakes' lines are noted again in their order, as the wakes did. What came of it within a day
    waits to be sent, unless the logs say that it was sent or given up. A wake may have put a miss
    into another notification than its own line would: so the misses of what was sent come first.

    Args:
        generation: what is live.
        seen: the present.
    """
    outbox = EMPTY_OUTBOX._replace(notified=frozenset(), misses=_counted(logs))
    oldest, known = format_time(seen - GIVEN_UP_AFTER), _Known()
    for log in logs:
        started = datetime.fromisoformat(log.started)
        lines = known.new(log.records)
        outbox = outbox_with(outbox, generation, lines, started, is_current=False)
        stale = [
            key
            for key, notification in outbox.notifications.items()
            if notification.raised < oldest or notification.kind.is_ping
        ]
        outbox = outbox.without(stale)
    return replace(cursor, outbox=outbox.without(_settled(logs)))


@dataclass
class _Known:
    """What lines of wakes have said already: each fact is noted once."""

    calls: set[str | None] = field(default_factory=set)
    facts: set[tuple[Occurrence, RunState, int]] = field(default_factory=set)

    def new(self, lines: Iterable[RunRecord]) -> list[RunRecord]:
        """What these lines say that was not known; how runs ended comes first."""
        found = [new for line in lines if (new := self._new(line)) is not None]
        return sorted(found, key=lambda line: (not line.state.ended, line.occurrence.at))

    def _new(self, line: RunRecord) -> RunRecord | None:
        if line.state.ended:
            known = line.call in self.calls
            self.calls.add(line.call)
            return None if known else line
        facts = {one.at: (one, line.state, line.attempt) for one in line.occurrences}
        times = tuple(at for at in line.times if facts[at] not in self.facts)
        self.facts.update(facts.values())
        left = line.count - len(line.times) + len(times)
        return replace(line, times=times, count=left) if times else None


def _settled(logs: Iterable[WakeLog]) -> set[str]:
    """The ids of the notifications that no recipient still waits for."""
    last = {
        (sending.notification, sending.to): sending.state
        for log in logs
        for sending in log.sendings
    }
    failing = {
        notification for (notification, _), state in last.items() if state is SendingState.FAILED
    }
    return {notification for notification, _ in last} - failing


def _counted(logs: Sequence[WakeLog]) -> dict[str, tuple[int, ...]]:
    """Schedule to the misses that settled notifications count."""
    settled, found = _settled(logs), dict[str, set[int]]()
    for sending in (sending for log in logs for sending in log.sendings):
        if sending.times and sending.notification in settled:
            name = Occurrence.parse(sending.notification.partition("/")[2]).name
            found.setdefault(name, set()).update(sending.times)
    return {name: tuple(sorted(times)) for name, times in found.items()}


_UNSETTLED: Final = frozenset({RunState.START_FAILED, RunState.QUEUED})
