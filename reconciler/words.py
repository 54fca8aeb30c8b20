"""Phrases that messages share: counts with nouns, rough durations, and suggestions for a name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Final

SUGGESTIONS: Final = 3
LISTED: Final = 10
_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_ROUGH: Final = 10
"""From this number of a unit on, the next smaller unit is left out."""


def count(number: int, noun: str) -> str:
    """``1 schedule``, ``1,000 schedules``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def rough_duration(seconds: int) -> str:
    """A duration for people, rounded down: ``7 minutes``, ``1 hour 30 minutes``, ``330 days``.

    :func:`~reconciler.durations.format_duration` is exact, for texts that are parsed again.
    """
    for position, (unit, length) in enumerate(_UNITS[:-1]):
        number, rest = divmod(seconds, length)
        if number:
            smaller, smaller_length = _UNITS[position + 1]
            more = rest // smaller_length if number < _ROUGH and unit != "minute" else 0
            return f"{count(number, unit)} {count(more, smaller)}" if more else count(number, unit)
    return count(seconds, "second")


def near_names(name: str, known: Iterable[str], most: int = SUGGESTIONS) -> list[str]:
    """The known names that are similar to an unknown one, the most similar first."""
    return get_close_matches(name, sorted(known), n=most)


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most similar to an unknown one; None if none is similar."""
    return next(iter(near_names(name, known, most=1)), None)


def suggestion(name: str, known: Iterable[str], key: Callable[[str], str] = str) -> str:
    """A sentence for a name that does not exist: similar names, else the existing ones.

    Args:
        known: the existing names, or texts that contain one.
        key: the name within such a text.
    """
    choices = sorted(known)
    if not choices:
        return "There are none."
    near = near_names(name, {key(one) for one in choices})
    similar = [one for close in near for one in choices if key(one) == close]
    if similar:
        return f"Did you mean {' or '.join(similar[:SUGGESTIONS])}?"
    more = ", …" if choices[LISTED:] else ""
    existing = "is one" if len(choices) == 1 else f"are {len(choices)}"
    return f"There {existing}: {', '.join(choices[:LISTED])}{more}"
