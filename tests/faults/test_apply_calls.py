"""Every call that an apply makes fails, has its answer lost, or is the last of its process.

Enumerated from a recording of the real command line: the first apply, and one that creates,
updates and deletes, and so deploys anew. A step begins where the lease is renewed. Taken are, of
the calls of one name in one step, the first, and of those that change what others see the last as
well; of those that only prepare (an upload, an object that nothing refers to yet) the first of
each name. To be killed before a call is to be killed after the one before it.

After each fault the next apply has to end well, by nothing but what the failed one has said, and
what is live has to be what is declared; wakes, in between and after, start what is due once.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from uuid import uuid4

from tests.end_to_end.project import Done
from tests.faults.recorded import Kind, Recorded, of_each_name, recorded
from tests.faults.rig import OWN_APP, Rig
from tests.faults.rules import DONE_AND_KILLED, DONE_AND_REFUSED, LOST, REFUSED

RENEWAL: Final = "DictUpdate"
"""Each step of an apply begins with one."""
WRITING: Final = 4
"""Renewals up to the step that writes the generation: the lease, its head, the second look."""

BEFORE: Final = {"a": "", "b": ""}
AFTER: Final = {"b": "deadline: 6h", "c": ""}


def test_a_first_apply_whose_call_is_refused_says_so_and_the_next_one_completes_it(
    rig: Rig,
) -> None:
    for call in first_applies(rig, rig.applied, Kind.CHANGES):
        failed_with_a_message(rig.apply_with(REFUSED, call))
    rig.all_ran_once()


def test_a_first_apply_killed_at_a_call_is_completed_once_its_lease_is_broken_as_told(
    rig: Rig,
) -> None:
    for call in first_applies(rig, rig.completed, Kind.CHANGES, Kind.PREPARES):
        assert rig.apply_with(DONE_AND_KILLED, call).code == -signal.SIGKILL
    rig.all_ran_once()


def test_an_apply_whose_call_is_refused_says_so_and_the_next_one_completes_it(rig: Rig) -> None:
    for call in updates(rig, rig.applied, *Kind):
        failed_with_a_message(rig.apply_with(REFUSED, call))
    rig.all_ran_once()


def test_an_apply_whose_call_is_done_and_refused_all_the_same_is_completed_by_the_next(
    rig: Rig,
) -> None:
    for call in updates(rig, rig.applied, Kind.CHANGES):
        failed_with_a_message(rig.apply_with(DONE_AND_REFUSED, call))
    rig.all_ran_once()


def test_an_apply_killed_at_a_call_is_completed_once_its_lease_is_broken_as_told(
    rig: Rig,
) -> None:
    for call in updates(rig, rig.completed, Kind.CHANGES):
        assert rig.apply_with(DONE_AND_KILLED, call).code == -signal.SIGKILL
        rig.wake(due=BEFORE.keys() & AFTER, maybe=BEFORE.keys() ^ AFTER)
    rig.all_ran_once()


def test_an_apply_each_of_whose_calls_is_sent_again_as_its_answer_was_lost_goes_well(
    rig: Rig,
) -> None:
    rig.use(f"unheard-{uuid4().hex}")
    for declared in (AFTER, BEFORE):  # the first apply, and one that changes what is live
        rig.declare(declared)
        rig.project.engine.fault("*", scope="client", first_try=True, times=1_000, **LOST)
        rig.project.engine.forget_calls()
        rig.applied()
        rig.project.engine.clear_faults()
        twice = rig.project.engine.calls()
        assert [twice[method] for method in ("AppPublish", "AppSetTags")] == [2, 2]
        rig.wake(due=declared)
        rig.is_live(declared)
    rig.stop()
    rig.all_ran_once()


def record(rig: Rig) -> Sequence[Recorded]:
    """The calls of an undisturbed apply of what is declared."""
    rig.project.engine.forget_calls()
    rig.applied()
    return recorded(rig.project.engine.trace(), cut_at=RENEWAL)


def first_applies(rig: Rig, again: Callable[[], Done], *kinds: Kind) -> Iterator[Recorded]:
    """For each call of a first apply, an app of its own to apply to; then apply again."""
    rig.use(f"first-{uuid4().hex}")
    rig.declare(AFTER)
    calls = record(rig)
    rig.stop()
    for call in of_each_name(calls, *kinds):
        rig.use(f"first-{uuid4().hex}")
        rig.declare(AFTER)
        yield call
        again()
        rig.wake(due=AFTER)
        rig.is_live(AFTER)
        rig.stop()


def updates(rig: Rig, again: Callable[[], Done], *kinds: Kind) -> Iterator[Recorded]:
    """For each call of an apply that changes what is live, something to apply; then apply again."""
    rig.use(OWN_APP)
    rig.declare(BEFORE)
    rig.applied()
    rig.declare(AFTER)
    calls = record(rig)
    declared, other = BEFORE, AFTER
    for call in of_each_name(calls, *kinds):
        rig.declare(declared)
        yield call
        if call.kind is Kind.LOOKS and call.stretch < WRITING:
            continue  # nothing had been begun
        again()
        if call.kind is Kind.CHANGES:
            rig.wake(due=declared)
            rig.is_live(declared)
        declared, other = other, declared


def failed_with_a_message(done: Done) -> None:
    """What failed, and what to do; or no harm was done at all."""
    assert done.code in (0, 1), done.err
    assert "Traceback" not in done.err
    assert "defect" not in done.err
    if done.code:
        assert re.search(r"^reconcile: .+\n  .+", done.err, re.MULTILINE), done.err
