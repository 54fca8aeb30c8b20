"""What a wake did, as one JSON Lines file that is written once.

``runs/<day>/<time>-<wake>.jsonl``: a header, then a line per decision and per call that ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from reconciler.model.formats import FORMAT, Damaged
from reconciler.model.occurrence import Occurrence, format_minute

if TYPE_CHECKING:
    from reconciler.model.outbox import Told

RUNS_FOLDER: Final = "runs"
COMPACTED: Final = "compacted.jsonl"
"""The name of a day's one file."""
_EXECUTION_SHOWN: Final = 8
LISTED_TIMES: Final = 200
"""Nominal times that one line spells out at most; of a longer span the first and the newest."""


class RunState(StrEnum):
    """What became of an occurrence, as far as the line that says so knew."""

    STARTED = "started"
    START_FAILED = "start-failed"
    """An attempt to start it failed; another wake tries again."""
    QUEUED = "queued"
    """It waits for an earlier run to end."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """It ended, and Modal has forgotten how."""
    MISSED = "missed"
    SKIPPED = "skipped"

    @property
    def ended(self) -> bool:
        """Whether a call came to its end with this state."""
        return self in _ENDED


_ENDED: Final = frozenset(
    {
        RunState.SUCCEEDED,
        RunState.FAILED,
        RunState.TIMED_OUT,
        RunState.CANCELLED,
        RunState.EXPIRED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One line: what happened to one occurrence, or to several that were let go alike.

    Attributes:
        times: nominal times, epoch minutes, ascending; one, unless several were let go.
        count: how many occurrences this is about; more than ``times`` when that was cut.
        at: when this was seen, ISO 8601 in UTC.
        reason: why it was let go, or the error.
        result: the returned value as JSON text, when the call succeeded and it is short.
        tries: a line per try, when the run was watched over.
    """

    name: str
    times: tuple[int, ...]
    state: RunState
    at: str
    count: int = 1
    attempt: int = 1
    call: str | None = None
    reason: str | None = None
    result: str | None = None
    tries: tuple[str, ...] = ()

    @property
    def occurrence(self) -> Occurrence:
        """The occurrence that this is about, the newest of several."""
        return Occurrence(self.name, self.times[-1])

    def to_json(self) -> dict[str, Any]:
        """The line as JSON; what has its default is left out."""
        data: dict[str, Any] = {
            "at": self.at,
            "name": self.name,
            "state": self.state.value,
            "times": [format_minute(at) for at in self.times],
        }
        if self.count != len(self.times):
            data["count"] = self.count
        if self.attempt != 1:
            data["attempt"] = self.attempt
        for key in ("call", "reason", "result"):
            value = getattr(self, key)
            if value is not None:
                data[key] = value
        if self.tries:
            data["tries"] = list(self.tries)
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeLog:
    """One wake: who woke, when, reading what, and what came of it.

    Attributes:
        wake: the Modal call id of the wake, or another id that is unique to it.
        execution: unique to one execution of it: Modal runs a wake again whose container died, and
            that writes files of its own. Empty in the files of older versions.
        part: a wake with much to do writes several files, numbered from 1.
        slot: the slot that woke, or how a person did.
        started: ISO 8601 in UTC.
        now: the epoch minute up to which it looked.
        generation: the digest of what it read.
        through: the cursor that it leaves behind; None when it leaves none.
        unsettled: occurrence ids that a later wake must look at again, with the next attempt.
        told: which alarms and pings it tried to send.
        damaged: what it was the first to find that cannot be read.
        number: the highest apply number of what it read; None in the files of older versions.
        before: what the history says of occurrences that a person asked for, and that were settled.
            Only the answer of a wake has it: no runs file repeats it.
    """

    wake: str
    slot: str
    started: str
    now: int
    generation: str
    through: int | None
    unsettled: Mapping[str, int]
    records: tuple[RunRecord, ...]
    part: int = 1
    execution: str = ""
    told: tuple[Told, ...] = ()
    damaged: tuple[Damaged, ...] = ()
    number: int | None = None
    before: tuple[RunRecord, ...] = ()

    @property
    def day(self) -> str:
        """The UTC day of its folder, ``2026-11-20``."""
        return self.started[:10]

    @property
    def path(self) -> str:
        """Its file on the Volume; names sort by the time of the wake."""
        time = self.started[11:19].replace(":", "")
        execution = f"-{self.execution[:_EXECUTION_SHOWN]}" if self.execution else ""
        part = f"-{self.part}" if self.part > 1 else ""
        return f"{RUNS_FOLDER}/{self.day}/{time}-{self.wake}{execution}{part}.jsonl"

    def encode(self) -> bytes:
        """The file's bytes."""
        header: dict[str, Any] = {
            "format": FORMAT,
            "generation": self.generation,
            "now": format_minute(self.now),
            "part": self.part,
            "slot": self.slot,
            "started": self.started,
            "through": None if self.through is None else format_minute(self.through),
            "unsettled": dict(self.unsettled),
            "wake": self.wake,
        }
        if self.execution:
            header["execution"] = self.execution
        if self.number is not None:
            header["number"] = self.number
        if self.told:
            header["told"] = [told.to_json() for told in self.told]
        if self.damaged:
            header["damaged"] = [list(one) for one in self.damaged]
        if self.before:
            header["before"] = [line.to_json() for line in self.before]
        lines = [header, *(record.to_json() for record in self.records)]
        # What is none of UTF-8 is escaped as JSON does it: no text may keep a wake from its file.
        return b"".join(
            json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode(
                "utf-8", "backslashreplace"
            )
            + b"\n"
            for line in lines
        )


class ReadLogs(list[WakeLog]):
    """Logs that were read back, the oldest first.

    Attributes:
        damaged: the files, or lines of them, that cannot be read. They were left out.
    """

    def __init__(self, logs: Iterable[WakeLog] = (), damaged: Iterable[Damaged] = ()) -> None:
        super().__init__(logs)
        self.damaged = tuple(damaged)


def shorten(record: RunRecord) -> RunRecord:
    """Keep a line to a bounded length: the first time, the newest ones, the count of all."""
    if len(record.times) <= LISTED_TIMES:
        return record
    return replace(record, times=(record.times[0], *record.times[1 - LISTED_TIMES :]))


@lru_cache(maxsize=64)
def format_time(at: datetime) -> str:
    """Write an instant as all files here do: ISO 8601, UTC, whole seconds.

    Kept for a while: all claims and lines of a wake bear the same two.
    """
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
