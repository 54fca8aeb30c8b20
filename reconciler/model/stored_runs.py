"""Read the files of wakes back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from reconciler.model.formats import Damaged, FormatError, check_format, reading, typed
from reconciler.model.occurrence import attempts_of, parse_minute, time_of
from reconciler.model.outbox import Told
from reconciler.model.runs import ReadLogs, RunRecord, RunState, WakeLog

_HEADER_START: Final = b'{"format":'
_NAME: Final = re.compile(rb'\{"at":"[^"]*","name":"([^"\\]*)"')
"""How a line begins: whose it is can be told without reading it."""


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
    lines = content.splitlines()
    if not lines:
        damaged.append(Damaged(where, "is empty"))
    for line in lines:
        if line.startswith(_HEADER_START):
            parts.append([])
        elif not parts:
            damaged.append(Damaged(where, "does not begin with the log of a wake"))
            break
        elif about is not None and (found := _NAME.match(line)) and not _wanted(found[1], about):
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
        return about(name.decode())
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
            started=time_of(header, "started"),
            now=parse_minute(header["now"]),
            generation=typed(header, "generation", str),
            through=None if through is None else parse_minute(through),
            unsettled=attempts_of(header, "unsettled"),
            records=tuple(records),
            part=typed(header, "part", int),
            execution=typed(header, "execution", str, ""),
            told=tuple(map(Told.from_json, typed(header, "told", list, []))),
            number=typed(header, "number", int, None),
            damaged=tuple(Damaged(str(a), str(b)) for a, b in typed(header, "damaged", list, [])),
            before=tuple(map(_record_from_json, typed(header, "before", list, []))),
        )
    return log, damaged


def _record_from_json(data: Mapping[str, Any]) -> RunRecord:
    times = tuple(parse_minute(text) for text in typed(data, "times", list))
    if not times:
        raise ValueError("a line is about no time")
    return RunRecord(
        name=typed(data, "name", str),
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
