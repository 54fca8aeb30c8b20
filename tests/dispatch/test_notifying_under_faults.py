"""Each call of a wake that tells something fails, loses its answer or is the container's last.

Enumerated: after three undisturbed wakes everything was told at least once; and once, unless the
fault was between the receiver's answer and the note of it.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest

from reconciler.alerts import Address, AlertRule, Alerts, BodyFormat, Recipient
from reconciler.dispatch.adapters.in_memory import FakeMessenger
from reconciler.dispatch.answers import CallState, UnavailableError
from tests.dispatch.faulty import WAYS, Faults, Faulty
from tests.dispatch.scenario import Killed, World, hourly

PAGER = Recipient(Address(url="https://pager.example/in"), BodyFormat.JSON)
PING = Address(url="https://hc-ping.example/uuid")


def told_under(faults: Faults) -> Counter[str]:
    """What was told after a wake under faults and three without, one run having failed."""
    world = World()
    world.live(hourly(ping=PING), alerts=Alerts(AlertRule(to=(PAGER,))))
    world.wake("09:00")
    world.end(1, CallState.FAILED, "ValueError: no rows")
    plain = world.ports("09:30")
    ports = replace(
        plain,
        claims=Faulty(faults, world.claims),
        log=Faulty(faults, world.log),
        messenger=Faulty(faults, world.messenger),
    )
    with suppress(Killed, UnavailableError):
        world.wake("09:30", ports)
    for time in ("09:37", "09:44", "09:51"):
        world.wake(time)
    messenger: FakeMessenger = world.messenger
    return Counter(f"{m.address.shown}{m.suffix}" for m in messenger.sent)


EXPECTED = {f"{PING.shown}/start": 1, f"{PING.shown}/fail": 1, PAGER.address.shown: 1}


def calls() -> list[str]:
    """The calls of an undisturbed wake, by name."""
    faults = Faults()
    assert told_under(faults) == EXPECTED
    return faults.made


@pytest.mark.parametrize("way", WAYS)
def test_what_has_to_be_notified_is_notified_whatever_goes_wrong_at_any_call(way: str) -> None:
    names = calls()
    assert sum(name.startswith("send") for name in names) == 2
    for nth, name in enumerate(names):
        found = told_under(Faults(nth, way))
        where = f"{way} at {nth}: {name}"
        assert found.keys() == EXPECTED.keys(), where
        noted_late = name.startswith("put notice/") or (
            name.startswith("send") and way in ("answer lost", "killed after")
        )
        assert all(count == 1 or (noted_late and count == 2) for count in found.values()), where
