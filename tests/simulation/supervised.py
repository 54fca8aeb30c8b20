"""Modal's side of a call of the supervisor: its containers, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any, Final

from reconciler.dispatch.adapters.in_memory import FakeMessenger
from reconciler.dispatch.answers import CallState, CallStatus, UnavailableError
from reconciler.dispatch.wake.supervision import close_queue
from tests.simulation.core import Core
from tests.simulation.faults import Climate, Container, Killed
from tests.simulation.ports import SimulatedCaller, SimulatedClaims, SimulatedClock
from tests.simulation.world import Call, World

LONGEST: Final = timedelta(hours=24).total_seconds()
"""Seconds that Modal lets a call go on."""
FAULTIER: Final = 5
"""A supervisor makes few calls; as many times more of them go wrong than of a wake's."""
RESTART_AFTER: Final = 10.0
"""Seconds until a call whose container died has another."""


class Supervisors:
    """All the calls of the supervisor in one simulation."""

    def __init__(self, world: World, climate: Climate, random: Random, core: Core) -> None:
        self.world = world
        self.core = core
        self.climate = replace(climate, fault=climate.fault * FAULTIER)
        self.random = random
        self.jobs: list[asyncio.Task[None]] = []
        self.ended: Callable[[], None] = lambda: None
        """Is called when a run has ended for whose end something waits."""

    def watch(self, call: Call) -> None:
        """Set to work on a call that has just been started."""
        call.job = asyncio.create_task(self._serve(call, Random(self.random.random())))
        self.jobs.append(call.job)

    async def _serve(self, call: Call, random: Random) -> None:
        assert call.order is not None
        try:
            status = await self._until_done(call, call.order, random)
        except asyncio.CancelledError:
            # The try that it watched may go on.
            self.world.disturbed_runs.add(call.occurrence)
            status = CallStatus(CallState.CANCELLED)
        call.end(self.world.now, status)
        if call.order.get("waited_for"):
            self.ended()

    async def _until_done(self, call: Call, order: dict[str, Any], random: Random) -> CallStatus:
        world = self.world
        for restart in count():
            left = call.began + LONGEST - world.now
            if left <= 0:
                break
            container = Container(world, self.climate, random, skew=call.skew, life=left)
            supervision = self.core.supervise(
                call.began,
                order,
                call=call.id,
                token=f"{call.id}.{restart}",
                clock=SimulatedClock(container),
                claims=SimulatedClaims(container),
                caller=SimulatedCaller(
                    container,
                    lambda occurrence: world.start_try(occurrence, call.skew),
                    self.watch,
                ),
                messenger=FakeMessenger(),
                pause=asyncio.sleep,
            )
            try:
                status = await supervision
                waited_for = order.get("waited_for")
                if not waited_for and await close_queue(call.id, SimulatedClaims(container)):
                    self.ended()
            except Killed:
                if call.ends <= world.now:
                    break  # it was cancelled meanwhile
                await asyncio.sleep(RESTART_AFTER)
            except UnavailableError as error:
                return CallStatus(CallState.FAILED, reason=str(error))
            else:
                return status
            finally:
                if container.disturbed:
                    world.disturbed_runs.add(call.occurrence)
        world.disturbed_runs.add(call.occurrence)
        return CallStatus(CallState.TIMED_OUT)
