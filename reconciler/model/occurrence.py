"""Occurrences: one nominal time of one schedule, the runs of it, and the ids they are claimed by.

The first run of an occurrence bears its id, ``NAME@TIME``; a person may ask for another,
``NAME@TIME.2``. Files and entries spell that ``NAME.2@TIME``: a version that knows no further runs
reads it as an occurrence of a schedule that is not live, and leaves it alone.
"""

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
_NUMBER: Final = re.compile(r"[2-9]|[1-9]\d{1,5}", re.ASCII)
"""The number of a further run."""
_FURTHER: Final = re.compile(rf"([a-z0-9-]+)\.({_NUMBER.pattern})", re.ASCII)
"""A name as stored of a further run. No schedule's name holds a dot, and a task's a slash."""


@lru_cache(maxsize=4096)
def format_minute(at: int) -> str:
    """Write an epoch minute as people and ids write it: ``2026-11-20T06:00Z``."""
    return instant(at).isoformat()[:16] + "Z"


@lru_cache(maxsize=4096)
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


def stored_name(name: str, run: int) -> str:
    """The name that files and entries have for a run of an occurrence."""
    return name if run == 1 else f"{name}.{run}"


def read_name(stored: str) -> tuple[str, int]:
    """Read :func:`stored_name` back."""
    found = _FURTHER.fullmatch(stored) if "." in stored else None
    return (stored, 1) if found is None else (found[1], int(found[2]))


class Occurrence(NamedTuple):
    """One nominal time of one schedule, and a run of it.

    Attributes:
        at: epoch minute, never "now".
        run: the number of the run; the first is the one that wakes start by themselves.
    """

    name: str
    at: int
    run: int = 1

    @property
    def id(self) -> str:
        """The key of the run's claim; of the first run, the occurrence's id."""
        further = "" if self.run == 1 else f".{self.run}"
        return f"{self.name}@{format_minute(self.at)}{further}"

    @property
    def stored(self) -> str:
        """The id as files and entries spell it, see the module."""
        return f"{stored_name(self.name, self.run)}@{format_minute(self.at)}"

    @property
    def first(self) -> Self:
        """The first run; its id is the occurrence's."""
        return self if self.run == 1 else self._replace(run=1)

    @property
    def is_rerun(self) -> bool:
        """Whether a person asked for this run, by ``rerun`` or by a backfill."""
        return self.run > 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an id back, in either spelling.

        Raises:
            ValueError: the text is not ``NAME@YYYY-MM-DDTHH:MMZ``, nor that with a run's number.
        """
        name, separator, at = text.rpartition("@")
        if not separator or not name:
            raise ValueError(f"{text!r} is not an occurrence: NAME@2026-11-20T06:00Z is expected")
        if at.endswith("Z"):
            name, run = read_name(name)
            return cls(name, parse_minute(at), run)
        time, _, number = at.rpartition(".")
        if _NUMBER.fullmatch(number) is None:
            raise ValueError(f"{text!r} is not a run: NAME@2026-11-20T06:00Z.2 is expected")
        return cls(name, parse_minute(time), int(number))


def stored_keys(attempts: Mapping[str, int]) -> dict[str, int]:
    """What names occurrences by their ids, as files and entries spell it."""
    return {_stored(key): attempt for key, attempt in attempts.items()}


def _stored(key: str) -> str:
    return key if key.endswith("Z") else Occurrence.parse(key).stored


def attempts_of(data: Mapping[str, Any], key: str) -> dict[str, int]:
    """A field that names occurrences as stored, each with an attempt; here by their ids.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    found = typed(data, key, dict)
    for name in found:
        if typed(found, name, int) < 1:
            raise ValueError(f"{key} has an attempt {found[name]}")
    return {Occurrence.parse(name).id: attempt for name, attempt in found.items()}
