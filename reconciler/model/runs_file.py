"""What a wake did, as one JSON Lines file that is written once; how it is written and read.

``runs/<day>/<time>-<wake>.jsonl``: a header, then a line per decision and per call that ended.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from reconciler.cron import minute
from reconciler.model.formats import FORMAT, Damaged, FormatError, check_format, reading, typed
from reconciler.model.occurrence import (
    Occurrence,
    attempts_of,
    format_minute,
    parse_minute,
    read_name,
    stored_keys,
    stored_name,
    time_of,
)
from reconciler.model.outbox import Sending
from reconciler.model.task import is_task

RUNS_FOLDER: Final = "runs"
COMPACTED: Final = "compacted.jsonl"
"""The name of a day's one file."""
NOTABLE: Final = "-notable"
"""How the name of a file ends, before ``.jsonl``, which a question about the newest runs must read
even when newer files answer it: see :attr:`WakeLog.is_notable`. Versions before it have no such
names, and read these files like others."""
MAY_HAVE_STARTED: Final = "may or may not have started"
UNCONFIRMED: Final = "ended before it confirmed a start"
TOO_OLD: Final = "too old to know that it did not start"
GIVEN_UP: Final = "given up: "
"""Parts of the reasons of what was given up and may have started all the same; of what had too many
attempts it is not known of all that they did not start."""
_EXECUTION_SHOWN: Final = 8
_REPLACED: Final = "replaced "
_RUNNING: Final = ", still running"
LISTED_TIMES: Final = 200
"""Nominal times that one line spells out at most; of a longer span the first and the newest."""


def summary_path(day: str) -> str:
    """Where on the Volume the summary of a day is, see :mod:`reconciler.model.day_summary`. It
    must not end as the runs files do."""
    return f"{RUNS_FOLDER}/{day}/summary.ndjson"


class RunState(StrEnum):
    """The state of an occurrence, as far as the wake that wrote the line knew it."""

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
        """Whether a call has ended with this state."""
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


NEEDS_ATTENTION: Final = frozenset(
    {RunState.FAILED, RunState.TIMED_OUT, RunState.MISSED, RunState.START_FAILED}
)
"""The states of a run that needs attention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One line: what happened to one occurrence, or to several that were dropped alike.

    Attributes:
        times: nominal times, epoch minutes, ascending; one, unless several were dropped.
        count: how many occurrences this is about; more than ``times`` when that was cut.
        at: when this was seen, ISO 8601 in UTC.
        reason: why it was dropped, or the error.
        result: the returned value as JSON text, when the call succeeded and it is short.
        tries: a line per try, when the run was supervised.
        run: the number of the run of the occurrence.
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
    run: int = 1

    @property
    def occurrence(self) -> Occurrence:
        """The occurrence that this is about, the newest of several."""
        return Occurrence(self.name, self.times[-1], self.run)

    @property
    def occurrences(self) -> Iterator[Occurrence]:
        """Those that it spells out, oldest first."""
        return (Occurrence(self.name, at, self.run) for at in self.times)

    def to_json(self) -> dict[str, Any]:
        """The line as JSON; what has its default is left out."""
        data: dict[str, Any] = {
            "at": self.at,
            "name": stored_name(self.name, self.run),
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
    """One wake: what caused it, when it ran, what it read and what it did.

    Attributes:
        wake: the Modal call id of the wake, or another id that is unique to it.
        execution: unique to one execution of it: Modal runs a wake again whose container died, and
            that writes files of its own. Empty in the files of older versions.
        part: a wake with much to do writes several files, numbered from 1.
        slot: the slot that woke, or how a person did.
        source: who asked for it over HTTP; empty for crons, and for people with the command line.
        triggered: when that was triggered, ISO 8601 in UTC; empty where it did not say.
        first_start: milliseconds from the beginning of the wake to the first call that it had
            started by then; None when there was none, and in the files of older versions.
        started: ISO 8601 in UTC.
        now: the epoch minute up to which it looked.
        generation: the digest of what it read.
        through: the cursor that it leaves behind; None when it leaves none.
        pending: occurrence ids that a later wake must process again, with the next attempt.
        sendings: the alerts and pings that it tried to send.
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
    pending: Mapping[str, int]
    records: tuple[RunRecord, ...]
    part: int = 1
    execution: str = ""
    sendings: tuple[Sending, ...] = ()
    damaged: tuple[Damaged, ...] = ()
    number: int | None = None
    before: tuple[RunRecord, ...] = ()
    source: str = ""
    triggered: str = ""
    first_start: int | None = None

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
        notable = NOTABLE if self.is_notable else ""
        return f"{RUNS_FOLDER}/{self.day}/{time}-{self.wake}{execution}{part}{notable}.jsonl"

    @property
    def is_notable(self) -> bool:
        """Whether the file says something that no newer file makes out of date: what cannot be
        read, a task that did not run well, or an occurrence that was processed before its time."""
        return (
            bool(self.damaged)
            or self.is_ahead_of(minute(datetime.fromisoformat(self.started)))
            or any(is_task(line.name) and line.state in NEEDS_ATTENTION for line in self.records)
        )

    def is_ahead_of(self, at: int) -> bool:
        """Whether it may be about a nominal time later than this epoch minute."""
        return self.now > at

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
            "unsettled": stored_keys(self.pending),
            "wake": self.wake,
        }
        if self.execution:
            header["execution"] = self.execution
        if self.source:
            header["source"] = self.source
        if self.triggered:
            header["triggered"] = self.triggered
        if self.first_start is not None:
            header["first_start_ms"] = self.first_start
        if self.number is not None:
            header["number"] = self.number
        if self.sendings:
            header["told"] = [sending.to_json() for sending in self.sendings]
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


