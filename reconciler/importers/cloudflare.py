"""Cloudflare's cron dialect, in the words of ours.

Cloudflare numbers the days of the week from 1, Sunday, to 7, Saturday: its `0 9 * * 1` runs on
Sundays. Numbers are therefore replaced by names. Forms of which we do not know for sure what they
mean there are not translated.
"""

from __future__ import annotations

import re
from typing import Final

_QUARTZ: Final = re.compile(r"[?#]|(?<![A-Za-z])[LW]|\d[LW]", re.IGNORECASE)
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART: Final = re.compile(
    r"(?P<first>[a-z]{3}|[1-7])(?:-(?P<last>[a-z]{3}|[1-7]))?(?:/(?P<step>\d+))?"
)


def translated(expression: str) -> str | None:
    """The expression in our dialect, None when it cannot be said for sure."""
    fields = expression.split()
    if len(fields) != 5 or any(_is_unclear(field) for field in fields[:4]):
        return None
    minute, hour, day, month, weekday = fields
    # With `*/2` and a weekday, Cloudflare runs on either; Debian's cron on days that are both.
    if weekday != "*" and day.startswith("*/"):
        return None
    days = _weekdays(weekday.lower())
    return None if days is None else " ".join([minute, hour, day, month, days])


def _is_unclear(field: str) -> bool:
    """Forms of Quartz that cron does not have, and a list in which everything is one of several."""
    return bool(_QUARTZ.search(field)) or ("," in field and "*" in field.split(","))


def _weekdays(field: str) -> str | None:
    if field == "*":
        return "*"
    days: set[int] = set()
    for part in field.split(","):
        found = _PART.fullmatch(part)
        if found is None or (found["step"] and not found["last"]):
            return None
        first, last = _number(found["first"]), _number(found["last"] or found["first"])
        step = int(found["step"] or 1)
        mixed = found["last"] is not None and found["first"].isdigit() != found["last"].isdigit()
        if first is None or last is None or last < first or step == 0 or mixed:
            return None
        days.update(range(first, last + 1, step))
    return ",".join(_DAYS[day] for day in sorted(days))


def _number(day: str) -> int | None:
    """From 0, Sunday."""
    if day in _DAYS:
        return _DAYS.index(day)
    return int(day) - 1 if day.isdigit() else None
