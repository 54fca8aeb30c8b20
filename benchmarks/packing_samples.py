"""Seeded sets of schedules for the packing benchmark.

`as_written`: kinds, minutes and hours in the shares found in some 560 crons of public repositories
(Modal apps, Sidekiq, Celery, Vercel, pg_cron, crontabs). Schedules that run every one, two or three
minutes are left out: one of them makes every packing of its set perfect.

`spread`: the harder case of people who spread their schedules over the hour, as they are advised
to: twice as many odd minutes and few that run several times an hour.

`daily_and_weekly`: the hardest case: each schedule runs once a day or once a week, at a random
minute, so that hardly two share a time and five crons have to wake for nothing. `daily`: once a day
only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

from reconciler.cron import Timetable, parse_times
from reconciler.pack import Member

Value = TypeVar("Value")
Shares = tuple[tuple[Value, int], ...]

_HOURS: Final[Shares[int]] = tuple(
    enumerate((52, 18, 23, 35, 20, 13, 14, 13, 16, 24, 8, 8, 9, 3, 6, 4, 9, 6, 5, 1, 4, 2, 9, 8))
)
_ANY = -1
_WEEKDAYS: Final[Shares[str]] = (
    *(("0", 22), ("1", 14), ("2", 2), ("3", 2), ("4", 2), ("5", 4), ("6", 4)),
    ("1-5", 14),
)
_DATES: Final[Shares[int]] = ((1, 14), (15, 1), (12, 1), (3, 1), (28, 1))
_ZONES: Final[Shares[str]] = (
    ("UTC", 6),
    ("America/New_York", 3),
    ("Europe/Berlin", 2),
    ("Asia/Kolkata", 1),
)


@dataclass(frozen=True, slots=True)
class Habits:
    """What people write, as shares."""

    kinds: Shares[str]
    minutes: Shares[int]
    steps: Shares[int]


AS_WRITTEN: Final = Habits(
    kinds=(
        *(("several an hour", 74), ("office", 11), ("hourly", 75), ("several a day", 49)),
        *(("daily", 222), ("weekly", 69), ("monthly", 19)),
    ),
    minutes=(
        *((0, 292), (30, 38), (15, 26), (5, 16), (45, 13), (10, 11), (20, 11), (25, 7)),
        *((35, 4), (50, 4), (40, 3), (55, 2), (_ANY, 10)),
    ),
    steps=((5, 22), (10, 17), (15, 18), (20, 2), (30, 13)),
)
SPREAD: Final = Habits(
    kinds=(
        *(("several an hour", 60), ("office", 20), ("hourly", 110), ("several a day", 60)),
        *(("daily", 210), ("weekly", 50), ("monthly", 20)),
    ),
    minutes=((0, 230), (30, 70), (15, 45), (45, 35), (_ANY, 120)),
    steps=((5, 8), (10, 12), (15, 16), (20, 4), (30, 20)),
)


def as_written(count: int, seed: int) -> list[Member]:
    """Return a set in UTC as most people write them."""
    return _members(AS_WRITTEN, count, seed, lambda _: "UTC")


def spread(count: int, seed: int) -> list[Member]:
    """Return a set in UTC whose minutes are spread over the hour."""
    return _members(SPREAD, count, seed, lambda _: "UTC")


def in_zones(count: int, seed: int) -> list[Member]:
    """Return a set as most people write them, half of it in three other zones."""
    return _members(AS_WRITTEN, count, seed, lambda random: _one(random, _ZONES))


def daily_and_weekly(count: int, seed: int) -> list[Member]:
    """Return a set in UTC, three in four of it daily and the others weekly, at random minutes."""
    random = Random(f"daily and weekly {count} {seed}")
    return [
        Member(f"s{n:05}", Timetable(parse_times(_daily_or_weekly(random)), "UTC"))
        for n in range(count)
    ]


def daily(count: int, seed: int) -> list[Member]:
    """Return a set in UTC, each daily at a random minute."""
    random = Random(f"daily {count} {seed}")
    texts = (f"{random.randrange(60)} {random.randrange(24)} * * *" for _ in range(count))
    return [Member(f"s{n:05}", Timetable(parse_times(text), "UTC")) for n, text in enumerate(texts)]


def _daily_or_weekly(random: Random) -> str:
    weekday = "*" if random.random() < 0.75 else str(random.randrange(7))
    return f"{random.randrange(60)} {random.randrange(24)} * * {weekday}"


def _members(habits: Habits, count: int, seed: int, zone: Callable[[Random], str]) -> list[Member]:
    random = Random(f"{count} {seed}")
    return [
        Member(f"s{n:05}", Timetable(parse_times(_expression(habits, random)), zone(random)))
        for n in range(count)
    ]


def _expression(habits: Habits, random: Random) -> str:
    kind = _one(random, habits.kinds)
    minute, hour = _one(random, habits.minutes), _one(random, _HOURS)
    if minute == _ANY:
        minute = random.randrange(60)
    step = _one(random, habits.steps)
    if kind == "several an hour":
        return f"*/{step} * * * *"
    if kind == "office":
        return f"*/{max(step, 15)} {random.randint(7, 9)}-{random.randint(17, 20)} * * 1-5"
    if kind == "hourly":
        return f"{minute} * * * *"
    if kind == "several a day":
        return f"{minute} */{_one(random, ((2, 4), (3, 1), (4, 4), (6, 13), (12, 9)))} * * *"
    if kind == "weekly":
        return f"{minute} {hour} * * {_one(random, _WEEKDAYS)}"
    if kind == "monthly":
        return f"{minute} {hour} {_one(random, _DATES)} * *"
    return f"{minute} {hour} * * *"


def _one(random: Random, shares: Shares[Value]) -> Value:
    return random.choices([value for value, _ in shares], [share for _, share in shares])[0]
