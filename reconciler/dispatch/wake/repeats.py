"""Leave out of a wake's work what an earlier wake has settled and written down.

A wake looks again at times that earlier ones have passed: at those of a schedule that they may
not have read, and at those that a wrong clock may have hidden. The claims then say what was settled
long ago. To write it down again would raise its alerts again, and the end of a run would count
twice in a streak of failures. Claims live for seven idle days: older ones are in the runs files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from reconciler.cron import minute
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.decide.due import Due
from reconciler.dispatch.ports import RunLog
from reconciler.dispatch.wake.step import Tally
from reconciler.model.claim import CLAIM_LIFE
from reconciler.model.cursor import Cursor
from reconciler.model.formats import Damaged
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run, runs_of
from reconciler.model.runs_file import RunRecord, RunState
from reconciler.model.schedule_record import ScheduleRecord

DAYS: Final = 9
"""Days of runs files that are read at most; claims that prove anything are younger."""
_OPEN: Final = frozenset({RunState.START_FAILED, RunState.QUEUED})
"""The states of an occurrence that a later wake is to look at again."""


class Before(NamedTuple):
    """What the history says of what a wake was asked for.

    Attributes:
        lines: of each occurrence that is settled what happened.
        damaged: what of the history cannot be read.
    """

    lines: tuple[RunRecord, ...] = ()
    damaged: tuple[Damaged, ...] = ()


async def leave_out_repeats(
    again: Iterable[RunRecord], tally: Tally, log: RunLog, started: datetime, *, keep: bool
) -> None:
    """Drop lines that the runs files hold already, and the calls whose end they hold.

    Where the files cannot be read, everything stays: written down twice is better than never.

    Args:
        again: lines of the tally that may be repeats.
        started: when the wake began.
        keep: leave the lines for the person that asked for the wake; they are not notified again.
    """
    again = list(again)
    oldest = min(line.occurrence.at for line in again)
    days = (minute(started) - oldest) // MINUTES_PER_DAY + 2
    names = {line.name for line in again}
    with suppress(UnavailableError):
        logs = await log.recent(min(days, DAYS), names.__contains__)
        lines = [line for log in logs for line in log.records]
        ended = {line.call for line in lines if line.state.ended}
        written = {fact for line in lines for fact in _facts(line)}
        for line in again:
            if set(_facts(line)) <= written:
                if keep:
                    tally.repeated.append(line)
                else:
                    tally.records.remove(line)
        for call in [call for call in tally.calls if call in ended]:
            del tally.calls[call]


async def not_settled(dues: Sequence[Due], cursor: Cursor, log: RunLog, now: int) -> list[Due]:
    """What is due, without what the runs files say was settled and whose claims may have expired.

    Args:
        cursor: what earlier wakes left: only what they came past can have been settled.
        now: epoch minute.

    Raises:
        UnavailableError: the runs files cannot be read. What to start is not known without them.
    """
    last = now - int(CLAIM_LIFE.total_seconds()) // 60
    names = {name for due in dues for name in due.record.names}
    days = (now - min(due.oldest for due in dues)) // MINUTES_PER_DAY + 2
    spans: dict[str, list[tuple[int, int]]] = {}
    for line in (
        line for one in await log.recent(days, names.__contains__) for line in one.records
    ):
        if line.state not in _OPEN:
            # A line about many spells out the first and the newest.
            whole = [(line.times[0], line.times[-1])] if line.count > len(line.times) else []
            spans.setdefault(line.name, []).extend(whole or ((at, at) for at in line.times))

    def is_settled(record: ScheduleRecord, at: int) -> bool:
        if at > last or not cursor.has_passed(at):
            return False
        named = spans.get(record.occurrence(at).name, ())
        return any(first <= at <= until for first, until in named)

    left = (due.without({at for at in due.times if is_settled(due.record, at)}) for due in dues)
    return [due for due in left if due.times]


async def settled_before(
    dues: Sequence[Due], cursor: Cursor, log: RunLog, started: datetime
) -> tuple[list[Due], Before]:
    """What is due in a minute that a person asks for, without what the runs files say was settled.

    Nothing else says it: the claim of an occurrence dies, and of many that were missed at once
    only the newest have one.

    Invariant: *what a runs file says was settled is not started because a person asks for its
    minute*.

    Args:
        started: when the wake began.

    Raises:
        UnavailableError: the runs files cannot be read. What to start is not known without them.
    """
    names = {name for due in dues for name in due.record.names}
    age = (minute(started) - min(due.oldest for due in dues)) // MINUTES_PER_DAY
    # A person may have asked for a minute before its time.
    logs = await log.recent(max(age + 2, DAYS), names.__contains__)
    runs = {run.occurrence: run for run in runs_of(logs)}
    cut = [line for one in logs for line in one.records if line.count > len(line.times)]
    left: list[Due] = []
    known: list[RunRecord] = []
    for due in dues:
        settled: set[int] = set()
        for at in due.times:
            occurrence = due.record.occurrence(at)
            line = _settled_by(occurrence, runs.get(occurrence), cut)
            if line is not None and occurrence.id not in cursor.pending:
                settled.add(at)
                known.append(line)
        rest = due.without(settled)
        if rest.times:
            left.append(rest)
    return left, Before(tuple(known), logs.damaged)


def _settled_by(
    occurrence: Occurrence, run: Run | None, cut: Iterable[RunRecord]
) -> RunRecord | None:
    """What the history says of an occurrence that is settled; None of one that may be started."""
    if run is not None:
        if run.state in _OPEN:
            return None
        return RunRecord(
            name=occurrence.name,
            times=(occurrence.at,),
            state=run.state,
            at=run.seen,
            attempt=run.attempt,
            call=run.call,
            reason=run.reason,
            result=run.result,
            tries=run.tries,
        )
    for line in cut:
        if line.name == occurrence.name and line.times[0] <= occurrence.at <= line.times[-1]:
            return replace(line, times=(occurrence.at,), count=1)
    return None


def _facts(line: RunRecord) -> Iterable[tuple[Occurrence, RunState, str | None]]:
    """What a line says, of each occurrence that it spells out."""
    return ((one, line.state, line.call) for one in line.occurrences)
