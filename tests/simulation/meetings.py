"""Wakes that meet: one is at work, and within seconds comes one that is stale or a person's."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from tests.simulation.faults import Climate
from tests.simulation.schedules import History
from tests.simulation.wakes import LONGEST_STALENESS, WakeEvent
from tests.simulation.world import FIRST_MINUTE, START_SECOND

AHEAD: Final = 0.4
"""How often a person asks for a time that is still to come."""
AT_WORK: Final = (0.01, 0.1, 1.0)
"""Seconds that each call of the wake takes that is met."""


def draw_meetings(seed: int, climate: Climate, history: History, days: int) -> Iterator[WakeEvent]:
    """Pairs of wakes, in minutes in which something is due or just after an apply."""
    random = Random(f"meetings of seed {seed}")
    for number in range(random.choice((0, 6, 20))):
        applied = random.choice(history.applied)[0] - START_SECOND
        due = _due(random, history, days)
        kind = random.choice(("stale", "trigger", "trigger", "at", "at"))
        if kind == "stale" and random.random() < 0.7:
            at = min(applied, days * 86400.0) + random.uniform(0, 300)
            staleness = min(LONGEST_STALENESS, at - applied + random.uniform(1, 200))
        else:
            at = (due - FIRST_MINUTE) * 60 + random.uniform(0, 40)
            staleness = random.uniform(1, LONGEST_STALENESS) if kind == "stale" else 0.0
        if kind == "at" and random.random() < AHEAD:
            at -= random.uniform(60, 6 * 3600)
        at = max(at, 0.0)
        latency = random.choice(AT_WORK)
        yield WakeEvent(at, f"met-{number}", climate, latency=latency)
        for _ in range(random.choice((1, 1, 2))):
            yield WakeEvent(
                at + random.uniform(-1, 8 * latency) if at > 1 else at,
                kind,
                climate,
                staleness=staleness,
                as_if=due if kind == "at" else None,
                trigger=random.random() if kind == "trigger" else None,
                latency=random.choice((0.0, random.choice(AT_WORK))),
            )


def _due(random: Random, history: History, days: int) -> int:
    """An epoch minute in which something is due."""
    last = FIRST_MINUTE + days * 24 * 60
    for _ in range(20):
        lives = random.choice(sorted(history.lives.items()))[1]
        life = random.choice(lives)
        begin = max(life.declared.anchor, int(life.begin // 60))
        end = int(min(life.end, last * 60.0) // 60)
        times = list(life.declared.nominal(begin, end))
        if times:
            return random.choice(times)
    return random.randrange(FIRST_MINUTE, last)
