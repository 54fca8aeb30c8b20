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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from reconciler.cron import instant, minute
from reconciler.deploy.ports import Files
from reconciler.dispatch.adapters.at_once import at_once
from reconciler.model.day_summary import DaySummary, decode_summary
from reconciler.model.formats import Damaged, FormatError
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.runs import Run, in_order, with_older
from reconciler.model.runs_file import (
    RUNS_FOLDER,
    RunRecord,
    WakeLog,
    decode_compacted,
    format_time,
    summary_path,
)
from reconciler.query.file_runs import About, FileRuns, KeptRuns, RunsFile, all_names

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

_IN_DAY: Final = re.compile(rf"{RUNS_FOLDER}/(\d{{4}}-\d\d-\d\d)/[^/]*\.jsonl")


@dataclass
class Known:
    """What has been read.

    Attributes:
        runs: by occurrence, as far as the lines say that were read.
        by_name: the occurrences of those.
        after: epoch minute; of the names that are still wanted, every line about a later nominal
            time has been read.
        damaged: files, or lines of them, that cannot be read.
        reported: what wakes could not read, each with when the newest wake said so, ISO 8601.
        logs: those that were read, without their lines, each once.
        cut: lines about many occurrences that do not spell out all of them.
    """

    runs: dict[Occurrence, Run] = field(default_factory=dict)
    by_name: dict[str, set[Occurrence]] = field(default_factory=dict)
    after: int = NOTHING_READ
    damaged: dict[Damaged, None] = field(default_factory=dict)
    reported: dict[Damaged, str] = field(default_factory=dict)
    logs: dict[tuple[str, str, int], WakeLog] = field(default_factory=dict)
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

    @property
    def headers(self) -> Iterable[WakeLog]:
        """The logs that were read, without their lines."""
        return self.logs.values()

    def of(self, names: Iterable[str]) -> Iterator[Run]:
        """The runs under some names."""
        return (self.runs[one] for name in names for one in self.by_name.get(name, ()))

    def note(self, found: FileRuns) -> None:
        """Note what a file says beside its runs."""
        for one in found.runs:
            self.by_name.setdefault(one.name, set()).add(one)
        self.damaged.update(dict.fromkeys(found.damaged))
        self.cut += found.cut
        for log in found.logs:
            self.logs[log.wake, log.execution, log.part] = log
            for unread in log.damaged:
                self.reported[unread] = max(log.started, self.reported.get(unread, ""))


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
        kept: what files said that were read before; None where one question alone is asked.
    """

    files: Files
    kept: KeptRuns | None = None

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

    async def read_since(
        self, after: int, days: int, but: Collection[RunsFile] = ()
    ) -> tuple[Sequence[RunsFile], Sequence[FileRuns]]:
        """Read every line about nominal times after an epoch minute, and every wake after it.

        Args:
            days: as in :meth:`read_back`.
            but: files that are not read.

        Returns:
            The files, and what those that were read say, both the oldest first.

        Raises:
            UnavailableError: Modal did not answer.
        """
        for begun in range(BEGUN_ANEW + 1):
            units = _units(await self.files.sizes(RUNS_FOLDER), days, summaries=False)
            files = sorted(
                needed((unit.files[0] for unit in units), after), key=lambda file: file.place
            )
            new = [Unit(file.newest, (file,)) for file in files if file not in but]
            with suppress(_GoneError):
                return files, await self._read_units(new, all_names, anew=begun < BEGUN_ANEW)
        raise AssertionError("the last reading goes on without files that are gone")

    async def _read_about(self, about: About, at: int, days: int, *, anew: bool = True) -> Known:
        sizes = await self.files.sizes(RUNS_FOLDER)
        time, first = format_minute(at), format_minute(at - BEFORE)[:10]
        units = _units(sizes, days, summaries=True)

        async def read(unit: Unit) -> Sequence[FileRuns]:
            files, day = unit.files, unit.newest[:10]
            if day < first:
                files = tuple(file for file in files if file.is_notable)
            elif day == time[:10] or unit.summary is None:
                # A wake that came earlier that day knew of it only ahead of its time.
                files = tuple(f for f in files if f.newest >= time[:-1] or f.is_notable)
            elif (summary := await self._read_summary(unit, about)) is not None and not any(
                at in line.elsewhere for line in summary.lines.values()
            ):
                files = tuple(file for file in files if file.name not in summary.files)
            return await self._read_files(files, about, anew=anew)

        known = Known(after=at - 1)
        for of_unit in await at_once(map(read, units)):
            for found in of_unit:
                known.note(found)
                with_older(known.runs, found.runs)
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
        runs: dict[Occurrence, Run] = {}
        notable: list[tuple[str, FileRuns]] = []
        if not units:
            known.after = -1
        while read < len(units) and (about := wanted(known)) is not None:
            batch = _batch(units[read:], limit)
            if not read:
                notable = await self._read_notable(units, anew=anew)
            for found in await self._read_units(batch, about, anew=anew):
                known.note(found)
                with_older(runs, found.runs)
            read, limit = read + len(batch), min(4 * limit, MOST)
            left = units[read:]
            known.after = minute(datetime.fromisoformat(left[0].newest)) if left else -1
            known.runs = dict(runs)
            for newest, found in notable:
                # What lies in the units that were read is known already.
                if left and newest <= left[0].newest:
                    known.note(found)
                    with_older(known.runs, found.runs)
        return known

    async def _read_notable(
        self, units: Iterable[Unit], *, anew: bool
    ) -> list[tuple[str, FileRuns]]:
        """What no newer file makes out of date, newest first."""
        files = [file for unit in units for file in unit.files if file.is_notable]
        read = await self._read_units(
            [Unit(file.newest, (file,)) for file in files], all_names, anew=anew
        )
        found = [(file.newest, one.ahead()) for file, one in zip(files, read, strict=True)]
        return sorted(found, key=lambda one: one[0], reverse=True)

    async def _read_units(
        self, units: Sequence[Unit], about: About, *, anew: bool
    ) -> list[FileRuns]:
        """What the units say, each newer than the next."""
        kept = [self._kept(unit, about) for unit in units]
        missing = [unit for unit, known in zip(units, kept, strict=True) if known is None]
        # A task for each of many files that are kept would take longer than all else.
        read = iter(await at_once(self._read_unit(unit, about, anew=anew) for unit in missing))
        return [one for known in kept for one in (next(read) if known is None else (known,))]

    def _kept(self, unit: Unit, about: About) -> FileRuns | None:
        """What a unit of one file says, where that is kept."""
        if self.kept is None or unit.summary is not None:
            return None
        (file,) = unit.files
        found = self.kept.get(file)
        # What is notable is needed also of names that newer files have answered.
        return found if found is None or file.is_notable else found.about(about)

    async def _read_unit(self, unit: Unit, about: About, *, anew: bool) -> Sequence[FileRuns]:
        summary = None
        if unit.summary is not None:
            summary = await self._summary_runs(unit, about)
        covered = {} if summary is None else summary.covers
        left = [file for file in unit.files if file.name not in covered]
        found = await self._read_files(left, about, anew=anew)
        return found if summary is None else (*found, summary)

    async def _summary_runs(self, unit: Unit, about: About) -> FileRuns | None:
        """As :meth:`_read_summary`, from what is kept."""
        if self.kept is None:
            summary = await self._read_summary(unit, about)
            return None if summary is None else FileRuns.of_summary(summary)
        assert unit.summary is not None
        file = RunsFile(unit.summary, unit.size)
        found = self.kept.get(file)
        if found is None or not _covers(unit, found.covers):
            summary = await self._read_summary(unit, all_names)
            if summary is None:
                return None
            found = FileRuns.of_summary(summary)
            self.kept.keep(file, found)
        return found.about(about)

    async def _read_summary(self, unit: Unit, about: About) -> DaySummary | None:
        """The summary, None when it is not of these files, or cannot be read."""
        assert unit.summary is not None
        content = await self.files.read(unit.summary)
        try:
            summary = None if content is None else decode_summary(content, unit.summary, about)
        except FormatError:
            return None
        return summary if summary is not None and _covers(unit, summary.files) else None

    async def _read_files(
        self, files: Sequence[RunsFile], about: About, *, anew: bool
    ) -> Sequence[FileRuns]:
        """What files of one day say, each newer than the next."""

        async def read(file: RunsFile) -> FileRuns:
            found = None if self.kept is None else self.kept.get(file)
            if found is None:
                content = await self.files.read(file.path)
                if content is None:
                    if anew:
                        raise _GoneError
                    return FileRuns(runs={})
                if self.kept is None or not self.kept.holds(file):
                    some = None if file.is_notable else about
                    return FileRuns.of_logs(decode_compacted(content, file.path, some))
                found = FileRuns.of_logs(decode_compacted(content, file.path))
                self.kept.keep(file, found)
            return found if file.is_notable else found.about(about)

        ordered = sorted(files, key=lambda file: (not file.is_compacted, file.path), reverse=True)
        found = await at_once(map(read, ordered))
        if not any(file.is_compacted for file in files):
            return found
        # A compaction that did not come to its end leaves the logs that it has put together.
        *single, compacted = found
        known = {log.path for log in compacted.logs}
        return [
            *(one for one in single if not {log.path for log in one.logs} <= known),
            compacted,
        ]


def needed(files: Iterable[RunsFile], after: int) -> Iterator[RunsFile]:
    """The files that may say something of nominal times after an epoch minute."""
    first = format_time(instant(after + 1))
    return (file for file in files if file.newest >= first or file.is_notable)


def _covers(unit: Unit, files: Mapping[str, int]) -> bool:
    """Whether these, by name with their sizes, are among the files of a unit."""
    sizes = {file.name: file.size for file in unit.files}
    return all(sizes.get(name) == size for name, size in files.items())


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
