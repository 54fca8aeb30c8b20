"""What one simulation plays: schedules and their changes, wakes, all drawn from its seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from reconciler.dispatch.generation import Generation, Record, new_generation
from reconciler.policies import Catchup, Delivery, Overlap
from tests.simulation.faults import CALM, Climate
from tests.simulation.world import FIRST_MINUTE

DAY: Final = 24 * 60
PUNCTUALITY: Final = 300
LONGEST_STALENESS: Final = 600.0
"""Seconds by which what a wake reads may be old."""
OUTAGES: Final = (3600.0, 6 * 3600.0, 30 * 3600.0, 8 * 86400.0)
"""Seconds; the longest is longer than an entry of the Dict lives."""


@dataclass(frozen=True, slots=True)
class Life:
    """A schedule for as long as its record stays the same.

    Attributes:
        minutes: of the day at which it is due; empty for a task.
        end: epoch minute at which it was changed or removed, None at the end of the simulation.
    """

    record: Record
    minutes: tuple[int, ...]
    end: int | None = None

    def nominal(self, until: int) -> Iterator[int]:
        """Its times up to an epoch minute, by arithmetic of our own."""
        if self.record.at is not None:
            if self.record.anchor < self.record.at <= until:
                yield self.record.at
            return
        first = self.record.anchor - self.record.anchor % DAY
        for midnight in range(first, until + 1, DAY):
            for minute in self.minutes:
                if self.record.anchor < midnight + minute <= until:
                    yield midnight + minute


@dataclass(frozen=True, slots=True)
class WakeEvent:
    """A wake that happens. ``at``: seconds since the start; ``as_if``: epoch minute or None."""

    at: float
    slot: str
    climate: Climate
    skew: float = 0.0
    staleness: float = 0.0
    throttled: bool = False
    as_if: int | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One simulation.

    Attributes:
        days: after these come some undisturbed wakes.
        generations: seconds since the start, and what becomes live then.
        cursor_lost: seconds since the start at which the cursor's entry goes.
    """

    seed: int
    days: int
    lives: tuple[Life, ...]
    generations: tuple[tuple[float, Generation], ...]
    wakes: tuple[WakeEvent, ...]
    cursor_lost: tuple[float, ...]


def draw_scenario(seed: int, days: int, schedules: int) -> Scenario:
    """The scenario of a seed."""
    random = Random(seed)
    history = _History(random, schedules)
    flips = sorted(random.uniform(1, days * 86400) for _ in range(random.choice((0, 3, 8))))
    generations = [(0.0, history.generation())]
    for flip in flips:
        history.change(FIRST_MINUTE + int(flip // 60))
        generations.append((flip, history.generation()))
    climate = Climate.draw(random)
    losses = random.choice((0, 0, 3))
    return Scenario(
        seed=seed,
        days=days,
        lives=(*history.over, *history.living.values()),
        generations=tuple(generations),
        wakes=tuple(_wakes(random, climate, days)),
        cursor_lost=tuple(sorted(random.uniform(0, days * 86400) for _ in range(losses))),
    )


class _History:
    """The schedules as they come, change and go."""

    def __init__(self, random: Random, schedules: int) -> None:
        self.random = random
        self.over: list[Life] = []
        self.living = {
            name: self.new_life(name, FIRST_MINUTE)
            for name in (f"s{number:02}" for number in range(schedules))
        }

    def generation(self) -> Generation:
        return new_generation([life.record for life in self.living.values()], (), PUNCTUALITY)

    def change(self, now: int) -> None:
        for name in self.random.sample(sorted(self.living), min(6, len(self.living))):
            before = self.living.pop(name)
            self.over.append(replace(before, end=now))
            match self.random.randrange(4):
                case 0:
                    self.living[f"{name}-{now}"] = self.new_life(f"{name}-{now}", now)
                case 1:
                    self.living[name] = self.new_life(name, now)
                case 2:
                    paused = None if before.record.suspended is not None else "a change"
                    record = replace(before.record, anchor=now, suspended=paused)
                    self.living[name] = replace(before, record=record)
                case 3 if len(self.living) < 5:
                    self.living[name] = self.new_life(name, now)

    def new_life(self, name: str, now: int) -> Life:
        random = self.random
        every, first = random.choice((15, 60, 120, 240, 360, DAY, DAY)), random.randrange(DAY)
        minutes = tuple(sorted((first + step) % DAY for step in range(0, DAY, every)))
        task = random.random() < 0.1
        record = Record(
            name=name,
            app="shop",
            function="sync",
            anchor=now,
            when=() if task else _expressions(every, minutes),
            at=now + random.randrange(1, 5 * DAY) if task else None,
            args={"id": "${occurrence.id}"},
            catchup=random.choice(list(Catchup)),
            deadline=random.choice((None, None, 1800, 7200)),
            delivery=random.choice(list(Delivery)),
            overlap=random.choice((Overlap.ALLOW, *Overlap)),
        )
        return Life(record, () if task else minutes)


def _expressions(every: int, minutes: tuple[int, ...]) -> tuple[str, ...]:
    if every < 60:
        return (f"{','.join(str(minute) for minute in sorted({m % 60 for m in minutes}))} * * * *",)
    hours = ",".join(str(minute // 60) for minute in minutes)
    return (f"{minutes[0] % 60} {hours} * * *",)


def _wakes(random: Random, climate: Climate, days: int) -> Iterator[WakeEvent]:
    end = days * 86400.0
    outages = [_span(random, end, OUTAGES) for _ in range(random.choice((0, 1, 4)))]
    throttles = [_span(random, end, OUTAGES[:2]) for _ in range(random.choice((0, 1, 4)))]
    for slot, every in (("poller", random.choice((900, 1800, 3600))), ("daily", 86400)):
        offset = random.uniform(0, every)
        for number in range(int((end - offset) // every)):
            at = offset + number * every
            if _within(at, outages) or random.random() < climate.lost:
                continue
            if random.random() < climate.late:
                at += random.uniform(1, 2400)
            for _ in range(2 if random.random() < climate.doubled else 1):
                yield _wake(random, climate, at, slot, throttled=_within(at, throttles))
    for number, later in enumerate((600, 1200, 86400, 87000, 87600)):
        yield WakeEvent(end + 2400 + later, f"last-{number}", CALM)


def _wake(random: Random, climate: Climate, at: float, slot: str, *, throttled: bool) -> WakeEvent:
    skewed = random.random() < climate.skewed
    return WakeEvent(
        at=at + random.choice((0.0, 0.0, random.uniform(0, 60))),
        slot=slot,
        climate=climate,
        skew=random.choice((-7200, -400, -60, 60, 400, 7200, 40000)) if skewed else 0.0,
        staleness=random.uniform(0, LONGEST_STALENESS) if random.random() < climate.stale else 0.0,
        throttled=throttled,
        as_if=FIRST_MINUTE + int(at // 60) - random.randrange(300)
        if random.random() < 0.01
        else None,
    )


def _span(random: Random, end: float, lengths: tuple[float, ...]) -> tuple[float, float]:
    begin = random.uniform(0, end)
    return begin, begin + random.choice(lengths)


def _within(at: float, spans: list[tuple[float, float]]) -> bool:
    return any(begin <= at < end for begin, end in spans)
