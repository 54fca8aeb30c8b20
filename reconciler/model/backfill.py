"""A backfill: runs for times that have passed, which people have approved and wakes start.

``backfills/<digest>.json`` is the plan, written once and named after the SHA-256 of what it says.
``backfills/<digest>.ended.json`` says that the backfill is over. Between the two its state is in
the Dict; ``docs/internals/backfill.md`` has the invariants.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, NamedTuple, Self

from reconciler.model.formats import (
    Entry,
    FormatError,
    check_format,
    json_line,
    reading,
    typed,
)
from reconciler.model.occurrence import Occurrence, format_minute, parse_minute, time_of

BACKFILL_FORMAT: Final = 1
BACKFILLS_FOLDER: Final = "backfills"
SHOWN: Final = 12
"""Digits of a digest that people see, and may type."""
_ENDED: Final = ".ended.json"


class Only(StrEnum):
    """Which occurrences of the range run."""

    MISSED = "missed"
    """Those that certainly did not start."""
    FAILED = "failed"
    DOUBTFUL = "doubtful"
    """Those that were given up, or whose end is forgotten: they may have run."""
    ALL = "all"
    """Each of them once more, whatever its outcome."""


@dataclass(frozen=True)
class Backfill:
    """The plan of a backfill.

    Attributes:
        name: of the schedule, as it was called.
        first, until: epoch minutes; the range is ``[first, until)``.
        parallel: runs that may be open at the same time.
        reverse: the newest run starts first.
        runs: exactly these, in the order in which they start.
        by: who approved it, and ``at`` when, ISO 8601; no part of its digest.
    """

    name: str
    first: int
    until: int
    only: Only
    parallel: int
    reverse: bool
    runs: tuple[Occurrence, ...]
    by: str = ""
    at: str = ""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what is planned, in hexadecimal."""
        return sha256(json_line(self.to_json())).hexdigest()

    @property
    def path(self) -> str:
        """Its file."""
        return plan_path(self.digest)

    def to_json(self) -> dict[str, Any]:
        """What is planned, as JSON."""
        return {
            "name": self.name,
            "from": format_minute(self.first),
            "to": format_minute(self.until),
            "only": self.only.value,
            "parallel": self.parallel,
            "reverse": self.reverse,
            "runs": [run.id for run in self.runs],
        }

    def encode(self) -> bytes:
        """The content of its file."""
        return json_line(
            {
                "format": BACKFILL_FORMAT,
                "digest": self.digest,
                "by": self.by,
                "at": self.at,
                **self.to_json(),
            }
        )

    @classmethod
    def decode(cls, content: bytes, where: str) -> Self:
        """Read :meth:`encode` back.

        Raises:
            NewerFormatError: a newer version wrote it.
            FormatError: it is not a backfill, or was changed after it was written.
        """
        with reading("a backfill", where):
            data: dict[str, Any] = json.loads(content)
            check_format(data, where, BACKFILL_FORMAT)
            found = cls(
                name=typed(data, "name", str),
                first=parse_minute(typed(data, "from", str)),
                until=parse_minute(typed(data, "to", str)),
                only=Only(data["only"]),
                parallel=typed(data, "parallel", int),
                reverse=typed(data, "reverse", bool),
                runs=tuple(map(Occurrence.parse, typed(data, "runs", list))),
                by=typed(data, "by", str, ""),
                at=time_of(data, "at") if data.get("at") else "",
            )
            if not found.runs or found.parallel < 1:
                raise ValueError("it starts no run")
            if not all(run.is_rerun for run in found.runs):
                raise ValueError("it names a run that wakes start by themselves")
            if typed(data, "digest", str) != found.digest:
                raise FormatError(
                    "was changed after it was written: its digest does not match", where=where
                )
            return found


