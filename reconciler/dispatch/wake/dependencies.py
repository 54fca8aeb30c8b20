"""Decide about the occurrences of a wake that wait for other schedules.

What waits is ``pending``: in the cursor, and in the header of each runs file until it is settled.
So it survives a wake that dies and a Dict that has lost its entries. The upstreams' outcome is
read from the runs files, and from the lines of this wake; a claim of an upstream is not asked,
because it dies after seven idle days and says nothing of how a run ended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from reconciler.cron import minute
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.dispatch.decide.dependencies import (
    Ruled,
    Ruling,
    UpstreamRuns,
    alert_time,
    decide_dependencies,
)
from reconciler.dispatch.decide.due import DropOutcome, Dropped, Due, Starting, judge
from reconciler.dispatch.decide.notifications import rule_of
from reconciler.dispatch.ports import RunLog
from reconciler.dispatch.wake.step import StepProcessor, Tally
from reconciler.model.cursor import Cursor
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.outbox import Notification, NotificationKind, SendingState
from reconciler.model.runs import Run, merged, with_older
from reconciler.model.runs_file import ReadLogs, RunRecord, RunState, WakeLog, format_time
from reconciler.model.schedule_record import ScheduleRecord

_DROPPED: Final = {RunState.SKIPPED: Ruling.SKIP, RunState.MISSED: Ruling.MISS}
_NOT_ADMITTED: Final = frozenset({RunState.QUEUED, *_DROPPED})
"""The states of an occurrence that no wake has found free to start."""
_DROPPED_AS: Final = {Ruling.SKIP: DropOutcome.SKIPPED, Ruling.MISS: DropOutcome.MISSED}


@dataclass(slots=True)
class Dependencies:
    """The occurrences of one wake that wait for others.

    Attributes:
        now: epoch minute up to which the wake looks.
        started: when it began.
        cursor: what earlier wakes left.
        look_at: how a call has ended, as a line; None while it runs.
        running: the calls that were running when something was found to wait for their end.
        late: alerts about what still waits at the time that its schedule gives.
    """

    generation: Generation
    log: RunLog
    now: int
    started: datetime
    cursor: Cursor
    look_at: Callable[[str, Occurrence], Awaitable[RunRecord | None]]
    running: set[str] = field(default_factory=set)
    late: list[Notification] = field(default_factory=list)
    _lines: list[RunRecord] = field(default_factory=list)

    async def process(
        self, held: Starting, processor: StepProcessor, tally: Tally, ended: Sequence[RunRecord]
    ) -> None:
        """Start, drop or leave waiting what was held back.

        Upstreams come before what waits for them, so that a skip goes down a chain at once.

        Args:
            tally: of the step, with the lines of all that was not held back.
            ended: the lines about calls that the wake found ended.

        Raises:
            UnavailableError: the runs files cannot be read. What to start is not known without
                them.
        """
        days, about = self._reach(held)
        logs = await self.log.recent(days, about.__contains__)
        history = merged(logs)
        alerted = _alerted(logs)
        left = dict(held)
        while left:
            names = {record.name for record, _attempt in left.values()}
            ready = {
                occurrence: (record, attempt)
                for occurrence, (record, attempt) in left.items()
                if not any(one.name in names for one in record.after)
            } or left
            left = {key: value for key, value in left.items() if key not in ready}
            runs = self._runs(history, (*self._lines, *ended, *tally.records))
            await self._process_ready(ready, runs, processor, tally, alerted)
        self._lines += tally.records

    def _reach(self, held: Starting) -> tuple[int, frozenset[str]]:
        """How many days of runs files are read, and whose lines."""
        names: set[str] = set()
        oldest = self.now
        for occurrence, (record, _attempt) in held.items():
            names.update(record.names)
            for one in record.after:
                upstream = self.generation.find(one.name)
                names.update((one.name,) if upstream is None else upstream.names)
                oldest = min(oldest, occurrence.at - one.within)
        return (self.now - oldest) // MINUTES_PER_DAY + 2, frozenset(names)

    def _runs(
        self, history: Mapping[Occurrence, Run], lines: Iterable[RunRecord]
    ) -> dict[Occurrence, Run]:
        found = merged([_log_of(lines, self.started)])
        with_older(found, history)
        return found

    async def _process_ready(
        self,
        ready: Starting,
        runs: Mapping[Occurrence, Run],
        processor: StepProcessor,
        tally: Tally,
        alerted: frozenset[str],
    ) -> None:
        starting: dict[Occurrence, tuple[ScheduleRecord, int]] = {}
        dropped: dict[Occurrence, Dropped] = {}
        for occurrence, (record, attempt) in ready.items():
            ruled = self._rule(occurrence, record, attempt, runs)
            if forgotten := await self._forgotten_ends(ruled, tally):
                tally.records += forgotten
                runs = self._runs(runs, forgotten)
                ruled = self._rule(occurrence, record, attempt, runs)
            match ruled.ruling:
                case Ruling.START:
                    starting[occurrence] = (record, attempt)
                case Ruling.WAIT:
                    tally.pending[occurrence.id] = attempt
                    self.running.update(run.call for run in ruled.running if run.call)
                    before = runs.get(occurrence)
                    if before is None or before.reason != ruled.reason:
                        tally.records.append(self._waiting(occurrence, ruled))
                    self._alert(occurrence, record, ruled, alerted)
                case Ruling.SKIP | Ruling.MISS:
                    outcome = _DROPPED_AS[ruled.ruling]
                    times = (occurrence.at,)
                    dropped[occurrence] = Dropped(
                        occurrence.name, times, outcome, ruled.reason or ""
                    )
        for occurrence in await processor.drop(dropped, tally):
            starting[occurrence] = ready[occurrence]  # another wake has claimed it: that goes on
        await processor.start_all(starting, tally)

    async def _forgotten_ends(self, ruled: Ruled, tally: Tally) -> list[RunRecord]:
        """The ends of runs that the cursor takes for written down, and the runs files do not say:
        the file that did was lost. Without this, what waits for them would wait in vain."""
        known = {*self.cursor.calls, *tally.calls}
        lines = [
            await self.look_at(run.call, run.occurrence)
            for run in ruled.running
            if run.call is not None and run.call not in known
        ]
        return [line for line in lines if line is not None]

    def _rule(
        self,
        occurrence: Occurrence,
        record: ScheduleRecord,
        attempt: int,
        runs: Mapping[Occurrence, Run],
    ) -> Ruled:
        own = runs.get(occurrence)
        if attempt > 1 or (own is not None and own.state not in _NOT_ADMITTED):
            # It was admitted before; whether it starts, or did, its claims say.
            return Ruled(Ruling.START)
        upstreams = [
            UpstreamRuns.of(one, self.generation.find(one.name), runs.values())
            for one in record.after
        ]
        # A person asked for it; unless it follows an upstream, which was asked for.
        if occurrence.id in self.cursor.triggered and not (
            record.follows and any(one.newest(occurrence.at) is not None for one in upstreams)
        ):
            return Ruled(Ruling.START)
        ruled = decide_dependencies(record, occurrence.at, upstreams, self.now)
        if ruled.ruling is Ruling.WAIT and own is not None and own.state in _DROPPED:
            # The claim of the wake that dropped it had no answer.
            return Ruled(_DROPPED[own.state], own.reason)
        return ruled

    def _waiting(self, occurrence: Occurrence, ruled: Ruled) -> RunRecord:
        return RunRecord(
            name=occurrence.name,
            times=(occurrence.at,),
            state=RunState.QUEUED,
            at=format_time(self.started),
            reason=ruled.reason,
        )

    def _alert(
        self,
        occurrence: Occurrence,
        record: ScheduleRecord,
        ruled: Ruled,
        alerted: frozenset[str],
    ) -> None:
        """Each wake makes the alert anew, until it was sent: no stored entry has to live for it."""
        at = alert_time(record, occurrence.at)
        if at is None or at > self.now or rule_of(self.generation, record.name, record) is None:
            return
        alert = Notification(
            kind=NotificationKind.WAITING,
            name=record.name,
            subject=occurrence.id,
            raised=format_time(self.started),
            since=format_minute(at),
            reason=ruled.reason,
        )
        if alert.id not in alerted:
            self.late.append(alert)


def followers(generation: Generation, record: ScheduleRecord, now: int) -> list[Due]:
    """The occurrences of the schedules that have the times of this one, when a person starts it.

    Args:
        now: epoch minute of its occurrence.
    """
    found: list[Due] = []
    for name in record.dependants:
        follower = generation.find(name)
        if follower is None or not follower.follows:
            continue
        ended = follower.end is not None and now >= follower.end
        if not ended and (follower.start is None or now >= follower.start):
            verdict = judge(follower, (now,), now, generation.punctuality)
            found.append(Due(follower, verdict.start, verdict.dropped))
            found += followers(generation, follower, now)
    return found


def _alerted(logs: ReadLogs) -> frozenset[str]:
    """The ids of the notifications that were sent."""
    return frozenset(
        one.notification for log in logs for one in log.sendings if one.state is SendingState.SENT
    )


def _log_of(lines: Iterable[RunRecord], started: datetime) -> WakeLog:
    """Lines that are not written down yet, as the log of a wake."""
    return WakeLog(
        wake="",
        slot="",
        started=format_time(started),
        now=minute(started),
        generation="",
        through=None,
        pending={},
        records=tuple(lines),
    )
