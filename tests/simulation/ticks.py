"""The ticks of a second wake source, with faults of its own, beside the wakes of Modal's crons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from tests.simulation.faults import Climate
from tests.simulation.scenario import Scenario
from tests.simulation.wakes import Span, WakeEvent, within

WAKING: Final = "on_demand"
"""The function that the HTTP API starts."""


@dataclass(frozen=True, slots=True)
class Ticking:
    """How the second source behaves.

    Attributes:
        every: seconds from one tick to the next.
        missing, doubled: how often a tick is lost, or comes twice.
        redelivered: how often its request fails, and a queue repeats it later.
        silent: spans without a tick.
    """

    every: float = 600.0
    missing: float = 0.0
    doubled: float = 0.0
    redelivered: float = 0.0
    silent: tuple[Span, ...] = ()


def draw_ticks(scenario: Scenario, climate: Climate, ticking: Ticking) -> Iterator[WakeEvent]:
    """The wakes that the second source asks for. They are drawn apart from those of Modal's crons,
    so that a seed plays the same ones of these."""
    random = Random(f"the ticks of seed {scenario.seed}")
    for number in range(int(scenario.days * 86400 // ticking.every)):
        at = number * ticking.every
        if within(at, ticking.silent) or random.random() < ticking.missing:
            continue
        for _ in range(2 if random.random() < ticking.doubled else 1):
            delay = random.uniform(0, 15)
            if random.random() < ticking.redelivered:
                delay += min(3600.0, 30.0 * 2 ** random.randrange(8))
            yield WakeEvent(at + delay, WAKING, climate)


def with_second_source(
    scenario: Scenario, climate: Climate, ticking: Ticking, silent: tuple[Span, ...] = ()
) -> Scenario:
    """The scenario with a second source.

    Args:
        climate: of its wakes.
        silent: spans in which Modal's crons do not wake.
    """
    kept = [wake for wake in scenario.wakes if not within(wake.at, silent)]
    ticks = draw_ticks(scenario, climate, ticking)
    return replace(scenario, wakes=(*kept, *ticks))
