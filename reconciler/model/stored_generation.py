"""Read a generation's file: all of it, as planning does, or of its records only what is asked for.

A wake needs a few records of many. So it reads the header and the agenda, and parses a record when
it is due. What holds of the rest was checked when the file was written, and that these are the
bytes that were written says the digest: without that check, which is the caller's, a changed agenda
could hide a schedule.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

from reconciler.model.agenda import Agenda
from reconciler.model.formats import FormatError, check_format
from reconciler.model.generation import (
    GENERATION_FORMAT,
    TASK_RESOLUTION,
    Clocks,
    Generation,
    Slot,
)
from reconciler.model.occurrence import parse_minute
from reconciler.model.record import Record

if TYPE_CHECKING:
    from reconciler.alerts import Alerts

FIRST_AGENDA_FORMAT: Final = 2
RECORDS_KEPT: Final = 10_000
"""Parsed records that a warm container keeps at most; some kilobytes each."""


class _Lines(NamedTuple):
    """The lines of a file, by what they are.

    Attributes:
        agenda: its two lines; none in a file of format 1.
        served: which slot wakes for what; None in a file of format 1, whose header says it.
        records: one each.
    """

    header: Mapping[str, Any]
    agenda: Sequence[bytes]
    served: bytes | None
    records: Sequence[bytes]


class StoredRecords(Sequence[Record]):
    """Records that are parsed when they are asked for.

    Raises, whenever one is asked for:
        FormatError: it is not one of our records.
    """

    def __init__(self, lines: Sequence[bytes], where: str) -> None:
        self._lines = lines
        self._where = where
        self._parsed: dict[int, Record] = {}
        self._named: dict[str, Record] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        found = self._parsed.get(index)
        if found is None:
            line = self._lines[index]
            if len(self._parsed) >= RECORDS_KEPT:
                self._parsed.clear()
                self._named.clear()
            found = self._parsed[index] = _record(line, self._where)
            self._named[found.name] = found
        return found

    def parsed(self, name: str) -> Record | None:
        """The record of that name, if it is among those that were asked for before."""
        return self._named.get(name)


class _StoredServed(Mapping[str, tuple[str, ...]]):
    """Which slot wakes for what, parsed when it is asked for: a wake never does.

    The line that says it also says what clocks do.
    """

    def __init__(self, line: bytes) -> None:
        self._line = line

    @cached_property
    def _served(self) -> Mapping[str, tuple[str, ...]]:
        return _served(self._line)

    def __getitem__(self, slot: str) -> tuple[str, ...]:
        return self._served[slot]

    def __iter__(self) -> Iterator[str]:
        return iter(self._served)

    def __len__(self) -> int:
        return len(self._served)

    def clocks(self) -> Clocks | None:
        """What clocks do; None in a file of an earlier version."""
        return _clocks(self._line)


@dataclass(frozen=True, eq=False)
class StoredGeneration(Generation):
    """A generation as its file says.

    Attributes:
        content: the file's bytes, whatever its format: its digest is the name that it bears.
        written_agenda: None when the file has none.
    """

    records: StoredRecords
    content: bytes = field(default=b"", repr=False)
    written_agenda: Agenda | None = field(default=None, repr=False)

    @cached_property
    def encoded(self) -> bytes:
        """The file's bytes."""
        return self.content

    def find(self, name: str) -> Record | None:
        """The schedule of that name; what is due is found without parsing others on the way."""
        return self.records.parsed(name) or super().find(name)

    @cached_property
    def agenda(self) -> Agenda:
        """What finds the records that may be due; of an old file, made from all of them."""
        if self.written_agenda is not None:
            return self.written_agenda
        from reconciler.model.agenda_writing import write_agenda  # start-up time: see above

        return write_agenda(self.records)


