"""The cursor from what the wakes wrote down, for when its entry is gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reconciler.dispatch.decide.notifications import GIVEN_UP_AFTER, noting, streaks_of
from reconciler.model.cursor import LOOKBACK, RELOOK, Cursor, without
from reconciler.model.generation import generation_path
from reconciler.model.occurrence import Occurrence
from reconciler.model.outbox import NOTHING_TO_TELL, Bulletin, ToldState
from reconciler.model.runs import RunRecord, RunState, WakeLog, format_time

if TYPE_CHECKING:
    from reconciler.model.generation import Generation

RECOVERY_DAYS: Final = 7
"""Days of runs files, the newest that have any, that are read when the cursor's entry is gone."""


def recover(logs: Sequence[WakeLog]) -> Cursor:
    """The cursor from what the wakes wrote down, for when its entry is gone.

    Wakes that did nothing write nothing, so this may lie further back than the entry did. What
    lies between was not due, or has its claim.

    Args:
        logs: oldest first.
    """
    known = [(log.through, log.generation, log.number) for log in logs if log.through is not None]
    # Of two that came as far, the one that tells more of what it had read.
    through, generation, number = max(
        known, key=lambda one: (one[0], one[2] is not None), default=(None, None, None)
    )
    records = [record for log in logs for record in log.records]
    ended = {record.call for record in records if record.state.ended}
    settled = {
        Occurrence(record.name, at).id
        for record in records
        if record.state not in _UNSETTLED
        for at in record.times
    }
    unsettled = {key: attempt for log in logs for key, attempt in log.unsettled.items()}
    return Cursor(
        through=through,
        generation=generation,
        number=number,
        unread=_unread(logs, generation),
        unsettled=without(unsettled, settled),
        calls={
            record.call: record.occurrence.id
            for record in records
            if record.state is RunState.STARTED
            and record.call is not None
            and record.call not in ended
        },
        wakes={log.slot: log.started for log in logs},
        bulletin=Bulletin(streaks_of(records), {}),
        is_recovered=True,
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


def with_notices(
    cursor: Cursor, logs: Sequence[WakeLog], generation: Generation, seen: datetime
) -> Cursor:
    """A cursor that was recovered from these logs, with what is still to be sent.

    The wakes' lines are noted again in their order, as the wakes did. What came of it within a day
    waits to be sent, unless the logs say that it was sent or given up. A wake may have put a miss
    into another notice than its own line would: so the misses of what was sent come first.

    Args:
        generation: what is live.
        seen: the present.
    """
    bulletin = NOTHING_TO_TELL._replace(told=frozenset(), misses=_counted(logs))
    oldest, known = format_time(seen - GIVEN_UP_AFTER), _Known()
    for log in logs:
        started = datetime.fromisoformat(log.started)
        bulletin = noting(bulletin, generation, known.new(log.records), started)
        stale = [
            key
            for key, notice in bulletin.notices.items()
            if notice.raised < oldest or notice.kind.is_ping
        ]
        bulletin = bulletin.without(stale)
    return replace(cursor, bulletin=bulletin.without(_settled(logs)))


@dataclass
class _Known:
    """What lines of wakes have said already: each fact is noted once."""

    calls: set[str | None] = field(default_factory=set)
    facts: set[tuple[str, int, RunState, int]] = field(default_factory=set)

    def new(self, lines: Iterable[RunRecord]) -> list[RunRecord]:
        """What these lines say that was not known; how runs ended comes first."""
        found = [new for line in lines if (new := self._new(line)) is not None]
        return sorted(found, key=lambda line: (not line.state.ended, line.occurrence.at))

    def _new(self, line: RunRecord) -> RunRecord | None:
        if line.state.ended:
            known = line.call in self.calls
            self.calls.add(line.call)
            return None if known else line
        facts = {at: (line.name, at, line.state, line.attempt) for at in line.times}
        times = tuple(at for at in line.times if facts[at] not in self.facts)
        self.facts.update(facts.values())
        left = line.count - len(line.times) + len(times)
        return replace(line, times=times, count=left) if times else None


def _settled(logs: Iterable[WakeLog]) -> set[str]:
    """The ids of the notices that each recipient who was tried has, or will not be sent again."""
    last = {(told.notice, told.to): told.state for log in logs for told in log.told}
    failing = {notice for (notice, _), state in last.items() if state is ToldState.FAILED}
    return {notice for notice, _ in last} - failing


def _counted(logs: Sequence[WakeLog]) -> dict[str, tuple[int, ...]]:
    """Schedule to the misses that settled notices count."""
    settled, found = _settled(logs), dict[str, set[int]]()
    for told in (told for log in logs for told in log.told):
        if told.times and told.notice in settled:
            name = Occurrence.parse(told.notice.partition("/")[2]).name
            found.setdefault(name, set()).update(told.times)
    return {name: tuple(sorted(times)) for name, times in found.items()}


_UNSETTLED: Final = frozenset({RunState.START_FAILED, RunState.QUEUED})
