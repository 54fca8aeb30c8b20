"""Each call of a supervisor fails, loses its answer or is the container's last.

Enumerated. Modal starts a supervisor whose container ended once more, on the same call.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from reconciler.alerts import Address
from reconciler.dispatch.answers import CallState, CallStatus
from reconciler.policies import Delivery
from tests.dispatch.faulty import WAYS, Faults, Faulty
from tests.dispatch.scenario import Killed
from tests.dispatch.test_supervision import DONE, ORDER, Desk, Scripted

PING = Address(url="https://hc-ping.example/run")
RUNNING = CallStatus(CallState.RUNNING)
TIMED_OUT_THEN_DONE = replace(ORDER, ping=PING, retries=1, timeout=600)
"""The first try never ends, and the second succeeds."""


@dataclass(frozen=True)
class Played:
    """What came of a run.

    Attributes:
        calls: how each call that was started stands at the end.
        pings: what was sent, as it ends after the address.
    """

    status: CallStatus
    calls: list[CallState]
    pings: list[str]


def played(faults: Faults, delivery: Delivery) -> Played:
    """A run of two tries under faults."""
    script = Scripted(script=[RUNNING, *[DONE] * 3])
    desk = Desk(script)
    claims, messenger = desk.claims, desk.messenger
    order = replace(TIMED_OUT_THEN_DONE, delivery=delivery)
    faulty = Desk(
        Faulty(faults, script),  # type: ignore[arg-type]  # a port, if not a fake
        claims=Faulty(faults, claims),  # type: ignore[arg-type]  # the same
        clock=desk.clock,
        messenger=Faulty(faults, messenger),  # type: ignore[arg-type]  # the same
    )
    status = None
    for execution in ("t1", "t2"):
        with suppress(Killed):
            status = faulty.supervise(order, token=execution)
            break
    assert status is not None, "one fault ends one execution"
    return Played(
        status,
        [script.statuses[call.id].state for call in script.calls],
        [message.suffix for message in messenger.sent],
    )


def calls(delivery: Delivery) -> list[str]:
    """The calls of an undisturbed run, by name."""
    faults = Faults()
    undisturbed = played(faults, delivery)
    assert undisturbed.status.state is CallState.SUCCEEDED
    assert undisturbed.calls == [CallState.CANCELLED, CallState.SUCCEEDED]
    assert undisturbed.pings == ["/start", ""]
    return faults.made


def in_doubt(name: str, way: str) -> bool:
    """Whether that fault hides from the supervisor whether a try has started."""
    return way != "refused" if name == "start" else way.startswith("killed") and "~" in name


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("delivery", Delivery)
def test_a_fault_changes_nothing_unless_it_hides_whether_a_try_has_started(
    delivery: Delivery, way: str
) -> None:
    for nth, name in enumerate(calls(delivery)):
        if not in_doubt(name, way):
            found = played(Faults(nth, way), delivery)
            ended = (found.status.state, found.calls)
            where = f"{way} at {nth}: {name}"
            assert ended == (CallState.SUCCEEDED, [CallState.CANCELLED, CallState.SUCCEEDED]), where


@pytest.mark.parametrize("way", WAYS[1:])
def test_a_try_in_doubt_is_not_started_again_under_at_most_once(way: str) -> None:
    for nth, name in enumerate(calls(Delivery.AT_MOST_ONCE)):
        if in_doubt(name, way):
            found = played(Faults(nth, way), Delivery.AT_MOST_ONCE)
            where = f"{way} at {nth}: {name}"
            assert found.status.ended, where
            assert len(found.calls) <= 2, where


@pytest.mark.parametrize("way", WAYS[1:])
def test_a_try_in_doubt_is_started_again_under_at_least_once(way: str) -> None:
    for nth, name in enumerate(calls(Delivery.AT_LEAST_ONCE)):
        if in_doubt(name, way):
            found = played(Faults(nth, way), Delivery.AT_LEAST_ONCE)
            where = f"{way} at {nth}: {name}"
            assert found.status.state is CallState.SUCCEEDED, where
            assert len(found.calls) <= 3, where


@pytest.mark.parametrize("way", WAYS)
def test_the_start_and_the_end_of_a_run_are_each_pinged_whatever_goes_wrong(way: str) -> None:
    for nth, name in enumerate(calls(Delivery.AT_LEAST_ONCE)):
        pings = played(Faults(nth, way), Delivery.AT_LEAST_ONCE).pings
        where = f"{way} at {nth}: {name}: {pings}"
        assert pings.count("/start") <= 1, where
        # A ping that could not be claimed or sent is left to the next wake.
        is_left = name == f"send {PING.shown}" or "ping-success" in name
        assert "" in pings or is_left, where
