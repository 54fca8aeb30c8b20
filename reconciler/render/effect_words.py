"""What a change means in time, in words: the same in a terminal and in a comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from reconciler.cron import instant
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.model.occurrence import format_minute
from reconciler.plan import TimeEffect
from reconciler.plan.clock_change import ClockChange, JumpedTime, MovedTime
from reconciler.words import count

LISTED: Final = 3
"""Times of day of a long list that are spelled out; the rest is counted."""
NAMED: Final = 5
"""The same of runs that are skipped, doubled or given up."""


def lost_or_repeated(effect: TimeEffect) -> Iterator[str]:
    """What the change skips and doubles; a line each."""
    change = effect.change
    if effect.given_up:
        yield f"gives up {_first(effect.given_up)}: due, and not served yet"
    if change.skipped:
        yield f"skips {_first(change.skipped)}: its new time of that {change.unit} is past"
    if change.doubled:
        yield f"doubles {_first(change.doubled)}: it has run in that {change.unit} already"


def excluded_words(effect: TimeEffect) -> Iterator[str]:
    """The occurrences that dates take out of the next year; a line, or none."""
    found = effect.excluded
    if found.count:
        more = f" and {found.count - len(found.first):,} more"
        listed = listed_times(found.first) + (more if found.count > len(found.first) else "")
        yield f"excludes {count(found.count, 'occurrence')} of the next year: {listed}"


def clock_words(clock: ClockChange) -> str:
    """``clock change in Europe/Berlin at 2027-03-28T01:00Z: 06:00 moves from 05:00Z to 04:00Z``."""
    parts = [_moved(clock.moved)] if clock.moved else []
    parts += (
        _jumped([item for item in clock.jumped if item.runs == runs], clock)
        for runs in dict.fromkeys(item.runs for item in clock.jumped)
    )
    return f"clock change in {clock.zone} at {format_minute(clock.at)}: {'; '.join(parts)}"


def listed_times(times: Iterable[int]) -> str:
    """``2026-11-20T15:30Z, 16:30Z, 2026-11-21T15:30Z``: a date is said once."""
    parts, date = [], ""
    for at in times:
        text = format_minute(at)
        parts.append(text.removeprefix(date))
        date = text[: text.index("T") + 1]
    return ", ".join(parts)


def first_times(times: Sequence[int], room: int) -> str:
    """As many of the times as fit, and `…` when that is not all of them."""
    for shown in range(len(times), 0, -1):
        text = listed_times(times[:shown]) + ("" if shown == len(times) else ", …")
        if len(text) <= room:
            return text
    return "…" if times else ""


def time_of_day(minutes: int) -> str:
    """``06:00``, of minutes after midnight."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _first(times: Sequence[int]) -> str:
    more = f" and {len(times) - NAMED:,} more" if len(times) > NAMED else ""
    return listed_times(times[:NAMED]) + more


def _moved(times: Sequence[MovedTime]) -> str:
    """All move by as much, so the first stands for them."""
    first = times[0]
    local, before, after = map(time_of_day, (first.local, first.before, first.after))
    likewise = f", {count(len(times) - 1, 'more time')} likewise" if len(times) > 1 else ""
    return f"{local} moves from {before}Z to {after}Z{likewise}"


def _jumped(items: Sequence[JumpedTime], clock: ClockChange) -> str:
    """Of times that fare alike on the day of the change."""
    shown = ", ".join(time_of_day(item.local % MINUTES_PER_DAY) for item in items[:LISTED])
    more = f" and {len(items) - LISTED} more" if len(items) > LISTED else ""
    one = len(items) == 1
    then = "does not run" if one else "do not run"
    runs = items[0].runs
    if runs is not None:
        then = f"{'runs' if one else 'run'} at {instant(runs + clock.after):%H:%M}"
    return f"{shown}{more} {'does' if one else 'do'} not exist that day and {then}"
