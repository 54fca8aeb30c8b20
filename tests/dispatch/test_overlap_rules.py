"""The overlap policies as rules: what is decided from the earlier runs and the queue behind one."""

from __future__ import annotations

import pytest

from reconciler.dispatch.decide.overlap import (
    PLACES,
    Admission,
    Admitted,
    Earlier,
    EarlierRun,
    EarlierState,
    Queue,
    decide_overlap,
)
from reconciler.model.occurrence import Occurrence
from reconciler.policies import Overlap

NINE, TEN, ELEVEN = (f"a@2026-11-20T{hour}:00Z" for hour in ("09", "10", "11"))
RUNNING = EarlierRun(EarlierState.RUNNING, NINE, "fc-1")
ENDED = EarlierRun(EarlierState.ENDED, NINE, "fc-1")
CANCELLED = EarlierRun(EarlierState.CANCELLED, NINE, "fc-1")
IN_DOUBT = EarlierRun(EarlierState.IN_DOUBT)
RERUN = EarlierRun(EarlierState.RUNNING, f"{NINE}.2", "fc-2")
ONE_AT_A_TIME = (Overlap.SKIP, Overlap.QUEUE, Overlap.REPLACE)


def decide(overlap: Overlap, occurrence: str, earlier: Earlier) -> Admitted:
    return decide_overlap(overlap, Occurrence.parse(occurrence), earlier)


@pytest.mark.parametrize("overlap", ONE_AT_A_TIME)
@pytest.mark.parametrize("runs", [(), (ENDED,), (CANCELLED,), (ENDED, CANCELLED)])
def test_it_starts_when_no_earlier_run_is_running(
    overlap: Overlap, runs: tuple[EarlierRun, ...]
) -> None:
    assert decide(overlap, TEN, Earlier(runs)) == Admitted(Admission.START)


@pytest.mark.parametrize("overlap", ONE_AT_A_TIME)
@pytest.mark.parametrize("runs", [(IN_DOUBT,), (RUNNING, IN_DOUBT), (ENDED, IN_DOUBT)])
def test_it_waits_while_an_earlier_run_is_in_doubt(
    overlap: Overlap, runs: tuple[EarlierRun, ...]
) -> None:
    assert decide(overlap, TEN, Earlier(runs)).admission is Admission.WAIT


def test_skip_names_the_run_that_is_running() -> None:
    reason = f"{NINE} is still running; overlap is skip"
    assert decide(Overlap.SKIP, TEN, Earlier((RUNNING,))) == Admitted(
        Admission.SKIP, NINE, "fc-1", reason
    )


def test_replace_names_the_call_to_cancel() -> None:
    reason = f"replaced {NINE}, still running"
    assert decide(Overlap.REPLACE, TEN, Earlier((RUNNING,))) == Admitted(
        Admission.REPLACE, NINE, "fc-1", reason
    )


def test_a_start_says_which_run_its_earlier_attempt_had_cancelled() -> None:
    admitted = decide(Overlap.REPLACE, TEN, Earlier((CANCELLED,), replaces=NINE))
    assert admitted == Admitted(Admission.START, NINE, reason=f"replaced {NINE}, still running")
    assert decide(Overlap.REPLACE, TEN, Earlier((ENDED,), replaces=NINE)) == Admitted(
        Admission.START
    ), "it had ended by itself"


def test_the_first_that_waits_says_for_what() -> None:
    admitted = decide(Overlap.QUEUE, TEN, Earlier((RUNNING,), queue=Queue(TEN, is_new=True)))
    reason = f"{NINE} is still running; overlap is queue"
    assert admitted == Admitted(Admission.QUEUE, NINE, "fc-1", reason)


def test_one_that_waits_already_has_nothing_new_to_say() -> None:
    admitted = decide(Overlap.QUEUE, TEN, Earlier((RUNNING,), queue=Queue(waiting=TEN)))
    assert admitted == Admitted(Admission.QUEUE, NINE, "fc-1")


def test_a_second_one_is_skipped_and_names_the_one_that_waits() -> None:
    admitted = decide(Overlap.QUEUE, ELEVEN, Earlier((RUNNING,), queue=Queue(waiting=TEN)))
    reason = f"{NINE} is still running and {TEN} waits for it; overlap is queue"
    assert admitted == Admitted(Admission.SKIP, NINE, "fc-1", reason)


def test_a_queue_whose_places_were_all_left_takes_no_more() -> None:
    admitted = decide(Overlap.QUEUE, TEN, Earlier((RUNNING,), queue=Queue()))
    assert admitted.admission is Admission.SKIP
    assert f"{PLACES} have waited for it in vain" in (admitted.reason or "")


@pytest.mark.parametrize("overlap", ONE_AT_A_TIME)
def test_a_run_that_a_person_asked_for_waits_and_ends_none(overlap: Overlap) -> None:
    again = f"{TEN}.2"
    admitted = decide(overlap, again, Earlier((RUNNING,), queue=Queue(again, is_new=True)))
    reason = f"{NINE} is still running; overlap is {overlap.value}"
    assert admitted == Admitted(Admission.QUEUE, NINE, "fc-1", reason)


def test_an_occurrence_is_not_skipped_because_of_such_a_run() -> None:
    admitted = decide(Overlap.SKIP, TEN, Earlier((RERUN,), queue=Queue(TEN, is_new=True)))
    assert admitted.admission is Admission.QUEUE
    assert admitted.reason == f"{NINE}.2 is still running; overlap is skip"


def test_an_occurrence_replaces_such_a_run() -> None:
    assert decide(Overlap.REPLACE, TEN, Earlier((RERUN,))).admission is Admission.REPLACE
