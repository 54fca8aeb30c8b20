"""A day's summary answers as the day's runs files do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import instant, minute
from reconciler.model.cursor import Cursor
from reconciler.model.day_summary import decode_summary, summarise
from reconciler.model.formats import FormatError, NewerFormatError
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run, in_order, merged, runs_of, with_older
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time
from reconciler.query.status import ScheduleStatus, status_of
from tests.dispatch.scenario import at
from tests.model.histories import DAYS, FIRST, GENERATION, NOW, histories


def on(day: str, logs: Iterable[WakeLog]) -> list[WakeLog]:
    return [log for log in logs if log.day == day]


def summed_up(day: str, logs: Iterable[WakeLog]) -> Mapping[Occurrence, Run]:
    """What a reader finds in the day's summary."""
    content = summarise(day, {"compacted.jsonl": 1}, on(day, logs)).encode()
    lines = decode_summary(content, "a file").lines.values()
    return {run.occurrence: run for line in lines for run in line.all_runs()}


def asked(runs: Iterable[Run]) -> list[ScheduleStatus]:
    return list(status_of(GENERATION, None, Cursor(through=NOW), runs, NOW).schedules)


@given(histories(), st.sets(st.sampled_from(DAYS)))
def test_last_runs_and_streaks_are_the_same_from_any_summaries_as_from_the_files(
    logs: list[WakeLog], with_summary: set[str]
) -> None:
    found: dict[Occurrence, Run] = {}
    for day in reversed(DAYS):
        of_day = summed_up(day, logs) if day in with_summary else merged(on(day, logs))
        with_older(found, of_day)
    assert asked(in_order(found)) == asked(runs_of(logs))


@given(histories())
def test_a_summary_is_read_back_as_it_was_written(logs: list[WakeLog]) -> None:
    written = summarise(DAYS[1], {"a.jsonl": 7, "compacted.jsonl": 3}, on(DAYS[1], logs))
    assert decode_summary(written.encode(), "a file") == written


@given(histories())
def test_a_line_names_the_times_of_other_days(logs: list[WakeLog]) -> None:
    first = minute(at(f"{DAYS[1]}T00:00"))
    summary = summarise(DAYS[1], {}, on(DAYS[1], logs))
    times = {
        (line.name, time)
        for log in on(DAYS[1], logs)
        for line in log.records
        for time in line.times
        if not first <= time < first + 24 * 60
    }
    assert {
        (line.name, time) for line in summary.lines.values() for time in line.elsewhere
    } == times


def test_a_schedule_that_fails_every_minute_takes_little_room() -> None:
    logs = [
        WakeLog(
            wake="fc-1",
            slot="poller",
            started=format_time(instant(FIRST + 1439)),
            now=FIRST + 1439,
            generation="0" * 64,
            through=None,
            pending={},
            records=tuple(
                RunRecord(
                    name="a",
                    times=(FIRST + due,),
                    state=RunState.FAILED,
                    at=format_time(instant(FIRST + due)),
                    call=f"fc-{due}",
                    reason="ValueError: " + 100 * "x",
                )
                for due in range(1440)
            ),
        )
    ]
    content = summarise(DAYS[0], {}, logs).encode()
    assert len(content) < 40_000
    runs = [run for line in decode_summary(content, "a").lines.values() for run in line.all_runs()]
    assert asked(sorted(runs, key=lambda run: run.occurrence.at))[0].failures == 1440


def test_what_was_before_a_run_that_went_well_is_not_kept_though_it_began_the_day_before() -> None:
    def seen(due: int, state: RunState) -> RunRecord:
        at = format_time(instant(FIRST + 1450))
        return RunRecord(name="a", times=(FIRST + due,), state=state, at=at)

    log = WakeLog(
        wake="fc-1",
        slot="poller",
        started=format_time(instant(FIRST + 1450)),
        now=FIRST + 1450,
        generation="0" * 64,
        through=None,
        pending={},
        records=(seen(1380, RunState.MISSED), seen(1410, RunState.SUCCEEDED)),
    )
    (line,) = summarise(DAYS[1], {}, [log]).lines.values()
    assert [run.state for run in line.all_runs()] == [RunState.SUCCEEDED]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"format":1}', b'{"format":1,"day":"2026-11-17","files":{"a":"b"}}'],
)
def test_a_damaged_summary_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        decode_summary(content, "a file")


def test_a_summary_of_a_newer_version_is_refused_by_name() -> None:
    with pytest.raises(NewerFormatError):
        decode_summary(b'{"format":2,"day":"2026-11-17","files":{}}', "a file")


def test_lines_of_other_names_are_passed_over_unread() -> None:
    content = b'{"day":"2026-11-17","files":{},"format":1}\n{"name":"b","runs":7}\n{"name":"a"}\n'
    assert set(decode_summary(content, "a file", "a".__eq__).lines) == {"a"}
