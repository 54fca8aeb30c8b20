"""No more of the history is read than a question needs, and the answer is that of all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import instant
from reconciler.deploy.fakes import FakeFiles
from reconciler.dispatch.adapters.in_memory import FakeCaller
from reconciler.model.cursor import Cursor
from reconciler.model.day_summary import summarise
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run, runs_of
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time, summary_path
from reconciler.query.live_runs import newest_runs, with_open_calls
from reconciler.query.newest_first import FILES, RunHistory
from reconciler.query.runs import RunsWanted, newest_of
from reconciler.query.status import ScheduleStatus, status_of
from tests.model.histories import DAYS, FIRST, GENERATION, NOW, histories


@dataclass
class CountedFiles(FakeFiles):
    """Counts what is read, and may lose a file once."""

    reads: list[str] = field(default_factory=list)
    gone: dict[str, bytes] = field(default_factory=dict)

    async def read(self, path: str) -> bytes | None:
        self.reads.append(path)
        if path in self.gone:
            # Compaction has put it into the day's one file.
            day = path.rpartition("/")[0]
            self.files[f"{day}/compacted.jsonl"] = self.gone.pop(path)
            del self.files[path]
        return await super().read(path)


def stored(logs: Iterable[WakeLog], summed_up: Iterable[str] = ()) -> CountedFiles:
    """The logs as files, and summaries of some days."""
    logs = list(logs)
    files = CountedFiles()
    files.files.update({log.path: log.encode() for log in logs})
    for day in summed_up:
        of_day = [log for log in logs if log.day == day]
        sizes = {log.path.split("/")[2]: len(log.encode()) for log in of_day}
        files.files[summary_path(day)] = summarise(day, sizes, of_day).encode()
    return files


def schedules(runs: Iterable[Run]) -> list[ScheduleStatus]:
    return list(status_of(GENERATION, None, Cursor(through=NOW), runs, NOW).schedules)


def answered(files: FakeFiles) -> list[ScheduleStatus]:
    return schedules(asyncio.run(newest_runs(RunHistory(files), GENERATION, NOW)).ordered)


@given(histories(), st.sets(st.sampled_from(DAYS)))
def test_the_status_is_that_of_the_whole_history(logs: list[WakeLog], summed_up: set[str]) -> None:
    assert answered(stored(logs, summed_up)) == schedules(runs_of(logs))


@given(histories(), st.integers(1, 20))
def test_a_list_is_the_end_of_the_whole_list(logs: list[WakeLog], count: int) -> None:
    wanted = RunsWanted(count=count)
    caller = FakeCaller()
    found = asyncio.run(newest_of(RunHistory(stored(logs, DAYS)), caller, wanted))
    everything = runs_of(logs)
    assert list(found.runs) == asyncio.run(with_open_calls(everything[-count:], caller))
    assert found.more == (len(everything) > count)


@given(histories(), st.sets(st.sampled_from(DAYS)), st.integers(0, 71))
def test_of_one_nominal_time_every_line_is_read(
    logs: list[WakeLog], summed_up: set[str], hour: int
) -> None:
    due = FIRST + hour * 60
    history = RunHistory(stored(logs, summed_up))
    known = asyncio.run(history.read_about("a".__eq__, due, days=90))
    found = [run for run in known.ordered if run.occurrence.at == due]
    everything = [run for run in runs_of(logs) if run.occurrence == Occurrence("a", due)]
    assert found == everything


LINE = RunRecord(name="a", times=(FIRST,), state=RunState.STARTED, at="2026-11-17T00:00:00Z")


def hourly_logs(schedules: int) -> list[WakeLog]:
    """Two days in which every run of so many schedules succeeded within its hour."""
    logs = []
    for hour in range(48):
        due = FIRST + 60 * hour
        log = WakeLog(
            wake=f"fc-{hour}",
            slot="poller",
            started=format_time(instant(due)),
            now=due,
            generation="0" * 64,
            through=due,
            pending={},
            records=(),
        )
        lines = [
            replace(LINE, name=f"s{number}", times=(at,), state=state, at=log.started, call="fc-1")
            for number in range(schedules)
            for at, state in ((due - 60, RunState.SUCCEEDED), (due, RunState.STARTED))
        ]
        logs.append(replace(log, records=tuple(lines)))
    return logs


def test_a_summary_of_a_file_of_another_size_is_passed_over() -> None:
    """An earlier version may have compacted the day again, with a log that came late."""
    logs = hourly_logs(1)
    files = stored(logs, [DAYS[1]])
    last = logs[-1]
    failed = replace(last, records=(*last.records, replace(last.records[1], state=RunState.FAILED)))
    files.files[last.path] = failed.encode()
    known = asyncio.run(newest_runs(RunHistory(files), GENERATION, NOW))
    assert known.ordered[-1].state is RunState.FAILED


def test_when_files_go_while_they_are_read_the_reader_begins_anew() -> None:
    logs = hourly_logs(1)
    files = stored(logs)
    newest = logs[-1]
    files.gone[newest.path] = newest.encode()
    known = asyncio.run(newest_runs(RunHistory(files), GENERATION, NOW))
    assert known.ordered[-1].occurrence == Occurrence("s0", newest.now)


def test_how_much_is_read_does_not_depend_on_the_number_of_schedules() -> None:
    def reads(schedules: int) -> int:
        files = stored(hourly_logs(schedules), DAYS[:1])
        asyncio.run(newest_of(RunHistory(files), FakeCaller(), RunsWanted(count=5)))
        return len(files.reads)

    assert reads(200) <= reads(1)
    assert reads(200) <= FILES
