"""What happened in the last hours: every run, every wake, and the gaps in which none came.

A server asks this again and again. It keeps a :class:`HoursReader`, which puts each file together
with what it knows once.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise, takewhile
from typing import Final, NamedTuple

from reconciler.dispatch.decide.nominal_times import running_times
from reconciler.model.generation import Generation, new_generation
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run, combined, judged, minute_of
from reconciler.model.runs_file import NEEDS_ATTENTION, RunState, WakeLog
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.query.file_runs import FileRuns, RunsFile
from reconciler.query.newest_first import RunHistory, needed

MINUTES_PER_DAY: Final = 24 * 60
LONGEST_PAUSE: Final = 10
"""Minutes without a wake, a due minute among them, that are no gap yet."""
MOST: Final = 200_000
"""Runs that a reader keeps, some 100 MB; of more it keeps none."""


class Gap(NamedTuple):
    """Epoch minutes between which something was due and no wake came."""

    after: int
    until: int


class Alike(NamedTuple):
    """What runs have in common: nominal time, state, and the minute in which they started, None
    where they did not. Times are epoch minutes."""

    at: int
    state: RunState
    begun: int | None


@dataclass(frozen=True, slots=True)
class LastHours:
    """What happened in ``(after, until]``, epoch minutes.

    Attributes:
        runs: of each schedule, by its present name, in the order of nominal time.
        logs: what is known of each wake beside its lines, in the order in which they began.
        wakes: the minutes in which a wake began, ascending.
        gaps: in which no wake came.
        alike: how many runs have the same in common.
        troubled: the schedules with a run that did not go well on its first try.
    """

    after: int
    until: int
    runs: Mapping[str, Sequence[Run]]
    wakes: tuple[int, ...]
    gaps: tuple[Gap, ...]
    logs: tuple[WakeLog, ...] = ()
    alike: Mapping[Alike, int] = field(default_factory=dict)
    troubled: Collection[str] = ()


async def last_hours(
    history: RunHistory,
    records: Iterable[ScheduleRecord],
    until: int,
    hours: int,
    now: int | None = None,
) -> LastHours:
    """Read what happened in the hours before a minute.

    Args:
        records: the schedules that are live.
        until: epoch minute.
        now: epoch minute, where ``until`` is in the past.

    Raises:
        UnavailableError: Modal did not answer.
    """
    return await HoursReader(history, hours).read(records, until, hours, now)


@dataclass
class HoursReader:
    """Reads what happened, and keeps what it has put together.

    Invariant: the answer is that of a reader that begins anew. It forgets all when another
    generation is live, when a file has gone that the hours need, or when a file comes late: what
    a later log says counts more.

    Attributes:
        reach: hours that it keeps.
    """

    history: RunHistory
    reach: int
    _live: Generation = field(default_factory=lambda: new_generation((), (), 0))
    _floor: int = 0
    _files: set[RunsFile] = field(default_factory=set)
    _runs: dict[str, dict[Occurrence, Run]] = field(default_factory=dict)
    _ordered: dict[str, Sequence[Run]] = field(default_factory=dict)
    _replaced: dict[str, str] = field(default_factory=dict)
    _alike: Counter[Alike] = field(default_factory=Counter)
    _troubled: set[str] = field(default_factory=set)
    _logs: dict[str, tuple[int, WakeLog]] = field(default_factory=dict)
    _due: dict[int, Sequence[int]] = field(default_factory=dict)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(
        self, records: Iterable[ScheduleRecord], until: int, hours: int, now: int | None = None
    ) -> LastHours:
        """Read what happened in some of the hours; the arguments are those of :func:`last_hours`.

        Raises:
            UnavailableError: Modal did not answer.
        """
        async with self._reading:
            floor = until - self.reach * 60
            days = (max(until, now or until) - floor) // MINUTES_PER_DAY + 2
            first = floor - LONGEST_PAUSE
            records = tuple(records)
            if records != self._live.records or floor < self._floor:
                self._forget()
                self._live = new_generation(records, (), 0)
                self._due.clear()
            files, found = await self.history.read_since(first, days, self._files)
            if not self._go_on(files, first):
                self._forget()
                files, found = await self.history.read_since(first, days)
            self._files = set(files)
            self._drop_before(floor)
            for one in found:
                self._add(one)
            answer = self._answer(until - hours * 60, until)
            if sum(map(len, self._runs.values())) > MOST:
                self._forget()
            return answer

    def _forget(self) -> None:
        for kept in (self._files, self._runs, self._ordered, self._replaced, self._troubled):
            kept.clear()
        self._alike.clear()
        self._logs.clear()
        self._floor = 0

    def _go_on(self, files: Sequence[RunsFile], first: int) -> bool:
        """Whether all files that are put together and still count are there, and all others are
        newer."""
        count = set(needed(self._files, first))
        new = [file for file in files if file not in self._files]
        newest = max((file.place for file in count), default=("", ""))
        return count <= set(files) and all(file.place > newest for file in new)

    def _drop_before(self, floor: int) -> None:
        """Drop what lies before an epoch minute, once an hour."""
        if floor < self._floor + 60:
            return
        self._floor = floor
        for name, runs in self._runs.items():
            if any(one.at <= floor for one in runs):
                self._runs[name] = {one: run for one, run in runs.items() if one.at > floor}
                self._ordered.pop(name, None)
        self._alike = Counter({one: n for one, n in self._alike.items() if n and one.at > floor})
        first = floor - LONGEST_PAUSE
        self._logs = {path: (at, log) for path, (at, log) in self._logs.items() if at > first}
        self._due = {day: due for day, due in self._due.items() if day >= floor // MINUTES_PER_DAY}

    def _add(self, found: FileRuns) -> None:
        for log in found.logs:
            self._logs[log.path] = (minute_of(log.started), log)
        for one, newer in found.runs.items():
            owner = self._live.owner(one) if one.at > self._floor else None
            if owner is None:
                continue
            runs = self._runs.setdefault(owner.name, {})
            run = newer
            if (before := runs.get(one)) is not None:
                run = combined(before, newer)
                self._alike[_alike(before)] -= 1
            runs[one] = run
            self._alike[_alike(run)] += 1
            self._ordered.pop(owner.name, None)
            if _is_trouble(run):
                self._troubled.add(owner.name)
            if run.decisions and (gone := run.replaced) is not None:
                self._replaced[gone] = one.id

    def _answer(self, after: int, until: int) -> LastHours:
        runs = {name: found for name in self._runs if (found := self._between(name, after, until))}
        begun = {at for at, _log in self._logs.values()}
        wakes = tuple(sorted(at for at in begun if after - LONGEST_PAUSE < at <= until))
        logs = (log for at, log in self._logs.values() if after < at <= until)
        return LastHours(
            after,
            until,
            runs,
            wakes,
            tuple(wake_gaps(wakes, self._due_between(after, until), after, until)),
            tuple(sorted(logs, key=lambda log: log.started)),
            {one: n for one, n in self._alike.items() if n and after < one.at <= until},
            frozenset(name for name in self._troubled if any(map(_is_trouble, runs.get(name, ())))),
        )

    def _between(self, name: str, after: int, until: int) -> Sequence[Run]:
        """The runs of a schedule in a time, in the order of nominal time."""
        found = self._ordered.get(name)
        if found is None:
            found = sorted(self._runs[name].values(), key=_place)
            if self._replaced:
                found = [judged(run, self._replaced.get(run.occurrence.id)) for run in found]
            self._ordered[name] = found
        if not found or (found[0].occurrence.at > after and found[-1].occurrence.at <= until):
            return found
        return [run for run in found if after < run.occurrence.at <= until]

    def _due_between(self, after: int, until: int) -> Sequence[int]:
        """The minutes in which anything is due, ascending; found once for each day."""
        days = range(after // MINUTES_PER_DAY, until // MINUTES_PER_DAY + 1)
        for day in days:
            if day not in self._due:
                self._due[day] = _due_on(day, self._live.records)
        return [at for day in days for at in self._due[day] if after < at <= until]


def _due_on(day: int, records: Iterable[ScheduleRecord]) -> Sequence[int]:
    """Args: an epoch day."""
    first = day * MINUTES_PER_DAY
    last = first + MINUTES_PER_DAY - 1
    times = (takewhile(last.__ge__, running_times(record, first - 1)) for record in records)
    return sorted(set(chain.from_iterable(times)))


def _is_trouble(run: Run) -> bool:
    return run.state in NEEDS_ATTENTION or run.attempt > 1 or len(run.tries) > 1


def _alike(run: Run) -> Alike:
    begun = None if run.started is None else minute_of(run.started)
    return Alike(run.occurrence.at, run.state, begun)


def _place(run: Run) -> tuple[int, str, int]:
    name, at, number = run.occurrence
    return at, name, number


def wake_gaps(wakes: Sequence[int], due: Iterable[int], after: int, until: int) -> Iterator[Gap]:
    """Find the gaps: at least :data:`LONGEST_PAUSE` minutes without a wake, in which one was due.

    Args:
        wakes, due: epoch minutes, ascending. A wake in the due minute itself is in time.
    """
    due = list(due)
    for before, following in pairwise((after, *wakes, until + 1)):
        first = bisect_left(due, before + 1)
        waits = first < len(due) and due[first] < following
        if waits and following - before > LONGEST_PAUSE:
            yield Gap(before, min(following, until))
