"""Which run of an occurrence is the next, and when there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.cron import minute
from reconciler.errors import ReconcileError, RefusedError
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run
from reconciler.model.runs_file import RunRecord, RunState
from reconciler.plan.reruns import OccurrenceStanding, RunsKnown, by_occurrence, next_run
from tests.dispatch.scenario import at, hourly

NINE = Occurrence("hourly", minute(at("09:00")))
TEN = minute(at("10:00"))


def run_of(number: int, state: RunState, reason: str | None = None) -> Run:
    return Run(
        occurrence=NINE._replace(run=number),
        state=state,
        seen="2026-11-20T09:10:00Z",
        call=None if state is RunState.MISSED else f"fc-{number}",
        reason=reason,
        wake="fc-w",
        slot="hourly",
    )


def known(
    *runs: Run, pending: tuple[Occurrence, ...] = (), cut: tuple[RunRecord, ...] = ()
) -> RunsKnown:
    return RunsKnown(runs=by_occurrence(runs), pending=pending, through=TEN, cut=cut)


@pytest.mark.parametrize(
    "state",
    [
        RunState.MISSED,
        RunState.FAILED,
        RunState.TIMED_OUT,
        RunState.CANCELLED,
        RunState.EXPIRED,
        RunState.SKIPPED,
    ],
)
def test_what_did_not_succeed_runs_again_under_the_next_number(state: RunState) -> None:
    assert next_run(hourly(), NINE, known(run_of(1, state))).run == 2
    again = known(run_of(1, RunState.MISSED), run_of(2, state))
    assert next_run(hourly(), NINE, again).run == 3


def test_what_was_due_before_the_anchor_has_used_its_first_run() -> None:
    record = hourly(since="09:30")
    assert known().standing(record, NINE) is OccurrenceStanding.MISSED
    assert next_run(record, NINE, known()).run == 2


@pytest.mark.parametrize("state", [RunState.STARTED, RunState.QUEUED, RunState.START_FAILED])
def test_while_a_run_is_open_the_next_one_is_refused(state: RunState) -> None:
    with pytest.raises(RefusedError, match="a further run begins when it has ended"):
        next_run(hourly(), NINE, known(run_of(1, RunState.MISSED), run_of(2, state)))


@pytest.mark.parametrize("number", [1, 2])
def test_while_a_later_wake_is_to_start_a_run_the_next_one_is_refused(number: int) -> None:
    pending = (NINE._replace(run=number),)
    runs = (run_of(1, RunState.MISSED),)
    with pytest.raises(RefusedError, match="has not started yet, and a later wake starts it"):
        next_run(hourly(), NINE, known(*runs, pending=pending))


def test_what_has_succeeded_is_refused_and_the_backfill_is_named() -> None:
    with pytest.raises(RefusedError) as refused:
        next_run(hourly(), NINE, known(run_of(1, RunState.SUCCEEDED)))
    assert str(refused.value) == (
        "hourly@2026-11-20T09:00Z has succeeded\n  To run it once more all the same, backfill it: "
        "reconcile backfill hourly --from 2026-11-20T09:00Z --to 2026-11-20T09:01Z --only all"
    )


def test_a_time_that_is_none_of_the_schedules_is_refused() -> None:
    with pytest.raises(ReconcileError, match="09:05Z is not a time of hourly"):
        next_run(hourly(), NINE._replace(at=NINE.at + 5), known())


def test_what_a_person_triggered_at_another_time_can_run_again() -> None:
    odd = NINE._replace(at=NINE.at + 5)
    run = run_of(1, RunState.FAILED)
    runs = by_occurrence([replace(run, occurrence=odd)])
    assert next_run(hourly(), odd, RunsKnown(runs=runs, through=TEN)).run == 2


def test_what_no_wake_has_processed_yet_is_left_to_the_next_wake() -> None:
    ahead = NINE._replace(at=TEN + 60)
    with pytest.raises(ReconcileError, match="no wake has processed"):
        next_run(hourly(), ahead, known())


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (RunState.MISSED, "wake fc-1 claimed it and ended before it confirmed a start; delivery"),
        (RunState.MISSED, "may or may not have started: timed out; delivery is at-most-once"),
        (RunState.MISSED, "too old to know that it did not start; delivery is at-most-once"),
        (RunState.MISSED, "given up: timed out"),
        (RunState.FAILED, "its supervisor ended before it confirmed a start; delivery"),
        (RunState.EXPIRED, None),
    ],
)
def test_what_may_have_started_is_doubtful_and_not_missed(
    state: RunState, reason: str | None
) -> None:
    assert known(run_of(1, state, reason)).standing(hourly(), NINE) is OccurrenceStanding.DOUBTFUL


def test_a_line_that_does_not_spell_out_all_it_dropped_counts_for_those_between() -> None:
    line = RunRecord(
        name="hourly",
        times=(NINE.at - 60, NINE.at + 60),
        count=3,
        state=RunState.MISSED,
        at="2026-11-20T10:30:00Z",
    )
    record = hourly(since="06:30")
    assert known(cut=(line,)).standing(record, NINE) is OccurrenceStanding.MISSED
    assert known().standing(record, NINE) is OccurrenceStanding.DOUBTFUL, "its line is lost"
