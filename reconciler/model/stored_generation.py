"""Read a generation's file: all of it, as planning does, or of its records only what is asked for.

A wake needs a few records of many. So it reads the header and the agenda, and parses a record when
it is due. What holds of the rest was checked when the file was written, and that these are the
bytes that were written says the digest: without that check, which is the caller's, a changed agenda
could hide a schedule.

A record that cannot be read is left out and named; the others go on. Where the header or the agenda
cannot be read, the file is not a generation: without them it is not known what is due.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

from reconciler.alerts import Alerts
from reconciler.model.agenda import Agenda, write_agenda
from reconciler.model.formats import REPAIR, Damaged, FormatError, check_format, reading
from reconciler.model.generation import (
    AGENDA_FORMAT,
    GENERATION_FORMAT,
    TASK_RESOLUTION,
    Clocks,
    Generation,
    Retired,
    Slot,
    Worker,
)
from reconciler.model.occurrence import parse_minute
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.target_record import TargetRecord

if TYPE_CHECKING:
    from reconciler.model.cursor import Lookback

_NAME: Final = re.compile(rb'"name":"([a-z0-9-]{1,64})"')
_NOT_RUN: Final = "it does not run until the next apply, which repairs it"
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


class StoredRecords(Sequence[ScheduleRecord]):
    """Records that are parsed when they are asked for.

    Attributes:
        lines: one for each.
        where: the file.
        damaged: by number those that were asked for and cannot be read.

    Raises, whenever one is asked for:
        FormatError: it is not one of our records.
    """

    def __init__(self, lines: Sequence[bytes], where: str) -> None:
        self.lines = lines
        self.damaged: dict[int, Damaged] = {}
        self.where = where
        self._parsed: dict[int, ScheduleRecord] = {}
        self._named: dict[str, ScheduleRecord] = {}

    def __len__(self) -> int:
        return len(self.lines)

    @overload
    def __getitem__(self, index: int) -> ScheduleRecord: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[ScheduleRecord]: ...

    def __getitem__(self, index: int | slice) -> ScheduleRecord | Sequence[ScheduleRecord]:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        found = self._parsed.get(index)
        if found is None:
            line = self.lines[index]
            if len(self._parsed) >= RECORDS_KEPT:
                self._parsed.clear()
                self._named.clear()
            try:
                found = self._parsed[index] = _record(line, self.where)
            except FormatError as error:
                error.where = self.place(index)
                raise
            self._named[found.name] = found
        return found

    def read(self, index: int) -> ScheduleRecord | None:
        """A record; None when it cannot be read, which is noted."""
        try:
            return self[index]
        except FormatError as error:
            self.damaged[index] = Damaged(self.place(index), f"{error.what}; {_NOT_RUN}")
            return None

    def place(self, index: int) -> str:
        """Where a record is, for people."""
        name = self._written_name(index)
        return f"{self.where} record {index + 1}{f' ({name})' if name else ''}"

    def _written_name(self, index: int) -> str:
        """The name that stands in a line, whatever else does; empty when none does."""
        line = self.lines[index]
        try:
            name = json.loads(line)["name"]
        except (ValueError, LookupError, TypeError, RecursionError):
            # Keys are sorted: what arguments and labels call so comes before the schedule's name.
            found = _NAME.findall(line)
            return str(found[-1].decode()) if found else ""
        return name if isinstance(name, str) else ""

    def name_at(self, index: int) -> str:
        """The name of a record, or the one before when its line does not say it: names ascend."""
        while index >= 0:
            found = self._parsed.get(index)
            name = self._written_name(index) if found is None else found.name
            if name:
                return name
            index -= 1
        return ""

    def parsed(self, name: str) -> ScheduleRecord | None:
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

    def targets(self) -> tuple[TargetRecord, ...]:
        """The code targets."""
        found = json.loads(self._line).get("targets", ())
        return tuple(TargetRecord.from_json(target) for target in found)

    def retiring(self) -> Mapping[str, Retired]:
        """The apps of retiring code targets."""
        found = json.loads(self._line).get("retiring", {})
        return {
            app: Retired(parse_minute(one["since"]), str(one["code"])) for app, one in found.items()
        }


@dataclass(frozen=True, eq=False)
class StoredGeneration(Generation):
    """A generation as its file says.

    Attributes:
        content: the file's bytes, whatever its format: its digest is the name that it bears.
        written_agenda: None when the file has none.
        left_out: records that cannot be read and are not among ``records``.
    """

    records: StoredRecords
    content: bytes = field(default=b"", repr=False)
    written_agenda: Agenda | None = field(default=None, repr=False)
    left_out: tuple[Damaged, ...] = ()

    @cached_property
    def encoded(self) -> bytes:
        """The file's bytes."""
        return self.content

    @property
    def damaged(self) -> tuple[Damaged, ...]:
        """See :class:`~reconciler.model.generation.Generation`."""
        return (*self.left_out, *self.records.damaged.values())

    def read(self, number: int) -> ScheduleRecord | None:
        """See :class:`~reconciler.model.generation.Generation`."""
        return self.records.read(number)

    def find(self, name: str) -> ScheduleRecord | None:
        """The schedule of that name; what is due is found without parsing others on the way."""
        found = self.records.parsed(name)
        if found is not None:
            return found
        number = self._place_of(name)
        if number < len(self.records) and self.records.name_at(number) == name:
            found = self.read(number)
        return found if found is not None and found.name == name else None

    def may_have(self, name: str) -> bool:
        """See :class:`~reconciler.model.generation.Generation`."""
        if self.named(name) is not None:
            return True
        if self.left_out:
            named = (one.where.endswith(f"({name})") for one in self.left_out)
            return any(named) or any(not one.where.endswith(")") for one in self.left_out)
        former = self.agenda.formerly(name)
        number = self._place_of(name)
        # Of a line that does not say its name it is not known that it is another's.
        near = (number - 1, number, *(() if former is None else (former,)))
        return any(0 <= at < len(self.records) and self.read(at) is None for at in near)

    def _place_of(self, name: str) -> int:
        return bisect_left(range(len(self.records)), name, key=self.records.name_at)

    def candidates(self, lookback: Lookback, now: int) -> Sequence[int]:
        """See :class:`~reconciler.model.generation.Generation`.

        Raises:
            FormatError: its agenda is not one of ours.
        """
        with reading("a generation", self.records.where, REPAIR):
            found = super().candidates(lookback, now)
            if found and found[-1] >= len(self.records):
                raise ValueError("its agenda names a record that it does not have")
            self.agenda.check()
            if self.records and self.agenda.newest is None:
                raise ValueError("its agenda names no anchor")
            return found

    @cached_property
    def agenda(self) -> Agenda:
        """What finds the records that may be due; of an old file, made from all of them."""
        if self.written_agenda is not None:
            return self.written_agenda
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
            holidays=str(lines.header.get("holidays", "")),
            worker=_worker(lines.header),
            content=content,
            written_agenda=Agenda(*lines.agenda) if lines.agenda else None,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(f"is not a generation: {error}", where=where) from error


