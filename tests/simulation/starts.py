"""What was really started, by what it was for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.occurrence import Occurrence
from reconciler.model.task import is_task
from tests.simulation.nominal import Calendar, Nominal
from tests.simulation.world import Call, World


@dataclass(frozen=True, slots=True)
class Starts:
    """The calls that wakes started for what is declared in git, in the order of time.

    Attributes:
        of: those of one nominal time, by schedule and epoch minute.
        by_schedule: all of a schedule, each with its nominal time.
        of_none: those of occurrences that never were.
        asked: of each schedule those that a person has asked for at another time than its own.
    """

    of: Mapping[tuple[int, int], Sequence[Call]]
    by_schedule: Mapping[int, Sequence[tuple[Call, Nominal]]]
    of_none: Sequence[Call]
    asked: Mapping[int, Sequence[Call]]

    @classmethod
    def read(cls, world: World, calendar: Calendar) -> Starts:
        """Sort out what a simulation that is over has started."""
        of: dict[tuple[int, int], list[Call]] = {}
        by_schedule: dict[int, list[tuple[Call, Nominal]]] = {}
        of_none: list[Call] = []
        asked: dict[int, list[Call]] = {}
        identities = {key.name: one.identity for key, one in calendar.by_occurrence.items()}
        for key, calls in world.starts.items():
            if is_task(key):
                continue
            occurrence = Occurrence.parse(key)
            nominal = calendar.by_occurrence.get(occurrence)
            if nominal is None and key in world.triggered:
                asked.setdefault(identities.get(occurrence.name, 0), []).extend(calls)
                continue
            if nominal is None:
                of_none.extend(calls)
                continue
            of.setdefault((nominal.identity, nominal.at), []).extend(calls)
            started = by_schedule.setdefault(nominal.identity, [])
            started.extend((call, nominal) for call in calls)
        for started in by_schedule.values():
            started.sort(key=lambda item: item[0].began)
        return cls(of, by_schedule, of_none, asked)

    def of_time(self, nominal: Nominal) -> Sequence[Call]:
        """Those of one nominal time."""
        return self.of.get((nominal.identity, nominal.at), ())
