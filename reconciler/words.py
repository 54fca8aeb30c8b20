"""Words that messages share: numbers with their nouns, durations, and what may have been meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Final

SUGGESTIONS: Final = 3
LISTED: Final = 10
_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_ROUGH: Final = 10
"""From so many of a unit on, the next smaller one says nothing that anybody wants to know."""


def count(number: int, noun: str) -> str:
    """``1 schedule``, ``1,000 schedules``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def lasting(seconds: int) -> str:
    """About how long, for people: ``7 minutes``, ``1 hour 30 minutes``, ``330 days``.

    Rounded down; ``format_duration`` of the manifests is exact, and for what is read back.
    """
    for position, (unit, length) in enumerate(_UNITS[:-1]):
        number, rest = divmod(seconds, length)
        if number:
            smaller, smaller_length = _UNITS[position + 1]
            more = rest // smaller_length if number < _ROUGH and unit != "minute" else 0
            return f"{count(number, unit)} {count(more, smaller)}" if more else count(number, unit)
    return count(seconds, "second")


def near_names(name: str, known: Iterable[str], most: int = SUGGESTIONS) -> list[str]:
    """The known names that look like one that is not known, the most similar first."""
    return get_close_matches(name, sorted(known), n=most)


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like one that is not known."""
    return next(iter(near_names(name, known, most=1)), None)


def what_was_meant(name: str, known: Iterable[str], key: Callable[[str], str] = str) -> str:
    """A sentence about what there is, for who wrote a name that there is not.

    Args:
        known: what there is.
        key: the name in one of those, where more than a name is shown.
    """
    there = sorted(known)
    if not there:
        return "There are none."
    near = near_names(name, {key(one) for one in there})
    meant = [one for similar in near for one in there if key(one) == similar]
    if meant:
        return f"Did you mean {' or '.join(meant[:SUGGESTIONS])}?"
    more = ", …" if there[LISTED:] else ""
    return f"There are {len(there)}: {', '.join(there[:LISTED])}{more}"