def replacing(behind: str) -> str:
    """The reason of a start that ended an earlier run, given that run's occurrence id."""
    return f"{_REPLACED}{behind}{_RUNNING}"


def replaced_in(reason: str) -> str | None:
    """The occurrence id that :func:`replacing` was given; None when the reason is another."""
    if reason.startswith(_REPLACED) and reason.endswith(_RUNNING):
        return reason[len(_REPLACED) : -len(_RUNNING)]
    return None


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


_HEADER_START: Final = b'{"format":'
_NAME: Final = re.compile(rb'\{"at":"[^"]*","name":"([^"\\]*)"')
"""How a line begins: it names the schedule, so that a reader can pass over the line unread."""


def decode_wake_log(content: bytes, where: str) -> WakeLog:
    """Read a wake's file, all of it.

    Raises:
        NewerFormatError: a newer version wrote it.
        FormatError: it is not a wake's file.
    """
    first, *lines = content.splitlines() or [b""]
    log, damaged = _decoded(first, lines, where)
    if damaged:
        raise FormatError(damaged[0].why, where=where)
    return log


def decode_compacted(
    content: bytes, where: str, about: Callable[[str], bool] | None = None
) -> ReadLogs:
    """Read a file that holds the logs of one wake, or of many, one after the other.

    What cannot be read is left out and named: a log whose first line is damaged or of a newer
    version, and of other logs each line that is damaged.

    Args:
        about: which names are wanted; lines of others are passed over, mostly unread. None for all.
    """
    parts: list[list[bytes]] = []
    damaged: list[Damaged] = []
    wanted: dict[bytes, bool] = {}  # a day has many lines of each name
    lines = content.splitlines()
    if not lines:
        damaged.append(Damaged(where, "is empty"))
    for line in lines:
        if line.startswith(_HEADER_START):
            parts.append([])
        elif not parts:
            damaged.append(Damaged(where, "does not begin with the log of a wake"))
            break
        elif about is not None and (found := _NAME.match(line)):
            name = found[1]
            if name not in wanted:
                wanted[name] = _wanted(name, about)
            if not wanted[name]:
                continue
        parts[-1].append(line)
    logs = []
    for first, *rest in parts:
        try:
            log, of_lines = _decoded(first, rest, where)
        except FormatError as error:
            damaged.append(Damaged(where, error.what))
        else:
            logs.append(log)
            damaged += of_lines
    return ReadLogs(logs, dict.fromkeys(damaged))


def _wanted(name: bytes, about: Callable[[str], bool]) -> bool:
    try:
        return about(read_name(name.decode())[0])
    except UnicodeDecodeError:
        return True


def _decoded(first: bytes, lines: Iterable[bytes], where: str) -> tuple[WakeLog, list[Damaged]]:
    """One log, and the lines of it that cannot be read."""
    records: list[RunRecord] = []
    damaged: list[Damaged] = []
    for line in lines:
        try:
            with reading("a line of a wake's log", where):
                records.append(_record_from_json(json.loads(line)))
        except FormatError as error:
            damaged.append(Damaged(where, error.what))
    with reading("the log of a wake", where):
        header = json.loads(first)
        check_format(header, where)
        through = typed(header, "through", str, None)
        log = WakeLog(
            wake=typed(header, "wake", str),
            slot=typed(header, "slot", str),
            source=typed(header, "source", str, ""),
            triggered=time_of(header, "triggered") if "triggered" in header else "",
            first_start=typed(header, "first_start_ms", int, None),
            started=time_of(header, "started"),
            now=parse_minute(header["now"]),
            generation=typed(header, "generation", str),
            through=None if through is None else parse_minute(through),
            pending=attempts_of(header, "unsettled"),
            records=tuple(records),
            part=typed(header, "part", int),
            execution=typed(header, "execution", str, ""),
            sendings=tuple(map(Sending.from_json, typed(header, "told", list, []))),
            number=typed(header, "number", int, None),
            damaged=tuple(Damaged(str(a), str(b)) for a, b in typed(header, "damaged", list, [])),
            before=tuple(map(_record_from_json, typed(header, "before", list, []))),
        )
    return log, damaged


def _record_from_json(data: Mapping[str, Any]) -> RunRecord:
    times = tuple(parse_minute(text) for text in typed(data, "times", list))
    if not times:
        raise ValueError("a line is about no time")
    name, run = read_name(typed(data, "name", str))
    return RunRecord(
        name=name,
        run=run,
        times=times,
        state=RunState(data["state"]),
        at=time_of(data, "at"),
        count=typed(data, "count", int, len(times)),
        attempt=typed(data, "attempt", int, 1),
        call=typed(data, "call", str, None),
        reason=typed(data, "reason", str, None),
        result=typed(data, "result", str, None),
        tries=tuple(map(str, typed(data, "tries", list, []))),
    )


def try_line(
    number: int, call: str | None, state: str, reason: str | None, used: str | None
) -> str:
    """``2: fc-8 failed ValueError: no rows (cpu 0.20s, memory 46Mi)``.

    Args:
        call: None if none was started.
        used: processor time and memory; None where they are not recorded.
    """
    parts = [f"{number}:", call or "not started", state, reason, used and f"({used})"]
    return " ".join(part for part in parts if part)
