"""When the wakes of a simulation come, and under what circumstances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from tests.simulation.faults import CALM, Climate
from tests.simulation.world import FIRST_MINUTE

LONGEST_STALENESS: Final = 600.0
"""Seconds by which what a wake reads may be old."""
OUTAGES: Final = (3600.0, 6 * 3600.0, 30 * 3600.0, 8 * 86400.0)
"""Seconds; the longest is longer than an entry of the Dict lives."""
SKEWS: Final = (-7200.0, -400.0, -60.0, 60.0, 400.0, 7200.0, 40000.0)
"""Seconds by which a clock may be ahead."""
LAST_WAKES: Final = (600.0, 1200.0, 86400.0, 87000.0, 87600.0)
"""Seconds after the last day at which undisturbed wakes come, for what is left to be settled."""

Span: TypeAlias = tuple[float, float]
"""Seconds since the start: from the first, up to but without the second."""


@dataclass(frozen=True, slots=True)
class WakeEvent:
    """A wake that happens.

    Attributes:
        at: seconds since the start.
        skew: seconds by which the clock of its machine is ahead.
        staleness: seconds by which what it reads is old.
        as_if: the epoch minute that a person wants served; None for a cron's wake.
        trigger: a person wants a schedule started now: which of those that are due in this minute,
            or else of all, as a number from 0 to 1.
        latency: seconds that each of its calls takes.
    """

    at: float
    slot: str
    climate: Climate
    skew: float = 0.0
    staleness: float = 0.0
    throttled: bool = False
    as_if: int | None = None
    trigger: float | None = None
    latency: float = 0.0


def draw_wakes(random: Random, climate: Climate, days: int) -> Iterator[WakeEvent]:
    """The wakes of two slots over so many days, and the undisturbed last ones."""
    end = days * 86400.0
    outages = [_span(random, end, OUTAGES) for _ in range(random.choice((0, 1, 4)))]
    throttles = [_span(random, end, OUTAGES[:2]) for _ in range(random.choice((0, 1, 4)))]
    # A clock that is set wrong and set right again steps for every wake in between.
    wrong = [_span(random, end, OUTAGES[:2])] if climate.skewed and random.random() < 0.5 else []
    stepped = random.choice(SKEWS)
    for slot, every in (("poller", random.choice((900, 1800, 3600, 3600))), ("daily", 86400)):
        offset = random.uniform(0, every)
        for number in range(int((end - offset) // every)):
            at = offset + number * every
            if within(at, outages) or random.random() < climate.lost:
                continue
            if random.random() < climate.late:
                at += random.uniform(1, 2400)
            skew = stepped if within(at, wrong) else 0.0
            throttled = within(at, throttles)
            for _ in range(2 if random.random() < climate.doubled else 1):
                yield _wake(random, climate, at, slot, skew=skew, throttled=throttled)
    for number, later in enumerate(LAST_WAKES):
        yield WakeEvent(end + 2400 + later, f"last-{number}", CALM)


def within(at: float, spans: Sequence[Span]) -> bool:
    """Whether a moment is in one of the spans."""
    return any(begin <= at < end for begin, end in spans)


def _wake(
    random: Random, climate: Climate, at: float, slot: str, *, skew: float, throttled: bool
) -> WakeEvent:
    by_hand = random.random() < 0.01
    return WakeEvent(
        at=at + random.choice((0.0, 0.0, random.uniform(0, 60))),
        slot=slot,
        climate=climate,
        skew=random.choice(SKEWS) if random.random() < climate.skewed else skew,
        staleness=random.uniform(0, LONGEST_STALENESS) if random.random() < climate.stale else 0.0,
        throttled=throttled,
        as_if=FIRST_MINUTE + int(at // 60) - random.randrange(300) if by_hand else None,
    )


def _span(random: Random, end: float, lengths: tuple[float, ...]) -> Span:
    begin = random.uniform(0, end)
    return begin, begin + random.choice(lengths)
