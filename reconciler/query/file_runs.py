"""What one runs file says, its lines put together; and what many files said, kept in memory."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple, Self, TypeAlias

from reconciler.cron import minute
from reconciler.model.day_summary import DaySummary
from reconciler.model.formats import Damaged
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run, merged
from reconciler.model.runs_file import COMPACTED, NOTABLE, ReadLogs, RunRecord, WakeLog
from reconciler.model.task import is_task

LARGEST: Final = 2 * 2**20
"""Bytes of a file that is kept: one of a wake, not one of a whole day."""
MOST: Final = 150_000
"""Runs and logs that are kept, some 70 MB; what was not asked for longest goes first."""

_TIME: Final = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)-")

About: TypeAlias = Callable[[str], bool]
"""Which names of the history are wanted."""


def all_names(_name: str) -> bool:
    """Every name of the history is wanted."""
    return True


class RunsFile(NamedTuple):
    """A file with logs of wakes. It is written once: a path with a size names one content."""

    path: str
    size: int

    @property
    def name(self) -> str:
        """Within the folder of its day."""
        return self.path.rpartition("/")[2]

    @property
    def day(self) -> str:
        """``2026-11-20``."""
        return self.path.split("/")[1]

    @property
    def newest(self) -> str:
        """The latest time, ISO 8601, at which a wake began whose log it may hold."""
        found = _TIME.match(self.name)
        return f"{self.day}T{':'.join(found.groups()) if found else '23:59:59'}Z"

    @property
    def place(self) -> tuple[str, str]:
        """By which files are in the order of their wakes."""
        return self.newest, self.path

    @property
    def is_notable(self) -> bool:
        """See :attr:`~reconciler.model.runs_file.WakeLog.is_notable`."""
        return NOTABLE in self.name

    @property
    def is_compacted(self) -> bool:
        """Whether it holds the logs of a day."""
        return self.name == COMPACTED


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRuns:
    """What a file says.

    Attributes:
        runs: by occurrence.
        logs: without their lines, the oldest first.
        cut: lines about many occurrences that do not spell out all of them.
        damaged: the file, or lines of it, that cannot be read.
        covers: of a summary, the names of the files that it is about, each with its size.
    """

    runs: Mapping[Occurrence, Run]
    logs: tuple[WakeLog, ...] = ()
    cut: tuple[RunRecord, ...] = ()
    damaged: tuple[Damaged, ...] = ()
    covers: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of_logs(cls, logs: ReadLogs) -> Self:
        """Put the lines of a runs file together."""
        return cls(
            runs=merged(logs),
            logs=tuple(replace(log, records=()) if log.records else log for log in logs),
            cut=tuple(line for log in logs for line in log.records if line.count > len(line.times)),
            damaged=logs.damaged,
        )

    @classmethod
    def of_summary(cls, summary: DaySummary) -> Self:
        """The runs that a summary knows."""
        runs = (run for line in summary.lines.values() for run in line.all_runs())
        return cls(runs={run.occurrence: run for run in runs}, covers=summary.files)

    def about(self, about: About) -> FileRuns:
        """The same with the runs of some names alone."""
        if about is all_names:
            return self
        runs = {one: run for one, run in self.runs.items() if about(one.name)}
        if len(runs) == len(self.runs):
            return self
        cut = tuple(line for line in self.cut if about(line.name))
        return replace(self, runs=runs, cut=cut)

    def ahead(self) -> FileRuns:
        """The same with what no newer file makes out of date: tasks, and occurrences that were
        processed before their time."""
        began = min((minute(datetime.fromisoformat(log.started)) for log in self.logs), default=0)
        runs = {one: run for one, run in self.runs.items() if is_task(one.name) or one.at > began}
        return replace(self, runs=runs)


@dataclass
class KeptRuns:
    """What files said that were read before.

    Invariant: it is what the file says. A runs file is written once, so its path and its size name
    its content; compaction writes a file of another size. A summary may be written again, and says
    the same as long as the files that it covers are there.
    """

    _kept: OrderedDict[RunsFile, FileRuns] = field(default_factory=OrderedDict)
    _weight: int = 0

    def get(self, file: RunsFile) -> FileRuns | None:
        """What the file says, None when it is not kept."""
        found = self._kept.get(file)
        if found is not None:
            self._kept.move_to_end(file)
        return found

    def holds(self, file: RunsFile) -> bool:
        """Whether a file of this size is kept."""
        return file.size <= LARGEST

    def keep(self, file: RunsFile, found: FileRuns) -> None:
        """Keep what a file says, all of it."""
        before = self._kept.pop(file, None)
        self._weight += _weight(found) - (0 if before is None else _weight(before))
        self._kept[file] = found
        while self._weight > MOST:
            self._weight -= _weight(self._kept.popitem(last=False)[1])


def _weight(found: FileRuns) -> int:
    return len(found.runs) + len(found.logs)
