"""Generations to decide upon: one in a hundred is due at NOW."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Final

from reconciler.cron import minute
from reconciler.model.generation import Generation, new_generation
from reconciler.model.schedule_record import ScheduleRecord

NOW: Final = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""A Monday."""
DUE_SHARE: Final = 100
WEEKDAYS: Final = ("*", "*", "*", "MON", "WED", "FRI", "SAT")
"""Names: APScheduler counts from Monday, cron from Sunday."""
ZONES: Final = (
    ("UTC", 9),
    ("Europe/Paris", 10),
    ("America/New_York", 4),
    ("Asia/Tokyo", 18),
    ("Asia/Kolkata", 14),
    ("America/Sao_Paulo", 6),
    ("Australia/Sydney", 20),
    ("Africa/Nairobi", 12),
)
"""Each with the hour that its clocks show at NOW (in Kolkata it is half past)."""


def alike(count: int) -> Generation:
    """In UTC; all that is due has the same times, the others some minute of some day."""
    return _generation(count, _alike)


def distinct(count: int) -> Generation:
    """In eight zones; no two schedules have the same times in the same zone."""
    return _generation(count, partial(_distinct, set()))


SAMPLES: Final[dict[str, Callable[[int], Generation]]] = {"alike": alike, "distinct": distinct}


def _generation(count: int, times: Callable[[Random, int, bool], tuple[str, str]]) -> Generation:
    random = Random(1)
    return new_generation(_records(random, count, times), (), 300)


def _records(
    random: Random, count: int, times: Callable[[Random, int, bool], tuple[str, str]]
) -> Iterator[ScheduleRecord]:
    for number in range(count):
        expression, zone = times(random, number, number % DUE_SHARE == 0)
        yield ScheduleRecord(
            name=f"s{number:06}",
            app="shop",
            function="sync",
            anchor=minute(NOW) - 100_000,
            when=(expression,),
            timezone=zone,
            args={"number": number},
        )


def _alike(random: Random, _number: int, due: bool) -> tuple[str, str]:
    if due:
        return "0 9 * * *", "UTC"
    return f"{random.randrange(1, 60)} {random.randrange(24)} * * {random.choice(WEEKDAYS)}", "UTC"


def _distinct(
    taken: set[tuple[str, str]], random: Random, number: int, due: bool
) -> tuple[str, str]:
    zone, hour = ZONES[number // DUE_SHARE % len(ZONES)] if due else random.choice(ZONES)
    at = 30 if zone == "Asia/Kolkata" else 0
    while True:
        days = ",".join(map(str, sorted(random.sample(range(1, 32), 4))))
        if due:
            other = sorted({hour, random.randrange(24), random.randrange(24)})
            hours = ",".join(map(str, other))
            # Not a day of the month too: APScheduler and Celery join the two by AND, cron by OR.
            expression = f"{at} {hours} * * MON"
        else:
            chosen = random.choice([minute for minute in range(60) if minute != at])
            expression = f"{chosen} {random.randrange(24)} {days} * *"
        if (expression, zone) not in taken:
            taken.add((expression, zone))
            return expression, zone
