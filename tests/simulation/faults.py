"""What can go wrong, how often, and the container in which it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final, TypeVar

from reconciler.dispatch.answers import UnavailableError
from reconciler.model.claim import WAKE_TIMEOUT
from tests.simulation.world import World

T = TypeVar("T")

WAKE_SECONDS: Final = WAKE_TIMEOUT.total_seconds()
NAPS: Final = 0.03
"""How often a call takes up to a second."""
YIELDS: Final = 0.1
"""How often another task runs in between."""


class Killed(BaseException):
    """The container has died."""


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
        dropped: that a commit says yes and is lost.
    """

    fault: float
    stall: float
    lost: float
    doubled: float
    late: float
    skewed: float
    stale: float
    throttled: float
    dropped: float

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
            dropped=rate(0.05),
        )


CALM: Final = Climate(0, 0, 0, 0, 0, 0, 0, 0, 0)


class Container:
    """One container, alive until it is killed. Every port call goes through it."""

    def __init__(
        self,
        world: World,
        climate: Climate,
        random: Random,
        *,
        skew: float = 0.0,
        life: float = WAKE_SECONDS,
        latency: float = 0.0,
        throttled: bool = False,
    ) -> None:
        self.world = world
        self.climate = climate
        self.random = random
        self.skew = skew
        self.latency = latency
        self.throttled = throttled
        self.by_hand = False
        self.knows_functions = False
        self.dead = False
        self.troubled = 0.0
        self.in_hand: set[str] = set()
        self.began = world.now
        self.task_files: dict[str, bytes] | None = None
        """The files of tasks as they were when the Volume was last reloaded; None from outside."""
        self._dies = world.now + life
        self._waits = climate.fault + climate.stall + NAPS + YIELDS

    @property
    def disturbed(self) -> bool:
        """Whether anything went wrong in it."""
        return self.troubled > 0

    async def call(
        self, act: Callable[[], T], error: type[Exception], *, resend: bool = False
    ) -> T:
        """Make one call of a port, in which a fault may strike.

        Args:
            error: what the port raises when the other side does not answer.
            resend: whether the client sends it again by itself when no answer comes.
        """
        chance, fault = self.random.random(), None
        if chance < self._waits:
            fault = self._drawn(chance, resend=resend)
            if fault is None:
                await asyncio.sleep(self._time(chance))
        if self.latency:
            await asyncio.sleep(self.latency)
        self.stay_alive()
        if self.throttled and self.random.random() < self.climate.throttled:
            fault = Fault.FAIL
        if fault is None:
            return act()
        self.troubled = self.world.now
        self.world.met.add((act.__qualname__.partition(".<locals>")[0], fault.name))
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

    def mount(self) -> None:
        """Raise if the Volume that its function holds was deleted, or another is there by now."""
        harm = self.world.harm
        if harm.made_anew and harm.emptied <= self.world.now and self.began < harm.repaired:
            self.troubled = self.world.now
            raise UnavailableError("the Volume is gone")

    def drops_commit(self) -> bool:
        """Whether what is committed now is lost, although the commit says yes."""
        return self.climate.dropped > 0 and self.random.random() < self.climate.dropped

    def stay_alive(self) -> None:
        """Raise if the container is dead, or would be by now."""
        if self.world.now > self._dies:
            self._die()
        if self.dead:
            raise Killed

    def _drawn(self, chance: float, *, resend: bool) -> Fault | None:
        if chance >= self.climate.fault:
            return None
        return self.random.choice([fault for fault in Fault if resend or fault is not Fault.RESEND])

    def _time(self, chance: float) -> float:
        """Seconds that a call takes of which it was drawn that it takes some."""
        if chance < self.climate.fault + self.climate.stall:
            self.troubled = self.world.now
            return self.random.uniform(1, 400)
        return self.random.uniform(0.01, 1) if chance > self._waits - NAPS else 0.0

    def _die(self) -> None:
        self.dead = True
        self.troubled = self.world.now
        raise Killed
