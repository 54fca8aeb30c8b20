"""The runs files from the newest back: no more of them is read than a question needs.

A line about a nominal time is in the file of a wake that came then or later, unless the file's name
says otherwise (:attr:`~reconciler.dispatch.runs.WakeLog.is_notable`). So once all files from some
time on are read, all is known of the nominal times after it. Of a day that has a summary, a
question that the summary can answer reads the summary instead of the day's files.

Everything is derived from files that are written once. When compaction replaces files while they
are read, the reader begins anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from reconciler.cron import minute
from reconciler.deploy.ports import Files
from reconciler.dispatch.adapters.at_once import at_once
from reconciler.model.day_summary import DaySummary, decode_summary
from reconciler.model.formats import Damaged, FormatError
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.runs import Run, in_order, merged, with_older
from reconciler.model.runs_file import (
    NOTABLE,
    RUNS_FOLDER,
    ReadLogs,
    RunRecord,
    WakeLog,
    decode_compacted,
    summary_path,
)
from reconciler.model.task import is_task

FIRST: Final = 2**20
"""Bytes of files that are read first. Few files of many schedules have them; of few schedules, a
day has less."""
MOST: Final = 16 * 2**20
"""Bytes of files that are read at the same time at most; each step reads four times as many as the
one before it."""
FILES: Final = 32
"""Files that are read at the same time."""
BEGUN_ANEW: Final = 3
"""Times that a reader begins anew because files went while it read; compaction is once a day."""
BEFORE: Final = 8 * 24 * 60
"""Minutes before a nominal time in which a wake may have processed it."""
NOTHING_READ: Final = 2**62
"""The epoch minute after which nothing is known yet: no nominal time is later."""

About: TypeAlias = Callable[[str], bool]
"""Which names of the history are wanted."""


def all_names(_name: str) -> bool:
    """Every name of the history is wanted."""
    return True


Decode: TypeAlias = Callable[[bytes, str, About | None], ReadLogs]
"""As :func:`~reconciler.model.runs_file.decode_compacted`."""

_IN_DAY: Final = re.compile(rf"{RUNS_FOLDER}/(\d{{4}}-\d\d-\d\d)/[^/]*\.jsonl")
_TIME: Final = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)-")


@dataclass
class Known:
    """What has been read.

    Attributes:
        runs: by occurrence, as far as the lines say that were read.
        after: epoch minute; of the names that are still wanted, every line about a later nominal
            time has been read.
        damaged: files, or lines of them, that cannot be read.
        reported: what wakes could not read, each with when the newest wake said so, ISO 8601.
        headers: the logs that were read, without their lines.
        cut: lines about many occurrences that do not spell out all of them.
    """

    runs: dict[Occurrence, Run] = field(default_factory=dict)
    after: int = NOTHING_READ
    damaged: dict[Damaged, None] = field(default_factory=dict)
    reported: dict[Damaged, str] = field(default_factory=dict)
    headers: list[WakeLog] = field(default_factory=list)
    cut: list[RunRecord] = field(default_factory=list)

    @property
    def ordered(self) -> list[Run]:
        """The runs in the order of nominal time and name."""
        return in_order(self.runs)

    def reported_since(self, since: int) -> Iterator[Damaged]:
        """What wakes from this epoch minute on could not read."""
        return (
            one for one, at in self.reported.items() if minute(datetime.fromisoformat(at)) >= since
        )

    def add(self, logs: ReadLogs) -> None:
        """Add logs that are older than what was read."""
        with_older(self.runs, merged(logs).values())
        self.note(logs)

    def note(self, logs: ReadLogs) -> None:
        """Note what logs say beside their lines."""
        self.damaged.update(dict.fromkeys(logs.damaged))
        for log in logs:
            self.headers.append(replace(log, records=()) if log.records else log)
            self.cut += (line for line in log.records if line.count > len(line.times))
            for one in log.damaged:
                self.reported[one] = max(log.started, self.reported.get(one, ""))


class RunsFile(NamedTuple):
    """A file with logs of wakes."""

    path: str
    size: int

    @property
    def day(self) -> str:
        """``2026-11-20``."""
        return self.path.split("/")[1]

    @property
    def newest(self) -> str:
        """The latest time, ISO 8601, at which a wake began whose log it may hold."""
        found = _TIME.match(self.path.split("/")[2])
        return f"{self.day}T{':'.join(found.groups()) if found else '23:59:59'}Z"


class Unit(NamedTuple):
    """Files that are read together: one, or those of a day that has a summary."""

    newest: str
    files: tuple[RunsFile, ...]
    summary: str | None = None
    size: int = 0


class _GoneError(Exception):
    """A file that was listed is not there any more."""


@dataclass(frozen=True, slots=True)
class RunHistory:
    """The runs files on our Volume.

    Attributes:
        decode: decodes the content of a file, given its path and the names whose lines are wanted.
    """

    files: Files
    decode: Decode = decode_compacted

    async def read_back(
        self,
        wanted: Callable[[Known], About | None],
        *,
        days: int,
        since: str = "",
        summaries: bool = False,
    ) -> Known:
        """Read from the newest file back until a question is answered.

        Args:
            wanted: asked before each step with what is known. The names of which more is needed,
                or None when the question is answered.
            days: the newest days that have any files; older ones are not read.
            since: ISO 8601; files of earlier wakes are not read either.
            summaries: whether the summaries of days can answer it.

        Raises:
            UnavailableError: Modal did not answer.
        """
        for _ in range(BEGUN_ANEW):
            try:
                return await self._read_back(wanted, days, since, summaries=summaries)
            except _GoneError:
                continue
        return await self._read_back(wanted, days, since, summaries=summaries, anew=False)

    async def read_about(self, about: About, at: int, *, days: int) -> Known:
        """Read every line of some names about one nominal time.

        Those are in the files of wakes from that time on, and of the week before it, in which a
        wake may have processed it ahead of its time: claims live for a week. Of a day whose summary
        says that its files do not mention the time, the files are not read.

        Args:
            at: epoch minute.
            days: as in :meth:`read_back`.

        Raises:
            UnavailableError: Modal did not answer.
        """
        for _ in range(BEGUN_ANEW):
            try:
                return await self._read_about(about, at, days)
            except _GoneError:
                continue
        return await self._read_about(about, at, days, anew=False)

    async def _read_about(self, about: About, at: int, days: int, *, anew: bool = True) -> Known:
        sizes = await self.files.sizes(RUNS_FOLDER)
        time, first = format_minute(at), format_minute(at - BEFORE)[:10]
        units = _units(sizes, days, summaries=True)

        async def read(unit: Unit) -> ReadLogs:
            files, day = unit.files, unit.newest[:10]
            if day < first:
                files = tuple(file for file in files if NOTABLE in file.path)
            elif day == time[:10] or unit.summary is None:
                # A wake that came earlier that day knew of it only ahead of its time.
                files = tuple(f for f in files if f.newest >= time[:-1] or NOTABLE in f.path)
            elif (summary := await self._read_summary(unit, about)) is not None and not any(
                at in line.elsewhere for line in summary.lines.values()
            ):
                files = tuple(f for f in files if f.path.rpartition("/")[2] not in summary.files)
            return await self._read_files(files, about, anew=anew)

        known = Known(after=at - 1)
        for logs in await at_once(map(read, units)):
            known.add(logs)
        return known

    async def _read_back(
        self,
        wanted: Callable[[Known], About | None],
        days: int,
        since: str,
        *,
        summaries: bool,
        anew: bool = True,
    ) -> Known:
        units = _units(await self.files.sizes(RUNS_FOLDER), days, summaries=summaries)
        units = [unit for unit in units if unit.newest >= since]
        known, read, limit = Known(), 0, FIRST
        found: dict[Occurrence, Run] = {}
        notable: list[tuple[str, ReadLogs]] = []
        if not units:
            known.after = -1
        while read < len(units) and (about := wanted(known)) is not None:
            batch = _batch(units[read:], limit)
            if not read:
                notable = await self._read_notable(units, anew=anew)
            for logs, summary in await at_once(
                self._read_unit(unit, about, anew=anew) for unit in batch
            ):
                known.note(logs)
                with_older(found, merged(logs).values())
                if summary is not None:
                    lines = summary.lines.values()
                    with_older(found, (run for line in lines for run in line.all_runs()))
            read, limit = read + len(batch), min(4 * limit, MOST)
            left = units[read:]
            known.after = minute(datetime.fromisoformat(left[0].newest)) if left else -1
            known.runs = dict(found)
            for newest, logs in notable:
                # What lies in the units that were read is known already.
                if left and newest <= left[0].newest:
                    known.note(logs)
                    with_older(known.runs, merged(logs).values())
        return known

    async def _read_notable(
        self, units: Iterable[Unit], *, anew: bool
    ) -> list[tuple[str, ReadLogs]]:
        """What no newer file makes out of date, newest first: see
        :attr:`~reconciler.model.runs_file.WakeLog.is_notable`."""
        files = [file for unit in units for file in unit.files if NOTABLE in file.path]
        read = await at_once(self._read_files([file], None, anew=anew) for file in files)
        found = [
            (file.newest, ReadLogs(map(_notable_lines, logs), logs.damaged))
            for file, logs in zip(files, read, strict=True)
        ]
        return sorted(found, key=lambda one: one[0], reverse=True)

    async def _read_unit(
        self, unit: Unit, about: About, *, anew: bool
    ) -> tuple[ReadLogs, DaySummary | None]:
        summary = None
        if unit.summary is not None:
            summary = await self._read_summary(unit, about)
        covered = {} if summary is None else summary.files
        left = [file for file in unit.files if file.path.rpartition("/")[2] not in covered]
        return await self._read_files(left, about, anew=anew), summary

    async def _read_summary(self, unit: Unit, about: About) -> DaySummary | None:
        """The summary, None when it is not of these files, or cannot be read."""
        assert unit.summary is not None
        content = await self.files.read(unit.summary)
        try:
            summary = None if content is None else decode_summary(content, unit.summary, about)
        except FormatError:
            return None
        sizes = {file.path.rpartition("/")[2]: file.size for file in unit.files}
        if summary is None or any(sizes.get(name) != n for name, n in summary.files.items()):
            return None
        return summary

    async def _read_files(
        self, files: Sequence[RunsFile], about: About | None, *, anew: bool
    ) -> ReadLogs:
        async def read(path: str) -> ReadLogs:
            content = await self.files.read(path)
            if content is None:
                if anew:
                    raise _GoneError
                return ReadLogs()
            # What is notable is needed also of names that newer files have answered.
            return self.decode(content, path, None if NOTABLE in path else about)

        found = await at_once(read(file.path) for file in files)
        logs = {log.path: log for of_file in found for log in of_file}
        damaged = (one for of_file in found for one in of_file.damaged)
        return ReadLogs((logs[path] for path in sorted(logs)), damaged)


def _notable_lines(log: WakeLog) -> WakeLog:
    started = minute(datetime.fromisoformat(log.started))
    lines = (line for line in log.records if is_task(line.name) or line.times[-1] > started)
    return replace(log, records=tuple(lines))


def _units(sizes: Mapping[str, int], days: int, *, summaries: bool) -> list[Unit]:
    """What is on the Volume, newest first."""
    by_day: dict[str, list[RunsFile]] = {}
    for path, size in sizes.items():
        if (found := _IN_DAY.fullmatch(path)) is not None:
            by_day.setdefault(found[1], []).append(RunsFile(path, size))
    units: list[Unit] = []
    for day in sorted(by_day)[-days:]:
        files, summary = tuple(by_day[day]), summary_path(day)
        if summaries and summary in sizes:
            newest = max((file.newest for file in files), default=f"{day}T23:59:59Z")
            units.append(Unit(newest, files, summary, sizes[summary]))
        else:
            units += (Unit(file.newest, (file,), size=file.size) for file in files)
    return sorted(units, key=lambda unit: unit.newest, reverse=True)


def _batch(units: Sequence[Unit], limit: int) -> Sequence[Unit]:
    """The first of these units that together have no more than so many bytes; one at least, and one
    more where the first has as many alone."""
    size, found = 0, 0
    for unit in units[:FILES]:
        if found and size >= limit:
            break
        size += unit.size
        found += 1
    return units[:found]
