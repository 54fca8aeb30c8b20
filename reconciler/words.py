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


def what_was_meant(name: str, known: Iterable[str], key: Callable[[str], str] = str) -> str:
    """A sentence about what there is, for who wrote a name that there is not.

    Args:
        known: what there is.
        key: the name in one of those, where more than a name is shown.
    """
    there = sorted(known)
    if not there:
        return "There are none."
    near = get_close_matches(name, sorted({key(one) for one in there}), n=SUGGESTIONS)
    meant = [one for similar in near for one in there if key(one) == similar]
    if meant:
        return f"Did you mean {' or '.join(meant[:SUGGESTIONS])}?"
    more = ", …" if there[LISTED:] else ""
    return f"There are {len(there)}: {', '.join(there[:LISTED])}{more}"
