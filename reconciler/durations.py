"""Parses and formats durations such as `1h30m` or `90s`."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache

DURATION_PATTERN = "^([0-9]{1,6}d)?([0-9]{1,7}h)?([0-9]{1,8}m)?([0-9]{1,9}s)?$"
"""The accepted texts, as a regular expression for the schema. It matches the empty text, which is
not a duration. The digits of each unit are bounded so that a date plus a duration is a date."""

_DURATION = re.compile(DURATION_PATTERN)
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> timedelta:
    """The duration that a text such as `1d`, `24h`, `1h30m` or `90s` means.

    Units go from large to small, each at most once. A day is 24 hours.

    Raises:
        ValueError: the text is not a duration; the message says what is expected.
    """
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise ValueError(f"{text!r} is not a duration such as 90s, 10m, 1h30m or 1d")
    return sum(
        (
            timedelta(seconds=int(count[:-1]) * seconds)
            for count, (_, seconds) in zip(found.groups(), _UNITS, strict=True)
            if count
        ),
        timedelta(),
    )


def format_duration(duration: timedelta) -> str:
    """The shortest exact text that `parse_duration` reads back: `1d`, `1h30m`, `0s`.

    Raises:
        ValueError: the duration is negative or not whole seconds.
    """
    if duration < timedelta() or duration.microseconds:
        raise ValueError(f"{duration!r} is negative or not a number of whole seconds")
    rest = duration.days * 86_400 + duration.seconds
    parts = []
    for unit, seconds in _UNITS:
        count, rest = divmod(rest, seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def format_seconds(seconds: int) -> str:
    """:func:`format_duration` for a number of seconds, which may not be negative."""
    return format_duration(timedelta(seconds=seconds))
