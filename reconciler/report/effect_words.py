"""What a change means in time, in words: the same in a terminal and in a comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from reconciler.cron import instant
from reconciler.dispatch.occurrence import format_minute
from reconciler.plan import TimeEffect
from reconciler.plan.clock_change import ClockChange, JumpedTime, MovedTime

LISTED: Final = 3
"""Times of a long list that are spelled out; the rest is counted."""


def lost_or_repeated(effect: TimeEffect) -> Iterator[str]:
    """What the change skips and doubles; a line each."""
    change = effect.change
    if effect.given_up:
        yield f"gives up {listed_times(effect.given_up)}: due, and not served yet"
    if change.skipped:
        yield f"skips {listed_times(change.skipped)}: its new time of that {change.unit} is past"
    if change.doubled:
        yield f"doubles {listed_times(change.doubled)}: it has run in that {change.unit} already"


def clock_words(clock: ClockChange) -> str:
    """``from 2027-03-14T07:00Z on 06:00 in America/New_York is 10:00Z, not 11:00Z``."""
    moved = [_moved(item) for item in clock.moved]
    jumped = [_jumped(item, clock) for item in clock.jumped]
    parts = [_listed(part) for part in (moved, jumped) if part]
    return f"clock change in {clock.zone} at {format_minute(clock.at)}: {'; '.join(parts)}"


def listed_times(times: Iterable[int]) -> str:
    """``2026-11-20T15:30Z, 16:30Z, 2026-11-21T15:30Z``: a date is said once."""
    parts, date = [], ""
    for at in times:
        text = format_minute(at)
        parts.append(text.removeprefix(date))
        date = text[: text.index("T") + 1]
    return ", ".join(parts)


def time_of_day(minutes: int) -> str:
    """``06:00``, of minutes after midnight."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _moved(item: MovedTime) -> str:
    local, before, after = map(time_of_day, (item.local, item.before, item.after))
    return f"{local} is {after}Z then, {before}Z until then"


def _jumped(item: JumpedTime, clock: ClockChange) -> str:
    local = time_of_day(item.local % (24 * 60))
    if item.runs is None:
        return f"{local} does not exist that day and does not run"
    runs = instant(item.runs + clock.after)
    return f"{local} does not exist that day and runs at {runs:%H:%M}"


def _listed(parts: list[str]) -> str:
    more = f" and {len(parts) - LISTED} more" if len(parts) > LISTED else ""
    return ", ".join(parts[:LISTED]) + more
