"""Cron expressions: parsing one and finding its next time, beside cronsim and croniter.

*Parse and next* takes distinct expressions, as a plan of a new repository does. *Next* follows one
expression that was parsed before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Final

from croniter import croniter
from cronsim import CronSim

from benchmarks.rows import Row, run
from reconciler.cron import Timetable, minute, parse, tzinfo_named

START: Final = datetime(2026, 11, 20, 15, 3, tzinfo=UTC)
FOLLOWED: Final = 200
ROUNDS: Final = 5
DISTINCT: Final = 2_000
"""Expressions of one round. No two rounds share one: what was parsed before is remembered."""
SCHEDULES: Final = (
    ("* * * * *", "UTC"),
    ("*/5 * * * *", "UTC"),
    ("0 0 29 2 *", "UTC"),
    ("0 6 * * *", "America/New_York"),
    ("0 9 * * 1-5", "Europe/Berlin"),
    ("30 2 1 * *", "America/New_York"),
    ("*/10 8-18 * * 1-5", "Australia/Lord_Howe"),
)


def rows() -> Iterator[Row]:
    """Microseconds an expression, or a step."""
    ours, *others = _fastest(
        *(partial(_each, work, _expressions()) for work in (_next, _cronsim, _croniter))
    )
    for peer, theirs, ratio in zip(("cronsim", "croniter"), others, (0.5, None), strict=True):
        yield Row(
            f"parse and next, {DISTINCT:,} distinct expressions",
            ours / DISTINCT * 1e6,
            "µs",
            peer,
            theirs / DISTINCT * 1e6,
            ratio_at_most=ratio,
        )
    for text, zone in SCHEDULES:
        local = START.astimezone(tzinfo_named(zone))
        timetable = Timetable((parse(text),), zone)
        ours, theirs = _fastest(
            partial(_follow, timetable, minute(START)), partial(_follow_cronsim, text, local)
        )
        yield Row(
            f"next, {text} {zone}",
            ours / FOLLOWED * 1e6,
            "µs",
            "cronsim",
            theirs / FOLLOWED * 1e6,
            ratio_at_most=0.5,
        )


def _fastest(*works: Callable[[], object]) -> list[float]:
    """Processor seconds, the fastest of some rounds in which they alternate."""
    rounds = [[_seconds(work) for work in works] for _ in range(ROUNDS)]
    return [min(of_one) for of_one in zip(*rounds, strict=True)]


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _expressions() -> Iterator[str]:
    """Enough for every round; each a minute, an hour and a weekday."""
    for number in range(DISTINCT * ROUNDS):
        yield f"{number % 60} {number // 60 % 24} * * {number // 1440 % 7}"


def _each(work: Callable[[str], object], texts: Iterator[str]) -> None:
    for text in islice(texts, DISTINCT):
        work(text)


def _next(text: str) -> None:
    Timetable((parse(text),), "UTC").next(minute(START))


def _cronsim(text: str) -> None:
    next(CronSim(text, START))


def _croniter(text: str) -> None:
    croniter(text, START).get_next(datetime)


def _follow(timetable: Timetable, after: int) -> None:
    for _ in range(FOLLOWED):
        following = timetable.next(after)
        assert following is not None
        after = following


def _follow_cronsim(text: str, start: datetime) -> None:
    occurrences = CronSim(text, start)
    for _ in range(FOLLOWED):
        next(occurrences)


if __name__ == "__main__":
    run(rows)
