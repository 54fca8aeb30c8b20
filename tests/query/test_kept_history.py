"""What is kept between questions never changes an answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import instant
from reconciler.model.day_summary import summarise
from reconciler.model.generation import new_generation
from reconciler.model.runs_file import (
    COMPACTED,
    ReadLogs,
    RunRecord,
    RunState,
    WakeLog,
    summary_path,
)
from reconciler.query import file_runs
from reconciler.query import last_hours as last_hours_module
from reconciler.query.file_runs import FileRuns, KeptRuns, RunsFile, all_names
from reconciler.query.last_hours import HoursReader, LastHours, last_hours
from reconciler.query.live_runs import newest_runs
from reconciler.query.newest_first import RunHistory
from tests.dispatch.scenario import hourly
from tests.model.histories import DAYS, FIRST, GENERATION, HOURS, histories
from tests.query.test_newest_first import CountedFiles, hourly_logs, schedules, stored

LIVE = new_generation([hourly(f"s{n}", "2026-11-01T00:00") for n in range(5)], [], 300)
PATH = f"runs/{DAYS[0]}/000000-fc-a.jsonl"


@dataclass
class Volume:
    """A Volume on which wakes write, compaction works and files are lost, and a server that reads.

    Attributes:
        coming: the logs that wakes have not written yet, the oldest first.
    """

    coming: list[WakeLog]
    files: CountedFiles = field(default_factory=CountedFiles)
    kept: KeptRuns = field(default_factory=KeptRuns)
    written: list[WakeLog] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hours = HoursReader(RunHistory(self.files, self.kept), 24)

    def wake(self, number: int) -> None:
        """So many wakes write their files; the newest comes before the one before it."""
        for place in sorted(range(min(number, len(self.coming))), key=lambda one: one != 1):
            self.written.append(self.coming[place])
            self.files.files[self.coming[place].path] = self.coming[place].encode()
        del self.coming[:number]

    def compact(self, day: str) -> None:
        """Put the files of a day together and sum them up."""
        logs = sorted((log for log in self.written if log.day == day), key=lambda log: log.started)
        logs = [log for log in logs if log.path in self.files.files]
        if logs:
            content = b"".join(log.encode() for log in logs)
            for log in logs:
                del self.files.files[log.path]
            self.files.files[f"runs/{day}/{COMPACTED}"] = content
            summary = summarise(day, {COMPACTED: len(content)}, logs)
            self.files.files[summary_path(day)] = summary.encode()

    def lose(self, place: int) -> None:
        """Somebody removes a file."""
        paths = sorted(self.files.files)
        if paths:
            del self.files.files[paths[place % len(paths)]]

    def check(self, now: int) -> None:
        """The server's answers are those of one that begins anew."""
        fresh, records = RunHistory(self.files), GENERATION.records
        found = asyncio.run(self.hours.read(records, now, 12))
        expected = asyncio.run(last_hours(fresh, records, now, 12))
        assert found == expected
        assert asyncio.run(self.hours.read(records, now, 24)) == asyncio.run(
            last_hours(fresh, records, now, 24)
        )
        answer, anew = (
            asyncio.run(newest_runs(history, GENERATION, now))
            for history in (RunHistory(self.files, self.kept), fresh)
        )
        assert schedules(answer.ordered) == schedules(anew.ordered)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wake"), st.integers(1, 30)),
        st.tuples(st.just("compact"), st.integers(0, len(DAYS) - 1)),
        st.tuples(st.just("lose"), st.integers(0, 99)),
        st.tuples(st.just("back"), st.integers(1, 40)),
    ),
    max_size=5,
)


@given(histories(), STEPS)
def test_a_kept_answer_is_a_fresh_one(logs: list[WakeLog], steps: list[tuple[str, int]]) -> None:
    volume = Volume(list(logs))
    now = FIRST
    for what, number in steps:
        if what == "wake":
            volume.wake(number)
            now = FIRST + (HOURS - len(volume.coming)) * 60
        elif what == "compact":
            volume.compact(DAYS[number])
        elif what == "lose":
            volume.lose(number)
        else:
            now -= number * 60
        volume.check(now)


def test_with_nothing_new_no_file_is_read() -> None:
    logs = hourly_logs(5)
    files = stored(logs, DAYS[:1])
    history = RunHistory(files, KeptRuns())
    hours = HoursReader(history, 24)
    now = logs[-1].now + 1

    def ask() -> None:
        asyncio.run(newest_runs(history, LIVE, now))
        asyncio.run(hours.read(LIVE.records, now, 24))

    ask()
    assert files.reads
    files.reads.clear()
    ask()
    assert not files.reads


def test_of_a_new_wake_its_own_file_is_read() -> None:
    *logs, newest = hourly_logs(5)
    files = stored(logs)
    hours = HoursReader(RunHistory(files, KeptRuns()), 24)
    asyncio.run(hours.read(LIVE.records, newest.now, 24))
    files.reads.clear()
    files.files[newest.path] = newest.encode()
    asyncio.run(hours.read(LIVE.records, newest.now, 24))
    assert files.reads == [newest.path]


def test_of_more_runs_than_are_kept_the_answer_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(last_hours_module, "MOST", 5)
    logs = hourly_logs(5)
    files = stored(logs)
    hours = HoursReader(RunHistory(files), 24)

    def ask() -> LastHours:
        return asyncio.run(hours.read(LIVE.records, logs[-1].now + 1, 24))

    first = ask()
    files.reads.clear()
    assert ask() == first
    assert files.reads
    assert first.runs


def a_file(runs: int, size: int = 9) -> tuple[RunsFile, FileRuns]:
    (log,) = hourly_logs(1)[:1]
    line = RunRecord(
        name="a",
        times=tuple(FIRST + at for at in range(runs)),
        state=RunState.MISSED,
        at=log.started,
        count=runs,
    )
    found = FileRuns.of_logs(ReadLogs([replace(log, records=(line,))]))
    return RunsFile(PATH, size), found


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_runs, "MOST", 10)
    kept = KeptRuns()
    files = [replaced(n) for n in range(9)]
    for file, found in files:
        kept.keep(file, found)
    assert [kept.get(file) is not None for file, _found in files] == [*[False] * 7, True, True]


def replaced(number: int) -> tuple[RunsFile, FileRuns]:
    file, found = a_file(4)
    return file._replace(path=f"{PATH}{number}"), found


def test_a_file_of_another_size_is_another_file() -> None:
    kept = KeptRuns()
    file, found = a_file(1)
    kept.keep(file, found)
    assert kept.get(file._replace(size=10)) is None


def test_of_a_kept_file_the_runs_of_some_names_are_given() -> None:
    _, found = a_file(2)
    assert found.about(all_names) is found
    assert not found.about("b".__eq__).runs
    assert instant(max(one.at for one in found.about("a".__eq__).runs)) == instant(FIRST + 1)
