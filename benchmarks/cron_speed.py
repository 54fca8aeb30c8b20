"""Time of one `matches` and one `next`, beside croniter and cronsim.

Run by `python -m benchmarks.cron_speed` from the project root.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from croniter import croniter
from cronsim import CronSim

from reconciler.cron import Timetable, minute, parse, tzinfo_named

START = datetime(2026, 11, 20, 15, 3, tzinfo=UTC)
FOLLOWED = 200
SCHEDULES = (
    ("* * * * *", "UTC"),
    ("*/5 * * * *", "UTC"),
    ("0 0 29 2 *", "UTC"),
    ("0 6 * * *", "America/New_York"),
    ("0 9 * * 1-5", "Europe/Berlin"),
    ("30 2 1 * *", "America/New_York"),
    ("*/10 8-18 * * 1-5", "Australia/Lord_Howe"),
)


def main() -> None:
    """Print a table in microseconds per call, best of five, and croniter's time as a multiple."""
    print("microseconds             match                        next")
    print("                     here croniter  ratio     here croniter cronsim  ratio")
    for text, zone in SCHEDULES:
        local = START.astimezone(tzinfo_named(zone))
        start = minute(START)
        timetable = Timetable((parse(text),), zone)
        ours = _microseconds(partial(timetable.matches, start), 2000)
        theirs = _microseconds(partial(croniter.match, text, local), 100)
        ours_next = _microseconds(partial(_follow, timetable, start), 5) / FOLLOWED
        theirs_next = _microseconds(partial(_follow_croniter, text, local), 1) / FOLLOWED
        cronsim_next = _microseconds(partial(_follow_cronsim, text, local), 1) / FOLLOWED
        print(
            f"{text:<17} {ours:>7.2f} {theirs:>8.1f} {theirs / ours:>5.0f}x"
            f"  {ours_next:>7.2f} {theirs_next:>8.1f} {cronsim_next:>7.1f}"
            f" {theirs_next / ours_next:>5.0f}x  {zone}"
        )


def _microseconds(call: Callable[[], object], number: int) -> float:
    return min(timeit.repeat(call, number=number, repeat=5)) / number * 1e6


def _follow(timetable: Timetable, after: int) -> None:
    for _ in range(FOLLOWED):
        following = timetable.next(after)
        assert following is not None
        after = following


def _follow_croniter(text: str, start: datetime) -> None:
    occurrences = croniter(text, start)
    for _ in range(FOLLOWED):
        occurrences.get_next(datetime)


def _follow_cronsim(text: str, start: datetime) -> None:
    occurrences = CronSim(text, start)
    for _ in range(FOLLOWED):
        next(occurrences)


if __name__ == "__main__":
    main()
