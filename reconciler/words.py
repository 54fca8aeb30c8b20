"""Numbers with their nouns."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """``1 schedule``, ``1,000 schedules``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
