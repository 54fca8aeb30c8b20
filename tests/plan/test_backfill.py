"""A backfill is planned: exactly these runs, and why the others of the range are left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import minute
from reconciler.errors import ReconcileError, RefusedError
from reconciler.model.backfill import Backfill, Only
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.backfill import BackfillPlan, BackfillRequest, plan_backfill, require_same
from reconciler.plan.price import WakePrice
from reconciler.plan.reruns import RunsKnown, by_occurrence
from tests.dispatch.scenario import at, hourly

PRICE = WakePrice.of((), None)
FIRST, NOW = minute(at("00:00")), minute(at("12:00"))
STATES = [state for state in RunState if state is not RunState.EXPIRED]


def run_at(hour: int, state: RunState, number: int = 1, reason: str | None = None) -> Run:
    return Run(
        occurrence=Occurrence("hourly", FIRST + hour * 60, number),
        state=state,
        seen="2026-11-20T11:00:00Z",
        call=None if state is RunState.MISSED else "fc-1",
        reason=reason,
        wake="fc-w",
        slot="hourly",
    )


def planned(
    *runs: Run,
    record: ScheduleRecord | None = None,
    request: BackfillRequest | None = None,
    others: Iterable[Occurrence] = (),
    **values: int,
) -> BackfillPlan:
    return plan_backfill(
        record or hourly(since="2026-11-19T00:00"),
        request or BackfillRequest(name="hourly", first=FIRST, until=FIRST + 6 * 60),
        RunsKnown(runs=by_occurrence(runs), through=values.pop("through", NOW)),
        others=frozenset(others),
        kept_since=values.pop("kept_since", 0),
        now=values.pop("now", NOW),
        price=PRICE,
        **values,
    )


def hours(plan: BackfillPlan) -> list[tuple[int, int]]:
    return [((run.at - FIRST) // 60, run.run) for run in plan.backfill.runs]


ALL_KINDS = (
    run_at(0, RunState.SUCCEEDED),
    run_at(1, RunState.MISSED),
    run_at(2, RunState.FAILED),
    run_at(3, RunState.MISSED, reason="given up: timed out"),
    run_at(4, RunState.STARTED),
    run_at(5, RunState.SKIPPED),
)


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (Only.MISSED, [(1, 2)]),
        (Only.FAILED, [(2, 2)]),
        (Only.DOUBTFUL, [(3, 2)]),
        (Only.ALL, [(0, 2), (1, 2), (2, 2), (3, 2), (5, 2)]),
    ],
)
def test_only_what_is_asked_for_runs(only: Only, expected: list[tuple[int, int]]) -> None:
    request = BackfillRequest(name="hourly", first=FIRST, until=FIRST + 360, only=only)
    assert hours(planned(*ALL_KINDS, request=request)) == expected


def test_what_is_left_out_is_counted_with_its_reason() -> None:
    assert planned(*ALL_KINDS).left_out == {
        "failed": 1,
        "missed, may have started": 1,
        "running, or about to start": 1,
        "skipped": 1,
        "succeeded": 1,
    }


def test_the_range_holds_its_first_minute_and_not_its_last() -> None:
    runs = (run_at(hour, RunState.MISSED) for hour in range(7))
    assert hours(planned(*runs)) == [(hour, 2) for hour in range(6)]


def test_what_was_due_before_the_anchor_is_missed() -> None:
    assert len(planned(record=hourly(since="11:30")).backfill.runs) == 6


def test_what_lies_outside_of_the_bounds_or_is_excluded_is_no_occurrence_to_run() -> None:
    bounded = hourly(since="11:30", start=FIRST + 60, end=FIRST + 180)
    assert hours(planned(record=bounded)) == [(1, 2), (2, 2)]
    excluded = planned(record=hourly(since="11:30", exclude=("0 2 * * *",)))
    assert hours(excluded) == [(0, 2), (1, 2), (3, 2), (4, 2), (5, 2)]
    assert excluded.left_out == {"excluded by 0 2 * * *": 1}


def test_that_a_schedule_is_suspended_now_does_not_say_that_it_was_then() -> None:
    assert len(planned(record=hourly(since="11:30", suspended="moving")).backfill.runs) == 6


def test_what_no_wake_has_processed_yet_is_left_to_the_wakes() -> None:
    plan = planned(record=hourly(since="2026-11-19T00:00"), through=FIRST + 150)
    assert plan.left_out["not processed by a wake yet"] == 3


def test_what_is_not_due_yet_is_left_to_the_wakes() -> None:
    plan = planned(record=hourly(since="2026-11-19T00:00"), through=FIRST + 150, now=FIRST + 200)
    assert plan.left_out["not processed by a wake yet"] == 1
    assert plan.left_out["not due yet"] == 2


def test_what_another_backfill_has_still_to_run_is_left_out() -> None:
    missed = [run_at(hour, RunState.MISSED) for hour in range(6)]
    plan = planned(*missed, others=[missed[0].occurrence])
    assert len(plan.backfill.runs) == 5
    assert plan.left_out == {"in a backfill that is not over": 1}


def test_the_newest_starts_first_when_it_is_asked_for() -> None:
    missed = [run_at(hour, RunState.MISSED) for hour in range(3)]
    request = BackfillRequest(name="hourly", first=FIRST, until=FIRST + 180, reverse=True)
    assert hours(planned(*missed, request=request)) == [(2, 2), (1, 2), (0, 2)]


def test_more_runs_than_the_cap_are_refused_unless_they_are_allowed() -> None:
    record = hourly(since="11:30")
    with pytest.raises(RefusedError, match="6 runs are more than the 5") as refused:
        planned(record=record, allow=5)
    assert refused.value.remedy == "Choose a shorter range, or allow them: --allow 6"
    assert len(planned(record=record, allow=6).backfill.runs) == 6


def test_a_range_beyond_the_history_that_is_kept_is_refused() -> None:
    with pytest.raises(RefusedError, match="the history is kept from 2026-11-20T00:01Z on"):
        planned(kept_since=FIRST + 1)


def test_an_empty_range_is_an_error() -> None:
    request = BackfillRequest(name="hourly", first=FIRST, until=FIRST)
    with pytest.raises(ReconcileError, match="is empty"):
        planned(request=request)


def test_the_digest_is_of_the_plan_and_not_of_who_approves_it() -> None:
    backfill = planned(record=hourly(since="11:30")).backfill
    approved = replace(backfill, by="alice", at="2026-11-20T12:00:00Z")
    assert approved.digest == backfill.digest
    assert Backfill.decode(approved.encode(), "x") == approved
    assert replace(backfill, parallel=2).digest != backfill.digest


def test_what_changed_since_a_plan_was_saved_is_refused() -> None:
    missed = [run_at(hour, RunState.MISSED) for hour in range(3)]
    saved = planned(*missed).backfill
    again = run_at(0, RunState.SUCCEEDED, number=2)
    with pytest.raises(RefusedError, match="1 of 3 runs are left out now, and 0 are new"):
        require_same(planned(*missed, again), saved, "plan.json")
    require_same(planned(*missed), saved, "plan.json")


@pytest.mark.parametrize(
    ("day", "count"),
    [(("2026-10-25", "2026-10-26"), 25), (("2026-03-29", "2026-03-30"), 23)],
)
def test_a_day_on_which_the_clocks_change_has_as_many_hours_as_really_took_place(
    day: tuple[str, str], count: int
) -> None:
    zone = ZoneInfo("Europe/Paris")
    first, until = (minute(datetime.fromisoformat(text).replace(tzinfo=zone)) for text in day)
    record = hourly(since="11:30", timezone="Europe/Paris")
    request = BackfillRequest(name="hourly", first=first, until=until)
    runs = planned(record=record, request=request).backfill.runs
    assert len(runs) == len({run.id for run in runs}) == count
    assert [run.at for run in runs] == list(range(first, until, 60))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(STATES)), max_size=12),
    st.sampled_from(Only),
)
def test_no_planned_run_has_begun_and_none_is_of_an_occurrence_with_an_open_run(
    drawn: list[tuple[int, RunState]], only: Only
) -> None:
    numbers: dict[int, int] = {}
    runs: list[Run] = []
    for hour, state in drawn:
        numbers[hour] = numbers.get(hour, 0) + 1
        runs.append(run_at(hour, state, numbers[hour]))
    request = BackfillRequest(name="hourly", first=FIRST, until=FIRST + 360, only=only)
    found = planned(*runs, request=request).backfill.runs
    begun = {run.occurrence for run in runs}
    is_open = {
        run.occurrence.first
        for run in runs
        if run.state in (RunState.STARTED, RunState.QUEUED, RunState.START_FAILED)
    }
    assert not begun & set(found)
    assert not is_open & {run.first for run in found}
    assert all(run.is_rerun for run in found)