class BackfillEnd(NamedTuple):
    """Why a backfill is over.

    Attributes:
        cancelled: a person cancelled it, or its schedule was deleted; else all its runs have ended.
        at: when, ISO 8601.
    """

    cancelled: bool
    at: str
    reason: str = ""

    def encode(self) -> bytes:
        """The content of its file."""
        state = "cancelled" if self.cancelled else "done"
        return json_line(
            {"format": BACKFILL_FORMAT, "state": state, "at": self.at, "reason": self.reason}
        )

    @classmethod
    def decode(cls, content: bytes, where: str) -> Self:
        """Read :meth:`encode` back.

        Raises:
            NewerFormatError: a newer version wrote it.
            FormatError: it is not the end of a backfill.
        """
        with reading("the end of a backfill", where):
            data: dict[str, Any] = json.loads(content)
            check_format(data, where, BACKFILL_FORMAT)
            if data["state"] not in ("cancelled", "done"):
                raise ValueError(f"it has the state {data['state']!r:.40}")
            return cls(data["state"] == "cancelled", time_of(data, "at"), str(data["reason"]))


class BackfillState(StrEnum):
    """What a person has decided of a backfill."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"


class Progress(NamedTuple):
    """How far a backfill has come.

    Attributes:
        next: how many of its runs, from the first, have been claimed.
        turn: the last turn that a wake has ended.
    """

    next: int = 0
    turn: int = 0

    def to_json(self) -> dict[str, Any]:
        """The entry."""
        return {"format": BACKFILL_FORMAT, "next": self.next, "turn": self.turn}


def state_of(entry: Entry | None, digest: str) -> BackfillState:
    """The state of an entry. One that is gone, or cannot be read, starts nothing: paused."""
    if entry is None:
        return BackfillState.PAUSED
    try:
        with reading("the state of a backfill", state_key(digest)):
            check_format(entry, state_key(digest), BACKFILL_FORMAT)
            return BackfillState(entry["state"])
    except FormatError:
        return BackfillState.PAUSED


def state_entry(state: BackfillState, by: str, at: str) -> dict[str, Any]:
    """The entry of a state that a person has decided."""
    return {"format": BACKFILL_FORMAT, "state": state.value, "by": by, "at": at}


def progress_of(entry: Entry | None, digest: str) -> Progress | None:
    """The progress of an entry; None when it is gone or cannot be read."""
    if entry is None:
        return None
    try:
        with reading("the progress of a backfill", progress_key(digest)):
            check_format(entry, progress_key(digest), BACKFILL_FORMAT)
            found = Progress(typed(entry, "next", int), typed(entry, "turn", int))
            if min(found) < 0:
                raise ValueError("it is negative")
            return found
    except FormatError:
        return None


def state_key(digest: str) -> str:
    """The Dict key of what a person has decided of a backfill."""
    return f"backfill/{digest}"


def progress_key(digest: str) -> str:
    """The Dict key of how far a backfill has come."""
    return f"backfill/{digest}/progress"


def turn_key(digest: str, number: int) -> str:
    """The Dict key by which a wake claims that it alone starts runs of a backfill now."""
    return f"backfill/{digest}/turn/{number}"


def plan_path(digest: str) -> str:
    """The file of a backfill's plan."""
    return f"{BACKFILLS_FOLDER}/{digest}.json"


def ended_path(digest: str) -> str:
    """The file that says that a backfill is over."""
    return f"{BACKFILLS_FOLDER}/{digest}{_ENDED}"


def active_digests(paths: Iterable[str]) -> list[str]:
    """The backfills that are not over, of the files in their folder; sorted."""
    paths = list(paths)
    over = set(ended_digests(paths))
    names = {path.rpartition("/")[2] for path in paths if not path.endswith(_ENDED)}
    digests = {name.removesuffix(".json") for name in names if name.endswith(".json")}
    return sorted(digests - over)


def ended_digests(paths: Iterable[str]) -> list[str]:
    """The backfills that are over, of the files in their folder; sorted."""
    names = (path.rpartition("/")[2] for path in paths)
    return sorted(name.removesuffix(_ENDED) for name in names if name.endswith(_ENDED))
