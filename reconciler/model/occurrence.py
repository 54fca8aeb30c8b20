"""Occurrences: one nominal time of one schedule, and the id by which it is claimed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, Self

from reconciler.cron import instant, minute
from reconciler.model.formats import typed

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_MINUTE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", re.ASCII)


@lru_cache(maxsize=4096)
def format_minute(at: int) -> str:
    """Write an epoch minute as people and ids write it: ``2026-11-20T06:00Z``."""
    return instant(at).isoformat()[:16] + "Z"


def parse_minute(text: str) -> int:
    """Read :func:`format_minute` back.

    Raises:
        ValueError: the text is not of that form.
    """
    if _MINUTE.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a minute: 2026-11-20T06:00Z is expected")
    return minute(datetime.fromisoformat(text))


def time_of(data: Mapping[str, Any], key: str) -> str:
    """A field that is an instant as all files here have it, ``2026-11-20T06:00:00Z``.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    text = typed(data, key, str)
    if _TIME.fullmatch(text) is None:
        raise ValueError(f"{key} is not a time: 2026-11-20T06:00:00Z is expected")
    datetime.fromisoformat(text)
    return text


class Occurrence(NamedTuple):
    """One nominal time of one schedule; ``at`` is an epoch minute, never "now"."""

    name: str
    at: int

    @property
    def id(self) -> str:
        """The key of its claim, and the idempotency key a target can have passed to it."""
        return f"{self.name}@{format_minute(self.at)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an id back.

        Raises:
            ValueError: the text is not ``NAME@YYYY-MM-DDTHH:MMZ``.
        """
        name, separator, at = text.rpartition("@")
        if not separator or not name:
            raise ValueError(f"{text!r} is not an occurrence: NAME@2026-11-20T06:00Z is expected")
        return cls(name, parse_minute(at))


def attempts_of(data: Mapping[str, Any], key: str) -> dict[str, int]:
    """A field that names occurrences, each with an attempt.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    found = typed(data, key, dict)
    for name in found:
        Occurrence.parse(name)
        if typed(found, name, int) < 1:
            raise ValueError(f"{key} has an attempt {found[name]}")
    return dict(found)
