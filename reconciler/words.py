"""Words that messages share: numbers with their nouns, and names that may have been meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Final

SUGGESTIONS: Final = 3
LISTED: Final = 10


def count(number: int, noun: str) -> str:
    """``1 schedule``, ``1,000 schedules``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def what_was_meant(name: str, known: Iterable[str], key: Callable[[str], str] = str) -> str:
    """A sentence about what there is, for who wrote a name that there is not.

    Args:
        known: what there is.
        key: the name in one of those, where more than a name is shown.
    """
    there = sorted(known)
    near = get_close_matches(name, sorted({key(one) for one in there}), n=SUGGESTIONS)
    meant = [one for similar in near for one in there if key(one) == similar]
    if meant:
        return f"Did you mean {' or '.join(meant[:SUGGESTIONS])}?"
    more = ", …" if there[LISTED:] else ""
    return f"There are {len(there)}: {', '.join(there[:LISTED])}{more}"