def open_generation(content: bytes, where: str) -> StoredGeneration:
    """Read of a generation's file what a wake needs; the digest of its bytes was checked.

    Raises:
        NewerFormatError: a newer version wrote it.
        FormatError: it is not a generation.
    """
    try:
        lines = _lines(content, where)
        return StoredGeneration(
            records=StoredRecords(lines.records, where),
            slots=_slots(lines.header),
            punctuality=int(lines.header["punctuality"]),
            served=_served_in_header(lines.header)
            if lines.served is None
            else _StoredServed(lines.served),
            history_days=int(lines.header["history_days"]),
            task_resolution=lines.header.get(TASK_RESOLUTION),
            alerts=_alerts(lines.header),
            environment=lines.header.get("environment", ""),
            slots_since=_slots_since(lines.header),
            begun=_begun(lines.header),
            rebuilt=_rebuilt(lines.header),
            tz=str(lines.header.get("tz", "")),
            content=content,
            written_agenda=Agenda(*lines.agenda) if lines.agenda else None,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(f"is not a generation: {error}", where=where) from error


def decode_generation(content: bytes, where: str) -> Generation:
    """Read a generation's file, all of it; whether it bears its name is for the caller to check.

    Raises:
        NewerFormatError: a newer version wrote it.
        FormatError: it is not a generation.
    """
    stored = open_generation(content, where)
    records = tuple(stored.records)
    names = [record.name for record in records]
    if names != sorted(set(names)):
        raise _out_of_order(len(names), where)
    try:
        served = dict(stored.served)
        clocks = stored.served.clocks() if isinstance(stored.served, _StoredServed) else None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(f"is not a generation: {error}", where=where) from error
    return Generation(
        records=records,
        slots=stored.slots,
        punctuality=stored.punctuality,
        served=served,
        history_days=stored.history_days,
        task_resolution=stored.task_resolution,
        alerts=stored.alerts,
        environment=stored.environment,
        slots_since=stored.slots_since,
        begun=stored.begun,
        rebuilt=stored.rebuilt,
        tz=stored.tz,
        clocks=clocks,
    )


def _lines(content: bytes, where: str) -> _Lines:
    first, *lines = content.split(b"\n")
    header = json.loads(first)
    check_format(header, where, GENERATION_FORMAT)
    if not lines or lines.pop():
        raise FormatError("is not a generation: it was cut off", where=where)
    if header["format"] < FIRST_AGENDA_FORMAT:
        found = _Lines(header, (), None, lines)
    else:
        times, begun, served, *records = lines
        found = _Lines(header, (times, begun), served, records)
    if len(found.records) != header["schedules"]:
        raise _out_of_order(header["schedules"], where)
    return found


def _record(line: bytes, where: str) -> Record:
    try:
        return Record.from_json(json.loads(line))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(f"is not a generation: {error}", where=where) from error


def _slots(header: Mapping[str, Any]) -> tuple[Slot, ...]:
    return tuple(Slot(slot["name"], slot["cron"], slot["timezone"]) for slot in header["slots"])


def _slots_since(header: Mapping[str, Any]) -> Mapping[str, int]:
    known = (slot for slot in header["slots"] if "since" in slot)
    return {slot["name"]: parse_minute(slot["since"]) for slot in known}


def _begun(header: Mapping[str, Any]) -> Mapping[str, int]:
    begun: Mapping[str, int] = header.get("begun", {})
    if not all(type(number) is int for number in begun.values()):
        raise ValueError("an apply number is no number")
    return begun


def _rebuilt(header: Mapping[str, Any]) -> Mapping[str, int]:
    return {name: parse_minute(at) for name, at in header.get("rebuilt", {}).items()}


def _alerts(header: Mapping[str, Any]) -> Alerts | None:
    if "alerts" not in header:
        return None
    from reconciler.alerts import Alerts  # start-up time: many tell nobody

    return Alerts.from_json(header["alerts"])


def _served(line: bytes) -> Mapping[str, tuple[str, ...]]:
    return {slot: tuple(names) for slot, names in json.loads(line)["served"].items()}


def _clocks(line: bytes) -> Clocks | None:
    found = json.loads(line).get("clocks")
    if found is None:
        return None
    return Clocks(
        until=parse_minute(found["until"]),
        offsets={
            name: tuple((parse_minute(at), int(offset)) for at, offset in offsets)
            for name, offsets in found["zones"].items()
        },
    )


def _served_in_header(header: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    return {slot["name"]: tuple(slot["schedules"]) for slot in header["slots"]}


def _out_of_order(expected: int, where: str) -> FormatError:
    return FormatError(
        f"is not a generation: {expected} records in order are expected", where=where
    )
