"""What a supervisor promises of the run that it watches over.

* every run that is watched over comes to an end, and what its supervisor reports is its last try;
* it is tried no more often than ``retries`` says, and under at-most-once not even when it is in
  doubt whether a try was started;
* a try begins only after the one before it has failed, and after the backoff;
* a try that takes longer than ``timeout`` is cancelled then;
* a run that fails was tried as often as ``retries`` allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from reconciler.dispatch.answers import CallState
from reconciler.dispatch.wake.supervision import STARTS_PER_TRY, RunOrder
from reconciler.policies import Delivery
from tests.simulation.world import Call, World

PROMPT: Final = 60.0
"""Seconds within which a supervisor in which nothing goes wrong has acted."""


def wrong_watching(world: World) -> Iterator[str]:
    """What supervisors did that they should not have."""
    for key, calls in world.starts.items():
        watched = [call for call in calls if call.order is not None]
        if watched:
            order = RunOrder.from_json(watched[0].order or {})
            yield from _wrong(world, key, order, watched)


def _wrong(world: World, key: str, order: RunOrder, watched: Sequence[Call]) -> Iterator[str]:
    tries = world.tries.get(key, [])
    most = order.retries + 1
    for call in watched:
        if call.ends == float("inf"):
            yield f"{key} is watched over for ever"
    if order.delivery is Delivery.AT_MOST_ONCE and len(tries) > most:
        yield f"{key} is at-most-once and was tried {len(tries)} times instead of {most}"
    if len(tries) > most * STARTS_PER_TRY * len(watched):
        yield f"{key} was tried {len(tries)} times"
    if key in world.disturbed_runs:
        return  # a fault struck the supervisor, or it was cancelled: its report may be wrong
    last = watched[-1]
    if tries and last.state is not tries[-1].state and last.state is not CallState.TIMED_OUT:
        yield f"{key} is reported as {last.state}, and its last try {tries[-1].state}"
    if last.state in (CallState.FAILED, CallState.TIMED_OUT) and len(tries) < most:
        yield f"{key} {last.state} after {len(tries)} tries of {most}"
    yield from _wrong_tries(key, order, tries)


def _wrong_tries(key: str, order: RunOrder, tries: Sequence[Call]) -> Iterator[str]:
    """What a supervisor did that nothing had disturbed."""
    if len(tries) > order.retries + 1:
        yield f"{key} was tried {len(tries)} times instead of {order.retries + 1}"
    for number, (first, second) in enumerate(pairwise(tries), start=1):
        if first.state is CallState.SUCCEEDED:
            yield f"{key} was tried again after it had succeeded"
        if second.began < first.ends + order.pause_after(number) - 1:
            yield f"{key} was tried again before its backoff was over"
    for one in tries:
        if order.timeout is not None and one.ends > one.began + order.timeout + PROMPT:
            yield f"{key} went on for longer than its timeout"
