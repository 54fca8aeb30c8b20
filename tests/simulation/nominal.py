"""Every nominal time that a simulation had, and by what it was governed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.model.occurrence import Occurrence
from reconciler.policies import Catchup, Delivery, Overlap
from tests.simulation.scenario import Scenario
from tests.simulation.schedules import Life
from tests.simulation.wakes import LONGEST_STALENESS
from tests.simulation.world import World

SLACK: Final = LONGEST_STALENESS + 360
"""Seconds for which a wake may still act on a generation that is no longer live."""
SETTLING: Final = 2 * 3600.0
"""Seconds after the first undisturbed wake within which what is in doubt is settled."""
WAITING: Final = 24 * 3600.0
"""The same where one run may wait for another."""


@dataclass(slots=True)
class Nominal:
    """One nominal time of one schedule.

    Attributes:
        lives: what the schedule was like for the wakes that had to decide; never empty.
        keys: the occurrence, under each name that it may have had.
        until: true epoch second from which it was no longer this schedule's business.
        following: the schedule's next nominal time.
        alike: whether what governs this also governs that.
    """

    identity: int
    at: int
    lives: Sequence[Life]
    keys: frozenset[Occurrence]
    until: float
    following: int | None = None
    alike: bool = False

    @property
    def due(self) -> float:
        """When it is due, as a true epoch second."""
        return self.at * 60.0

    def __str__(self) -> str:
        return " or ".join(sorted(key.id for key in self.keys))

    @property
    def exclusion(self) -> bool:
        """Whether it was suspended or excluded throughout."""
        return all(life.declared.exclusion(self.at) for life in self.lives)

    @property
    def may_be_barred(self) -> bool:
        """Whether it was suspended or excluded for some wake."""
        return any(life.declared.exclusion(self.at) for life in self.lives)

    @property
    def at_most_once(self) -> bool:
        """Whether it was at-most-once throughout."""
        return all(life.record.delivery is Delivery.AT_MOST_ONCE for life in self.lives)

    @property
    def may_be_at_most_once(self) -> bool:
        """Whether it was at-most-once for some wake."""
        return any(life.record.delivery is Delivery.AT_MOST_ONCE for life in self.lives)

    @property
    def apart(self) -> bool:
        """Whether it was not allowed throughout that two of its runs go at once."""
        return all(life.record.overlap is not Overlap.ALLOW for life in self.lives)

    def overlaps(self, *overlaps: Overlap) -> bool:
        """Whether it may have been under one of these."""
        return any(life.record.overlap in overlaps for life in self.lives)

    def catches_up(self, catchup: Catchup) -> bool:
        """Whether it may have been under this."""
        return any(life.record.catchup is catchup for life in self.lives)

    def always(self, catchup: Catchup) -> bool:
        """Whether it was under this throughout."""
        return all(life.record.catchup is catchup for life in self.lives)

    @property
    def followed_by(self) -> int | None:
        """The schedule's next nominal time, if it is like this one and cannot be barred."""
        may_bar = any(life.declared.may_bar for life in self.lives)
        return self.following if self.alike and not may_bar else None

    @property
    def deadlines(self) -> Sequence[int]:
        """Seconds; those that it may have been under."""
        return [life.record.deadline for life in self.lives if life.record.deadline is not None]


@dataclass(slots=True)
class CleanWakes:
    """The undisturbed wakes, in the order of time."""

    spans: Sequence[tuple[float, float]]

    @classmethod
    def of(cls, world: World) -> CleanWakes:
        """Those of a simulation that is over."""
        return cls(sorted((e.began, e.ended) for e in world.executions if e.clean))

    def looked(self, after: float, before: float) -> bool:
        """Whether one began and ended in this span of true time."""
        return self.first_end(after) < before

    def first_end(self, after: float) -> float:
        """When the first of them that began later than this was done."""
        first = bisect_left(self.spans, (after, 0.0))
        return min((ended for _began, ended in self.spans[first : first + 3]), default=float("inf"))


@dataclass(slots=True)
class Calendar:
    """All nominal times: by schedule and time, and by occurrence."""

    by_schedule: Mapping[int, Sequence[Nominal]]
    by_occurrence: Mapping[Occurrence, Nominal]

    @classmethod
    def of(cls, scenario: Scenario, world: World, clean: CleanWakes) -> Calendar:
        """Those up to the end of a simulation."""
        by_schedule = {
            identity: list(_times(identity, lives, world.over, clean))
            for identity, lives in scenario.lives.items()
        }
        every = (nominal for times in by_schedule.values() for nominal in times)
        return cls(by_schedule, {key: nominal for nominal in every for key in nominal.keys})

    def __iter__(self) -> Iterator[Nominal]:
        for times in self.by_schedule.values():
            yield from times


def _times(
    identity: int, lives: Sequence[Life], over: float, clean: CleanWakes
) -> Iterator[Nominal]:
    under: dict[int, list[int]] = {}
    for index, life in enumerate(lives):
        last = int(min(over, life.end + SLACK) // 60)
        for at in life.declared.nominal(life.declared.anchor, last):
            under.setdefault(at, []).append(index)
    before: Nominal | None = None
    for at in sorted(under):
        until = _until(at * 60.0, under[at], lives)
        governing = _governing(at * 60.0, [lives[index] for index in under[at]], until, clean)
        keys = frozenset(life.record.occurrence(at) for life in governing)
        nominal = Nominal(identity, at, governing, keys, until)
        if before is not None:
            before.following = at
            before.alike = [*map(id, before.lives)] == [*map(id, governing)]
            yield before
        before = nominal
    if before is not None:
        yield before


def _until(due: float, under: Iterable[int], lives: Sequence[Life]) -> float:
    """The end of the last life of those that follow one another, from the one when it is due."""
    until, following = due, -1
    for index in under:
        life = lives[index]
        if index == following or (following < 0 and life.begin <= due < life.end):
            until, following = life.end, index + 1
    return until


def _governing(
    due: float, lives: Sequence[Life], until: float, clean: CleanWakes
) -> Sequence[Life]:
    """Without those that began only after the time had been settled."""
    if len(lives) == 1:
        return lives
    settled = clean.first_end(due)
    if settled >= until:
        return lives
    waits = any(life.record.overlap is not Overlap.ALLOW for life in lives)
    settled = clean.first_end(settled + (WAITING if waits else SETTLING))  # it takes a wake
    return [life for life in lives if life.begin <= settled] or lives[:1]
