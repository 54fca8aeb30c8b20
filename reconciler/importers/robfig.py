"""The cron dialect of Kubernetes and Argo: robfig/cron, version 3.

Source: `parser.go` and `spec.go` of https://github.com/robfig/cron. A field that holds a whole `*`
or `?`, alone or in a list, has the star bit; a step greater than 1 removes it. With the star bit in
one of the two day fields a day must match both, otherwise one is enough.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from reconciler.cron.fields import FIELDS
from reconciler.importers.dialects import Cron, Reading, Times, UnclearError, in_cron, interval

_READING: Final = Reading(last_weekday=6, any_value=frozenset("*?"))
_NAMED: Final = ("yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly")
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:h|m|s|ms|us|µs|ns))+")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(h|m|s|ms|us|µs|ns)")
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def from_robfig(text: str) -> Cron:
    """A schedule of a CronJob in the dialect of manifests.

    `@every 1h30m` becomes the interval `90m`, which is aligned to the clock.

    Raises:
        UnclearError: Kubernetes refuses it, or a manifest cannot say it.
    """
    words = text.split()
    if words and words[0] == "@every":
        return Cron(_interval(" ".join(words[1:])))
    if len(words) == 1 and words[0].removeprefix("@") in _NAMED and words[0].startswith("@"):
        return Cron(words[0])
    if len(words) != len(FIELDS):
        raise UnclearError("Kubernetes reads five fields, @daily and its like, or @every")
    minutes, hours, days, months, weekdays = (
        _READING.values(field, word) for field, word in zip(FIELDS, words, strict=True)
    )
    both = _is_starred(words[2]) or _is_starred(words[4])
    return in_cron(Times(minutes, hours, days, months, weekdays, both), words)


def _is_starred(field: str) -> bool:
    """Whether a field has the star bit; see the module."""
    for term in field.split(","):
        base, slash, step = term.partition("/")
        if base in {"*", "?"} and (not slash or int(step) == 1):
            return True
    return False


def _interval(text: str) -> str:
    if not _DURATION.fullmatch(text):
        raise UnclearError(f"`{text}` is not a duration of Go")
    return interval(
        timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
    )
