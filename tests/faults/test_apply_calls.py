"""Every call that an apply makes fails, has its answer lost, or is the last of its process.

Enumerated from a recording of the real command line: the first apply, and one that creates,
updates and deletes, and so deploys anew. A step begins where the lease is renewed. Every call is
refused. Every one that does anything also has its process killed once it is done, and every one
that changes anything is also done and refused all the same. To be killed before a call is to be
killed after the last one before it that did anything, which goes for a call that only looks as
well.

After each fault the next apply has to end well, by nothing but what the failed one has said, and
what is live has to be what is declared; wakes, in between and after, start what is due once. Where
an apply has only looked so far, nothing may have been begun, and so the next fault is the next
apply. Of the calls of one method that a step makes to look or to prepare, the first and the last
meet faults.

The second apply makes most of the first one's calls again, from another state. Each call of it
that changes anything meets every fault. Each that prepares has its process killed. Each that looks
is refused where the first apply does not make that call in that step.

The uploads of the dispatcher's sources, which nothing refers to before all are there, are one for
each file: some of them, the first and the last among them, are each followed by an apply whose next
upload meets the fault, and the last by one that ends well.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from tests.end_to_end.project import Done
from tests.faults.recorded import Kind, Recorded, recorded
from tests.faults.rig import OWN_APP, Rig
from tests.faults.rules import DONE_AND_KILLED, DONE_AND_REFUSED, LOST, REFUSED

RENEWAL: Final = "DictUpdate"
"""Each step of an apply begins with one."""
WRITING: Final = 4
"""Renewals up to the step that writes the generation: the lease, its head, the second look."""

UPLOADS: Final = 8
"""Uploads of sources that meet a fault, of some sixty."""

BEGINNINGS: Final = {"VolumePutFiles", "AppCreate", "AppPublish", "AppSetTags"}
"""What changes more than the lease."""

BEFORE: Final = {"a": "", "b": ""}
AFTER: Final = {"b": "deadline: 6h", "c": ""}
WAYS: Final = {
    "refused": REFUSED,
    "done and refused all the same": DONE_AND_REFUSED,
    "the last of its process": DONE_AND_KILLED,
}
EACH_WAY: Final = pytest.mark.parametrize("way", WAYS)
MET: Final = {
    "refused": tuple(Kind),
    "done and refused all the same": (Kind.CHANGES,),
    "the last of its process": (Kind.PREPARES, Kind.CHANGES),
}
"""The kinds of calls that meet each fault. What only looks is refused: that is to be killed before
it. What was prepared is the same whether the call is refused all the same or its process is killed;
the latter leaves the lease behind as well."""


@pytest.fixture(scope="module")
def shop() -> Path:
    """With few functions, whose calls would be many and of one kind."""
    return Path(__file__).with_name("small_shop.py")


@pytest.fixture(scope="module")
def first_apply(rig: Rig) -> Sequence[Recorded]:
    """The calls of the first apply of an app, but for the upload of sources, which has its test."""
    rig.use(f"first-{uuid4().hex}")
    rig.declare(AFTER)
    rig.applied()
    rig.stop()
    rig.use(f"first-{uuid4().hex}")
    calls = record(rig)
    rig.stop()
    return calls


@pytest.fixture(scope="module")
def changing_apply(rig: Rig) -> Sequence[Recorded]:
    """The calls of an apply that creates, updates and deletes."""
    rig.use(OWN_APP)
    rig.declare(BEFORE)
    rig.applied()
    rig.declare(AFTER)
    return record(rig)


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        pytest.param(way, kind, id=f"{way}, and {kind.value}")
        for way, kinds in MET.items()
        for kind in kinds
    ],
)
def test_a_first_apply_is_completed_by_the_next_when_a_call_is(
    rig: Rig, first_apply: Sequence[Recorded], way: str, kind: Kind
) -> None:
    for call in distinct(first_apply, kind):
        rig.use(f"first-{uuid4().hex}")
        rig.declare(AFTER)
        if meets(rig, way, call):
            if call.kind is Kind.CHANGES:
                rig.wake(due=AFTER)
            rig.is_live(AFTER, stop=True)
    rig.all_ran_once()


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        pytest.param(way, kind, id=f"{way}, and {kind.value}")
        for way, kind in (
            ("refused", Kind.LOOKS),
            ("the last of its process", Kind.PREPARES),
            *((way, Kind.CHANGES) for way in WAYS),
        )
    ],
)
def test_an_apply_is_completed_by_the_next_when_a_call_is(
    rig: Rig,
    first_apply: Sequence[Recorded],
    changing_apply: Sequence[Recorded],
    way: str,
    kind: Kind,
) -> None:
    rig.use(OWN_APP)
    rig.declare(AFTER)
    rig.applied()
    declared, other = BEFORE, AFTER
    known = {place(call) for call in first_apply} if kind is Kind.LOOKS else set()
    for call in distinct(changing_apply, kind):
        if place(call) in known:
            continue
        rig.declare(declared)
        if meets(rig, way, call):
            rig.is_live(declared)
            if call.kind is Kind.CHANGES:
                rig.wake(due=declared)
            declared, other = other, declared
    rig.wake(due=other)
    rig.all_ran_once()


@EACH_WAY
def test_an_apply_goes_on_from_what_was_uploaded_when_an_upload_is(rig: Rig, way: str) -> None:
    rig.use(f"first-{uuid4().hex}")
    rig.declare(AFTER)
    publish = Recorded("AppPublish", 1)
    rig.apply_with(REFUSED, publish)
    rig.forget_sources()
    rig.project.engine.forget_calls()
    rig.apply_with(REFUSED, publish)
    calls = recorded(rig.project.engine.trace(), cut_at=RENEWAL)
    (deploying,) = (call.stretch for call in calls if call.method == publish.method)
    uploads = [c for c in calls if c.method == "MountPutFile" and c.stretch == deploying]
    assert len(uploads) > 50
    for upload in [*uploads[:: len(uploads) // UPLOADS], uploads[-1]]:
        rig.forget_sources()
        done = rig.apply_with(WAYS[way], upload)
        if WAYS[way] is DONE_AND_KILLED:
            assert done.code == -signal.SIGKILL
            rig.freed()
        else:
            failed_with_a_message(done)
    rig.applied()
    rig.wake(due=AFTER)
    rig.is_live(AFTER, stop=True)
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


def place(call: Recorded) -> tuple[str, int]:
    """The method of a call, and the step that makes it."""
    return call.method, call.stretch


def distinct(calls: Sequence[Recorded], *kinds: Kind) -> Iterator[Recorded]:
    """The calls of these kinds; of those that change nothing the first and the last in a place."""
    for call in (call for call in calls if call.kind in kinds):
        alike = [one for one in calls if place(one) == place(call)]
        if call.kind is Kind.CHANGES or call in (alike[0], alike[-1]):
            yield call


def record(rig: Rig) -> Sequence[Recorded]:
    """The calls of an undisturbed apply of what is declared."""
    rig.project.engine.forget_calls()
    rig.applied()
    return recorded(rig.project.engine.trace(), cut_at=RENEWAL)


def meets(rig: Rig, way: str, call: Recorded) -> bool:
    """Let this happen to a call of an apply, and apply again; False if it had begun nothing."""
    rig.project.engine.forget_calls()
    done, killed = rig.apply_with(WAYS[way], call), WAYS[way] is DONE_AND_KILLED
    if killed:
        assert done.code == -signal.SIGKILL
    else:
        failed_with_a_message(done)
    if call.stretch < WRITING and call.kind is not Kind.CHANGES and done.code != 0:
        assert not BEGINNINGS & rig.project.engine.calls().keys(), f"{call}: {done}"
        if killed:
            rig.freed()
        return False
    (rig.completed if killed else rig.applied)()
    return True


def failed_with_a_message(done: Done) -> None:
    """What failed, and what to do; or no harm was done at all."""
    assert done.code in (0, 1), done.err
    assert "Traceback" not in done.err
    assert "defect" not in done.err
    if done.code:
        assert re.search(r"^reconcile: .+\n  .+", done.err, re.MULTILINE), done.err
