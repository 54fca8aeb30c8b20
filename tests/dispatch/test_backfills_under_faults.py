"""Each call of the wakes that drive a backfill is refused, loses its answer or is the last one.

Enumerated: whatever goes wrong, undisturbed wakes bring the backfill to its end, and each of its
runs has started once; under at-most-once never twice.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest

from reconciler.dispatch.answers import UnavailableError
from reconciler.policies import Delivery
from tests.dispatch.backfill_scenario import BackfillWorld, backfill_of, minutes
from tests.dispatch.faulty import WAYS, Faults, Faulty
from tests.dispatch.scenario import Killed, hourly

PLAN = backfill_of(3, parallel=2)


def world_under(faults: Faults, delivery: Delivery) -> BackfillWorld:
    """After two wakes under faults, and as many without as the backfill needs."""
    world = BackfillWorld()
    world.live(hourly(since="10:00", delivery=delivery))
    world.approve(PLAN)
    for time in ("10:01", "10:02"):
        plain = world.ports(time)
        ports = replace(
            plain,
            claims=Faulty(faults, world.claims),
            log=Faulty(faults, world.log),
            caller=Faulty(faults, world.caller),
            backfills=Faulty(faults, world.backfills),
        )
        with suppress(Killed, UnavailableError):
            world.wake(time, ports)
        world.end_all()
    world.play(minutes("10:10", 12))
    return world


def calls(delivery: Delivery) -> list[str]:
    """The calls of undisturbed wakes, by name."""
    faults = Faults()
    world = world_under(faults, delivery)
    assert Counter(world.orders()) == Counter(run.id for run in PLAN.runs)
    return faults.made


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("delivery", list(Delivery))
def test_a_backfill_converges_whatever_goes_wrong_at_any_call(delivery: Delivery, way: str) -> None:
    names = calls(delivery)
    assert names.count("supervise") == 3
    for nth, name in enumerate(names):
        world = world_under(Faults(nth, way), delivery)
        where = f"{way} at {nth}: {name}"
        started = Counter(world.orders())
        assert world.ended(PLAN) is not None, where
        if delivery is Delivery.AT_MOST_ONCE:
            assert all(times == 1 for times in started.values()), where
            known = {*started, *world.reruns()}
        else:
            # What a dead wake did not confirm may start again, and a start without an answer.
            doubted = PLAN.parallel if way.startswith("killed") else int(name == "supervise")
            assert started.total() <= 3 + doubted, where
            known = set(started)
        assert known == {run.id for run in PLAN.runs}, where
