"""Minutes in which many schedules are due at once, and freer ones nearby. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.cron import Timetable

CROWD: Final = 10
"""Schedules due in the same minute that are worth a word: all of them start at once."""
DAYS: Final = 7
PROPOSED: Final = 3
_HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class Crowd:
    """A minute of the hour in which many schedules are due together.

    Attributes:
        minute: of the hour, in UTC.
        names: the schedules that are due in the fullest such minute of the days looked at, sorted.
        at: that minute, an epoch minute.
        freer: minutes of the hour in which the fewest are due, best first.
    """

    minute: int
    names: tuple[str, ...]
    at: int
    freer: tuple[int, ...]


def find_crowds(timetables: Mapping[str, Timetable], after: int) -> list[Crowd]:
    """The crowded minutes of the days that follow, the fullest first.

    Args:
        timetables: by schedule name.
        after: epoch minute.
    """
    equal: defaultdict[Timetable, list[str]] = defaultdict(list)
    for name, timetable in timetables.items():
        equal[timetable].append(name)
    due: Counter[int] = Counter()
    for timetable, names in equal.items():
        for at in timetable.between(after, after + DAYS * 24 * _HOUR):
            due[at] += len(names)
    load: Counter[int] = Counter()
    fullest: dict[int, int] = {}
    for at, count in sorted(due.items()):
        load[at % _HOUR] += count
        if count > due[fullest.get(at % _HOUR, -1)]:
            fullest[at % _HOUR] = at
    freer = tuple(sorted(range(_HOUR), key=lambda minute: (load[minute], minute))[:PROPOSED])
    crowds = [
        Crowd(minute, _due_at(at, equal), at, freer)
        for minute, at in fullest.items()
        if due[at] >= CROWD
    ]
    return sorted(crowds, key=lambda crowd: (-len(crowd.names), crowd.minute))


def _due_at(at: int, equal: Mapping[Timetable, list[str]]) -> tuple[str, ...]:
    matching = (names for timetable, names in equal.items() if timetable.matches(at))
    return tuple(sorted(name for names in matching for name in names))
