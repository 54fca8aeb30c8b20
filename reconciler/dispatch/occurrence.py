"""Occurrences: one nominal time of one schedule, and the id by which it is claimed."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple, Self

from reconciler.cron import instant, minute

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