def of_readable_records(stored: StoredGeneration) -> StoredGeneration:
    """The generation without the records that cannot be read, or that bear a name again."""
    kept: list[bytes] = []
    damaged = dict(stored.records.damaged)
    before = ""
    for number, line in enumerate(stored.records.lines):
        record = stored.records.read(number)
        if record is None:
            damaged[number] = stored.records.damaged[number]
        elif record.name <= before:
            why = f"it is not in the order of names, after {before}; {_NOT_RUN}"
            damaged[number] = Damaged(stored.records.place(number), why)
        else:
            before = record.name
            kept.append(line)
    if not damaged:
        return stored
    return replace(
        stored,
        records=StoredRecords(kept, stored.records.where),
        written_agenda=None,  # it has other numbers
        left_out=tuple(damaged[number] for number in sorted(damaged)),
    )


def decode_generation(content: bytes, where: str) -> Generation:
    """Read a generation's file, all of it; whether it bears its name is for the caller to check.

    Raises:
        NewerFormatError: a newer version wrote it.
        FormatError: it is not a generation.
    """
    generation, damaged = decode_readable(content, where)
    if damaged:
        raise FormatError(damaged[0].why, where=damaged[0].where, remedy=REPAIR)
    return generation


def decode_readable(content: bytes, where: str) -> tuple[Generation, tuple[Damaged, ...]]:
    """Read of a generation's file all that can be read, and say which records cannot.

    Raises:
        NewerFormatError: a newer version wrote it.
        FormatError: it is not a generation.
    """
    stored = of_readable_records(open_generation(content, where))
    records = tuple(stored.records)
    try:
        served = dict(stored.served)
        line = stored.served if isinstance(stored.served, _StoredServed) else None
        clocks = None if line is None else line.clocks()
        targets = () if line is None else line.targets()
        retiring = {} if line is None else line.retiring()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(f"is not a generation: {error}", where=where) from error
    generation = Generation(
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
        targets=targets,
        retiring=retiring,
        holidays=stored.holidays,
        worker=stored.worker,
    )
    return generation, stored.damaged


def _lines(content: bytes, where: str) -> _Lines:
    first, *lines = content.split(b"\n")
    header = json.loads(first)
    check_format(header, where, GENERATION_FORMAT)
    if not lines or lines.pop():
        raise FormatError("is not a generation: it was cut off", where=where)
    if header["format"] < AGENDA_FORMAT:
        found = _Lines(header, (), None, lines)
    else:
        times, begun, served, *records = lines
        found = _Lines(header, (times, begun), served, records)
    if len(found.records) != header["schedules"]:
        raise _out_of_order(header["schedules"], where)
    return found


def _record(line: bytes, where: str) -> ScheduleRecord:
    with reading("a record of a schedule", where, REPAIR):
        record = ScheduleRecord.from_json(json.loads(line))
        record.check()
        return record


def _slots(header: Mapping[str, Any]) -> tuple[Slot, ...]:
    return tuple(Slot(slot["name"], slot["cron"], slot["timezone"]) for slot in header["slots"])


def _slots_since(header: Mapping[str, Any]) -> Mapping[str, int]:
    known = (slot for slot in header["slots"] if "since" in slot)
    return {slot["name"]: parse_minute(slot["since"]) for slot in known}


def _begun(header: Mapping[str, Any]) -> Mapping[str, int]:
    begun: Mapping[str, int] = header.get("begun", {})
    if not all(type(number) is int for number in begun.values()):
        raise ValueError("an apply number is not a number")
    return begun


def _rebuilt(header: Mapping[str, Any]) -> Mapping[str, int]:
    return {name: parse_minute(at) for name, at in header.get("rebuilt", {}).items()}


def _worker(header: Mapping[str, Any]) -> Worker | None:
    if "worker" not in header:
        return None
    found = header["worker"]
    leaving = found.get("leaving")
    return Worker(
        source=str(found["source"]),
        since=parse_minute(found["since"]),
        alone=bool(found.get("alone", False)),
        leaving=None if leaving is None else parse_minute(leaving),
    )


def _alerts(header: Mapping[str, Any]) -> Alerts | None:
    if "alerts" not in header:
        return None
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
