"""Read the files of wakes back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.dispatch.formats import FormatError, check_format
from reconciler.dispatch.occurrence import parse_minute
from reconciler.dispatch.runs import RunRecord, RunState, WakeLog
from reconciler.dispatch.told import Told

_HEADER_START: Final = b'{"format":'
_NAME: Final = re.compile(rb'\{"at":"[^"]*","name":"([^"\\]*)"')
"""How a line begins: whose it is can be told without reading it."""


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


def decode_compacted(
    content: bytes, where: str, about: Callable[[str], bool] | None = None
) -> list[WakeLog]:
    """Read a file that holds the logs of many wakes, one after the other.

    Args:
        about: which names are wanted; lines of others are passed over, mostly unread. None for all.

    Raises:
        NewerFormatError, FormatError: as for :func:`decode_wake_log`.
    """
    parts: list[list[bytes]] = []
    for line in content.splitlines():
        if line.startswith(_HEADER_START):
            parts.append([])
        elif not parts:
            raise FormatError("does not begin with the log of a wake", where=where)
        elif about is not None and (found := _NAME.match(line)) and not about(found[1].decode()):
            continue
        parts[-1].append(line)
    return [decode_wake_log(b"\n".join(lines), where) for lines in parts]


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
