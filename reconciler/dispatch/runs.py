"""What a wake did, as one JSON Lines file that is written once.

``runs/<day>/<time>-<wake>.jsonl``: a header, then a line per decision and per call that ended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Self

from reconciler.dispatch.generation import FORMAT, FormatError, check_format
from reconciler.dispatch.occurrence import Occurrence, format_minute, parse_minute

RUNS_FOLDER: Final = "runs"
COMPACTED: Final = "compacted.jsonl"
"""The name of a day's one file."""
_HEADER_START: Final = b'{"format":'
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


def _record_from_json(data: Mapping[str, Any]) -> RunRecord:
    times = tuple(parse_minute(text) for text in data["times"])
    return RunRecord(
        name=data["name"],
        times=times,
        state=RunState(data["state"]),
        at=data["at"],
        count=data.get("count", len(times)),
        attempt=data.get("attempt", 1),
        call=data.get("call"),
        reason=data.get("reason"),
        result=data.get("result"),
        tries=tuple(data.get("tries", ())),
    )


class ToldState(StrEnum):
    """What became of an attempt to tell somebody of something."""

    SENT = "sent"
    FAILED = "failed"
    """A later wake tries again."""
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class Told:
    """One attempt to send a notice.

    Attributes:
        notice: its id.
        to: the address, without what is secret in it; empty for all that there were.
        error: why it could not be sent.
    """

    notice: str
    to: str
    state: ToldState
    error: str | None = None

    def to_json(self) -> dict[str, str]:
        """The attempt as JSON."""
        data = {"notice": self.notice, "to": self.to, "state": self.state.value}
        return data if self.error is None else {**data, "error": self.error}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        return cls(data["notice"], data["to"], ToldState(data["state"]), data.get("error"))


def told_line(told: Told) -> str:
    """An attempt as logs and terminals show it: ``alarm failures/a@… to https://…/…: sent``."""
    what = told.notice if told.notice.startswith("ping-") else f"alarm {told.notice}"
    to = f" to {told.to}" if told.to else ""
    why = f", {told.error}" if told.error else ""
    return f"{what}{to}: {_TOLD[told.state]}{why}"


_TOLD: Final = {
    ToldState.SENT: "sent",
    ToldState.FAILED: "not sent yet",
    ToldState.GIVEN_UP: "given up",
}


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
        if self.told:
            header["told"] = [told.to_json() for told in self.told]
        lines = [header, *(record.to_json() for record in self.records)]
        return b"".join(
            json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
            for line in lines
        )


def decode_wake_log(content: bytes, where: str) -> WakeLog:
    """Read a wake's file.

    Raises:
        NewerFormatError: a newer version wrote it.
        FormatError: it is not a wake's file.
    """
    try:
        header, *lines = (json.loads(line) for line in content.splitlines())
        check_format(header, where)
        through = header["through"]
        return WakeLog(
            wake=header["wake"],
            slot=header["slot"],
            started=header["started"],
            now=parse_minute(header["now"]),
            generation=header["generation"],
            through=None if through is None else parse_minute(through),
            unsettled=dict(header["unsettled"]),
            records=tuple(_record_from_json(line) for line in lines),
            part=header["part"],
            execution=header.get("execution", ""),
            told=tuple(map(Told.from_json, header.get("told", ()))),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(f"is not the log of a wake: {error}", where=where) from error


def decode_compacted(content: bytes, where: str) -> list[WakeLog]:
    """Read a file that holds the logs of many wakes, one after the other.

    Raises:
        NewerFormatError, FormatError: as for :func:`decode_wake_log`.
    """
    parts: list[list[bytes]] = []
    for line in content.splitlines():
        if line.startswith(_HEADER_START):
            parts.append([])
        elif not parts:
            raise FormatError("does not begin with the log of a wake", where=where)
        parts[-1].append(line)
    return [decode_wake_log(b"\n".join(lines), where) for lines in parts]


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
