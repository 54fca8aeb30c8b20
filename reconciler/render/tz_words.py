"""What another edition of the tz database moves, in words: the same in a terminal and a comment."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.occurrence import format_minute
from reconciler.plan.tz_change import MovedOccurrence, MovedSchedule, TzChange
from reconciler.words import count


def tz_title(change: TzChange) -> str:
    """``tz database 2025b → 2026f: 2 schedules move``."""
    if change.before == change.after:
        editions = f"tz database {change.after} is not the one of the live generation"
    else:
        editions = f"tz database {change.before or 'unknown'} → {change.after}"
    moved = len(change.schedules) + change.unlisted
    return f"{editions}: {count(moved, 'schedule')} {'moves' if moved == 1 else 'move'}"


def tz_notes(change: TzChange) -> Iterator[str]:
    """What holds of all schedules; a sentence each."""
    if change.until is None:
        yield (
            "The live generation does not record its future clock changes, so it is "
            "not known which occurrences move."
        )
    elif not change.schedules:
        yield f"No occurrence moves up to {format_minute(change.until)}."
    if change.unlisted:
        yield f"{count(change.unlisted, 'more schedule')} not listed."
    if change.before == change.after:
        yield (
            "Both name the same edition, so the files of one are damaged or patched. "
            "Install the package again: python -m pip install --force-reinstall tzdata"
        )


def moved_words(schedule: MovedSchedule, now: int) -> str:
    """``2027-01-15T17:00Z → 2027-01-15T16:00Z, …``.

    Args:
        now: epoch minute of the plan.
    """
    shown = ", ".join(_moved(moved, now) for moved in schedule.moved)
    return f"{shown}, …" if schedule.more else shown


def _moved(moved: MovedOccurrence, now: int) -> str:
    before, after = moved.before, moved.after
    if before is None or after is None:
        at = format_minute(moved.first)
        return f"{at} is new" if before is None else f"{at} no longer exists"
    words = f"{format_minute(before)} → {format_minute(after)}"
    if before <= now < after:
        return f"{words} (runs again: its time before is past)"
    if after <= now < before:
        return f"{words} (does not run: its new time is past)"
    return words
