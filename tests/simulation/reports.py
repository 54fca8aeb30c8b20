"""What the runs files say of each occurrence."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.cron import instant
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import RunRecord, RunState, format_time
from tests.simulation.nominal import Calendar
from tests.simulation.world import World


@dataclass(slots=True)
class Reports:
    """The lines of the runs files by occurrence.

    Attributes:
        missed, skipped: the reasons given.
        skipped_ahead: skipped by ``wake --at`` before they were due.
        waiting: left by a wake to a later one.
        unsure: named in a runs file that was lost although its commit said yes.
        lost: the reasons for which such a file said that one was missed or skipped.
        attempts: the number of the last attempt after which one was missed.
        calls: the lines that name a call.
    """

    missed: dict[Occurrence, set[str]] = field(default_factory=lambda: defaultdict(set))
    skipped: dict[Occurrence, set[str]] = field(default_factory=lambda: defaultdict(set))
    skipped_ahead: set[Occurrence] = field(default_factory=set)
    queued: set[Occurrence] = field(default_factory=set)
    started: set[Occurrence] = field(default_factory=set)
    waiting: set[Occurrence] = field(default_factory=set)
    unsure: set[Occurrence] = field(default_factory=set)
    lost: dict[Occurrence, set[str]] = field(default_factory=lambda: defaultdict(set))
    attempts: dict[Occurrence, int] = field(default_factory=dict)
    calls: list[RunRecord] = field(default_factory=list)

    @classmethod
    def of(cls, world: World, calendar: Calendar) -> Reports:
        """What a simulation that is over has left behind."""
        names: dict[str, list[int]] = defaultdict(list)
        for occurrence in sorted(calendar.by_occurrence):
            names[occurrence.name].append(occurrence.at)
        found = cls()
        for log in (*world.written, *world.lost):
            found.waiting.update(Occurrence.parse(key) for key in log.pending)
        for log in world.written:
            for record in log.records:
                found._read(record, names)
                # A regular wake may be ahead too, by its clock: that is in ``World.foreseen``.
                is_ahead = log.through is None and record.at < format_time(instant(log.now))
                if is_ahead and record.state is RunState.SKIPPED:
                    found.skipped_ahead.update(_named(record, names))
        for log in world.lost:
            for record in log.records:
                for key in _named(record, names):
                    found.unsure.add(key)
                    if record.state in (RunState.MISSED, RunState.SKIPPED):
                        found.lost[key].add(record.reason or "")
        return found

    def _read(self, record: RunRecord, names: Mapping[str, Sequence[int]]) -> None:
        if record.call is not None:
            self.calls.append(record)
        for key in _named(record, names):
            match record.state:
                case RunState.MISSED:
                    self.missed[key].add(record.reason or "")
                    self.attempts[key] = max(record.attempt, self.attempts.get(key, 1))
                case RunState.SKIPPED:
                    self.skipped[key].add(record.reason or "")
                case RunState.QUEUED:
                    self.queued.add(key)
                case RunState.START_FAILED:
                    pass
                case _:
                    self.started.add(key)


def _named(record: RunRecord, names: Mapping[str, Sequence[int]]) -> Iterator[Occurrence]:
    """The occurrences that a line is about, those too that it does not spell out."""
    times: Iterable[int] = record.times
    if record.count > len(record.times):
        known = names.get(record.name, ())
        first, last = bisect_left(known, record.times[0]), bisect_right(known, record.times[-1])
        times = known[first:last]
    return (Occurrence(record.name, at) for at in times)
