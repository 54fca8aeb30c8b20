"""What can go wrong, how often, and the container in which it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final, TypeVar

from reconciler.dispatch.claim import WAKE_TIMEOUT
from tests.simulation.world import World

T = TypeVar("T")

WAKE_SECONDS: Final = WAKE_TIMEOUT.total_seconds()


class Killed(BaseException):
    """The container is gone."""


class Fault(Enum):
    """What happens to one call of a port."""

    CRASH_BEFORE = "the container dies before it"
    CRASH_AFTER = "done, and the container dies"
    FAIL = "refused"
    LOSE = "done, and the answer is lost"
    RESEND = "done, the answer lost, and the client sends it again"


@dataclass(frozen=True, slots=True)
class Climate:
    """How often things go wrong in one simulation; probabilities.

    Attributes:
        fault: of one port call.
        stall: that a call takes minutes.
        lost, doubled, late: of one wake.
        skewed: that the clock of a wake is wrong.
        stale: that a wake reads a generation that is no longer live.
        throttled: that a call is refused while Modal throttles us.
    """

    fault: float
    stall: float
    lost: float
    doubled: float
    late: float
    skewed: float
    stale: float
    throttled: float

    @classmethod
    def draw(cls, random: Random) -> Climate:
        """Some simulations are calm in most respects, so that each fault is also seen alone."""

        def rate(most: float) -> float:
            return random.choice((0.0, most / 10, most))

        return cls(
            fault=rate(0.004),
            stall=rate(0.003),
            lost=rate(0.3),
            doubled=rate(0.2),
            late=rate(0.3),
            skewed=rate(0.03),
            stale=rate(0.1),
            throttled=random.choice((0.0, 0.5, 0.9)),
        )


CALM: Final = Climate(0, 0, 0, 0, 0, 0, 0, 0)


class Container:
    """One container, alive until it is killed. Every port call of a wake goes through it."""

    def __init__(self, world: World, climate: Climate, random: Random, skew: float = 0.0) -> None:
        self.world = world
        self.climate = climate
        self.random = random
        self.skew = skew
        self.dead = False
        self.disturbed = False
        self.throttled = False
        self.by_hand = False
        self.in_hand: set[str] = set()
        self._dies = world.now + WAKE_SECONDS

    async def call(
        self, act: Callable[[], T], error: type[Exception], *, resend: bool = False
    ) -> T:
        """Do one call of a port, or what becomes of it.

        Args:
            error: what the port raises when the other side does not answer.
            resend: whether the client sends it again by itself when no answer comes.
        """
        await self._take_time()
        self._stay_alive()
        fault = self._draw(resend=resend)
        if fault is None:
            return act()
        self.disturb()
        match fault:
            case Fault.FAIL:
                raise error("refused")
            case Fault.LOSE:
                act()
                raise error("timed out")
            case Fault.RESEND:
                act()
                return act()
            case Fault.CRASH_BEFORE:
                self._die()
            case Fault.CRASH_AFTER:
                act()
                self._die()
        raise AssertionError(fault)

    def disturb(self) -> None:
        """Something went wrong here."""
        self.disturbed = True

    async def _take_time(self) -> None:
        if self.random.random() < self.climate.stall:
            self.disturb()
            await asyncio.sleep(self.random.uniform(1, 400))
        elif self.random.random() < 0.05:
            await asyncio.sleep(self.random.uniform(0.01, 1))
        elif self.random.random() < 0.2:
            await asyncio.sleep(0)

    def _stay_alive(self) -> None:
        if self.world.now > self._dies:
            self._die()
        if self.dead:
            raise Killed

    def _draw(self, *, resend: bool) -> Fault | None:
        if self.throttled and self.random.random() < self.climate.throttled:
            return Fault.FAIL
        if self.random.random() >= self.climate.fault:
            return None
        return self.random.choice([fault for fault in Fault if resend or fault is not Fault.RESEND])

    def _die(self) -> None:
        self.dead = True
        self.disturb()
        raise Killed
