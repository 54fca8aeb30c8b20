"""The further runs of an occurrence: their ids, and how they are stored."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cron import minute
from reconciler.model.cursor import Cursor
from reconciler.model.day_summary import decode_summary, summarise
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import runs_of
from reconciler.model.runs_file import (
    RunRecord,
    RunState,
    WakeLog,
    decode_compacted,
    decode_wake_log,
)
from tests.dispatch.scenario import at

GOLDEN = Path(__file__).parent / "golden" / "format-1"
NINE, EIGHT = minute(at("2026-11-20T09:00")), minute(at("2026-11-20T08:00"))
SECOND, THIRD = Occurrence("plain", NINE, 2), Occurrence("plain", EIGHT, 3)


def test_the_first_run_bears_the_id_of_the_occurrence_and_the_next_a_number() -> None:
    first = Occurrence("plain", NINE)
    assert (first.id, SECOND.id) == ("plain@2026-11-20T09:00Z", "plain@2026-11-20T09:00Z.2")
    assert SECOND.first == first
    assert (first.is_rerun, SECOND.is_rerun) == (False, True)


@pytest.mark.parametrize("spelt", [SECOND.id, SECOND.stored])
def test_a_run_is_read_in_either_spelling(spelt: str) -> None:
    assert Occurrence.parse(spelt) == SECOND


@pytest.mark.parametrize("number", ["1", "0", "02", "-2", "x", "", "1234567"])
def test_what_is_no_number_of_a_further_run_is_no_run(number: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        Occurrence.parse(f"plain@2026-11-20T09:00Z.{number}")


def test_the_id_of_a_task_may_end_like_the_name_of_a_further_run() -> None:
    task = Occurrence("task/report.2", NINE)
    assert Occurrence.parse(task.id) == task
    assert Occurrence.parse(task.stored) == task


def test_a_runs_file_has_further_runs_under_a_name_that_no_schedule_bears() -> None:
    content = (GOLDEN / "run-reruns.jsonl").read_bytes()
    log = decode_wake_log(content, "golden")
    assert log.pending == {SECOND.id: 1}
    assert [line.occurrence for line in log.records] == [THIRD]
    assert log.encode() == content


def test_a_cursor_has_further_runs_as_an_older_version_can_read_them() -> None:
    written = json.loads((GOLDEN / "cursor-reruns.json").read_text())
    cursor = Cursor.from_json(written)
    assert (cursor.pending, cursor.calls) == ({SECOND.id: 1}, {"fc-2": THIRD.id})
    assert list(cursor.outbox.notifications) == [f"failures/{THIRD.id}"]
    assert cursor.to_json() == {key: one for key, one in written.items() if key != "streaks"}


def _line(occurrence: Occurrence, state: RunState) -> RunRecord:
    return RunRecord(
        name=occurrence.name,
        times=(occurrence.at,),
        run=occurrence.run,
        state=state,
        at="2026-11-20T10:00:03Z",
        call=f"fc-{occurrence.run}" if state is not RunState.MISSED else None,
    )


def _log(*lines: RunRecord) -> WakeLog:
    golden = decode_wake_log((GOLDEN / "run-reruns.jsonl").read_bytes(), "golden")
    return replace(golden, records=lines)


def test_the_lines_of_a_name_are_those_of_all_runs() -> None:
    log = _log(_line(SECOND.first, RunState.MISSED), _line(SECOND, RunState.STARTED))
    (found,) = decode_compacted(log.encode(), "x", {"plain"}.__contains__)
    assert len(found.records) == 2
    (none,) = decode_compacted(log.encode(), "x", {"other"}.__contains__)
    assert not none.records


def test_each_run_of_an_occurrence_keeps_its_own_history() -> None:
    log = _log(
        _line(SECOND, RunState.STARTED),
        _line(SECOND.first, RunState.MISSED),
        _line(SECOND, RunState.SUCCEEDED),
    )
    found = [(run.occurrence.run, run.state) for run in runs_of([log])]
    assert found == [(1, RunState.MISSED), (2, RunState.SUCCEEDED)]


def test_the_summary_of_a_day_keeps_the_runs_apart() -> None:
    log = _log(_line(SECOND.first, RunState.MISSED), _line(SECOND, RunState.FAILED))
    summary = summarise("2026-11-20", {"a.jsonl": 1}, [log])
    read = decode_summary(summary.encode(), "x")
    assert read == summary
    runs = {run.occurrence: run.state for run in read.lines["plain"].all_runs()}
    assert runs[SECOND] is RunState.FAILED
    assert runs[SECOND.first] is RunState.MISSED
