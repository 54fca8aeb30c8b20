"""The compiled set of schedules that the dispatcher reads, and the pointer to the live one.

A generation is a JSON Lines file: a header, the agenda, which slot wakes for what, then one record
per schedule, sorted by name. It is named after the SHA-256 of its bytes and never changed, so two
readers of the same name have read the same thing. The pointer is the only file that is ever
replaced. How the file is read is in :mod:`reconciler.dispatch.stored_generation`.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Self

from reconciler.cron import Timetable, parse_times
from reconciler.dispatch.agenda import Agenda
from reconciler.dispatch.occurrence import Occurrence, format_minute, parse_minute
from reconciler.errors import ReconcileError
from reconciler.policies import Catchup, Delivery, Overlap

if TYPE_CHECKING:
    from reconciler.alerts import Address, AlertRule, Alerts

FORMAT: Final = 1
"""Of the pointer, the cursor and the runs files."""
GENERATION_FORMAT: Final = 2
"""Of a generation's file. Since 2 it has an agenda."""
HISTORY_DAYS: Final = 90
"""Days for which runs are kept unless the settings say otherwise."""
POINTER_PATH: Final = "current.json"
ON_DEMAND: Final = "on_demand"
"""The function of our app that people wake."""
SUPERVISOR: Final = "supervise_run"
"""The function of our app that watches over runs."""
TASK_TICK: Final = "task_tick"
"""What wakes for tasks that programs create: the member of the packing, and its slot when solo."""
TASK_RESOLUTION: Final = "task_resolution"
"""The header's key for :attr:`Generation.task_resolution`; programs that create tasks read it."""
CRONLESS: Final = (ON_DEMAND, SUPERVISOR)
"""The functions of our app beside the slots; no schedule can bear such a name."""


def generation_path(digest: str) -> str:
    """Where on the Volume the generation with this digest is."""
    return f"generations/{digest}.jsonl"


REPAIR: Final = "Run reconcile, which repairs it."
"""What helps when somebody removed or changed what is live."""


class FormatError(ReconcileError):
    """A file on the Volume cannot be read as what it should be."""


class GoneError(FormatError):
    """The generation that the pointer names is not on the Volume."""

    def __init__(self, where: str) -> None:
        super().__init__("is gone, and the pointer names it", where=where, remedy=REPAIR)


class NewerFormatError(FormatError):
    """A file on the Volume was written by a newer version of this package."""

    exit_code = 3

    def __init__(self, where: str, found: object, newest: int) -> None:
        super().__init__(
            f"written in format {found}, and this version reads up to format {newest}",
            where=where,
            remedy="Upgrade schedule-reconciler to the version that wrote it, or newer.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One schedule, as the dispatcher needs it.

    Attributes:
        when: cron expressions and intervals; empty for a task.
        at: a task's one time, as an epoch minute.
        anchor: epoch minute; occurrences at or before it are none of this schedule's business. Set
            when the schedule first appears, changes its times or is resumed.
        app, function: the deployed Modal function, or ``Class.method``.
        args: keyword arguments of the call, JSON values.
        deadline: seconds that an occurrence may be late and still start.
        tolerance: minutes that an occurrence may be late and still count as in time.
        retries: tries after a run has failed; ``backoff`` seconds before the first of them, each
            wait ``factor`` times longer than the one before.
        timeout: seconds that one try may take; None for the target's own limit.
        suspended: why nothing runs, empty when nobody said; None when not suspended.
        resumes: epoch minute from which it runs again by itself; None until somebody resumes it.
        start, end: epoch minutes; nothing occurs before the first, or from the second on.
        exclude: dates, ranges of dates and cron expressions at which it does not run, in its zone.
        alerts: which of its events are alarms, when that is not as for all.
        ping: what is asked for when a run of it starts and ends.
        formerly: earlier names, oldest first, each with the last epoch minute that it names.
            Occurrences up to then keep the old name, and with it their claims: what ran under the
            old name cannot run again under the new.
    """

    name: str
    app: str
    function: str
    anchor: int
    when: tuple[str, ...] = ()
    timezone: str = "UTC"
    at: int | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    catchup: Catchup = Catchup.LATEST
    deadline: int | None = None
    tolerance: int = 0
    delivery: Delivery = Delivery.AT_LEAST_ONCE
    suspended: str | None = None
    resumes: int | None = None
    start: int | None = None
    end: int | None = None
    exclude: tuple[str, ...] = ()
    overlap: Overlap = Overlap.ALLOW
    retries: int = 0
    backoff: float = 1.0
    factor: float = 2.0
    timeout: int | None = None
    alerts: AlertRule | None = None
    ping: Address | None = None
    formerly: tuple[tuple[str, int], ...] = ()
    protect: bool = False
    description: str | None = None
    owner: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def supervised(self) -> bool:
        """Whether somebody has to watch over its runs."""
        return self.retries > 0 or self.timeout is not None

    def is_suspended(self, at: int) -> bool:
        """Whether nothing runs at this epoch minute because it is suspended."""
        return self.suspended is not None and (self.resumes is None or at < self.resumes)

    def occurrence(self, at: int) -> Occurrence:
        """The occurrence of an epoch minute, under the name that it has or had."""
        name = next((old for old, last in self.formerly if at <= last), self.name)
        return Occurrence(name, at)

    def timetable(self) -> Timetable | None:
        """The recurring times, or None for a task.

        Raises:
            CronError, ZoneError: only if the record was not written by us.
        """
        return _timetable(self.when, self.timezone) if self.when else None

    def to_json(self) -> dict[str, Any]:
        """The record as JSON; what has its default is left out."""
        data: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in _MINUTES and value is not None:
                data[item.name] = format_minute(value)
            elif item.name in _PARTS and value is not None:
                data[item.name] = value.to_json()
            elif item.name == "formerly" and value:
                data[item.name] = [[name, format_minute(last)] for name, last in value]
            elif item.name in _REQUIRED or value not in (item.default, {}):
                data[item.name] = list(value) if isinstance(value, tuple) else value
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back.

        Raises:
            KeyError, TypeError, ValueError: it is not one of our records.
        """
        values = dict(data)
        for name in _MINUTES & values.keys():
            values[name] = parse_minute(values[name])
        values["when"] = tuple(values.get("when", ()))
        values["exclude"] = tuple(values.get("exclude", ()))
        values["formerly"] = tuple(
            (name, parse_minute(last)) for name, last in values.get("formerly", ())
        )
        for name in _PARTS.keys() & values.keys():
            values[name] = _PARTS[name](values[name])
        values["overlap"] = Overlap(values.get("overlap", Overlap.ALLOW))
        values["catchup"] = Catchup(values.get("catchup", Catchup.LATEST))
        values["delivery"] = Delivery(values.get("delivery", Delivery.AT_LEAST_ONCE))
        return cls(**values)


@lru_cache(maxsize=65_536)
def _timetable(when: tuple[str, ...], timezone: str) -> Timetable:
    """Kept while the container is warm; many schedules share their times."""
    return Timetable(tuple(e for text in when for e in parse_times(text)), timezone)


_MINUTES: Final = frozenset({"anchor", "at", "resumes", "start", "end"})
_REQUIRED: Final = frozenset({"name", "app", "function"})


def _alert_rule(data: Mapping[str, Any]) -> AlertRule:
    from reconciler.alerts import AlertRule  # start-up time: few schedules have one of their own

    return AlertRule.from_json(data)


def _address(data: Mapping[str, Any]) -> Address:
    from reconciler.alerts import Address  # start-up time: few schedules have a ping

    return Address.from_json(data)


_PARTS: Final[Mapping[str, Callable[[Any], Any]]] = {"alerts": _alert_rule, "ping": _address}
"""Fields that are values of their own, and how they are read."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One deployed Modal cron of ours."""

    name: str
    cron: str
    timezone: str = "UTC"


@dataclass(frozen=True)
class Generation:
    """What one apply made live.

    Attributes:
        records: sorted by name, names unique.
        slots: the crons that were deployed with it, sorted by name.
        history_days: days for which runs are kept.
        served: slot name to the schedules that it was packed to wake for, sorted. The dispatcher
            does not need it; the next packing does, to leave things where they are.
        punctuality: seconds that a wake may be late and still count as in time.
        task_resolution: minutes between the wakes for tasks that programs create; None when nothing
            wakes for them.
        alerts: what is an alarm where a schedule says nothing; None when nothing is.
        environment: as it is called on the command line; empty when that is not known.
        slots_since: slot name to the epoch minute since which it has been planned as it is.
    """

    records: Sequence[Record]
    slots: tuple[Slot, ...]
    punctuality: int
    served: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    history_days: int = HISTORY_DAYS
    task_resolution: int | None = None
    alerts: Alerts | None = None
    environment: str = ""
    slots_since: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def encoded(self) -> bytes:
        """The file's bytes; equal generations have equal bytes."""
        header: dict[str, Any] = {
            "format": GENERATION_FORMAT,
            "history_days": self.history_days,
            "punctuality": self.punctuality,
            "schedules": len(self.records),
            "slots": [
                {
                    "cron": slot.cron,
                    "name": slot.name,
                    "timezone": slot.timezone,
                    **_since(self.slots_since.get(slot.name)),
                }
                for slot in self.slots
            ],
        }
        if self.task_resolution is not None:
            header[TASK_RESOLUTION] = self.task_resolution
        if self.alerts is not None:
            header["alerts"] = self.alerts.to_json()
        if self.environment:
            header["environment"] = self.environment
        lines = [
            _compact(header),
            self.agenda.times,
            self.agenda.begun,
            _compact({"served": {name: list(names) for name, names in self.served.items()}}),
            *(_compact(record.to_json()) for record in self.records),
        ]
        return b"".join(line + b"\n" for line in lines)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of :attr:`encoded`, in hexadecimal: the generation's name."""
        return sha256(self.encoded).hexdigest()

    @cached_property
    def by_name(self) -> Mapping[str, Record]:
        """The records by schedule name."""
        return {record.name: record for record in self.records}

    @cached_property
    def agenda(self) -> Agenda:
        """What finds the records that may be due."""
        # Start-up time: a wake finds it in the file.
        from reconciler.dispatch.agenda_writing import write_agenda

        return write_agenda(self.records)

    def find(self, name: str) -> Record | None:
        """The schedule of that name."""
        number = bisect_left(self.records, name, key=lambda record: record.name)
        if number < len(self.records) and self.records[number].name == name:
            return self.records[number]
        return None

    def named(self, name: str) -> Record | None:
        """The schedule that has or had this name."""
        return self.find(name) or self._find_former(name)

    def owner(self, occurrence: Occurrence) -> Record | None:
        """The schedule that an occurrence is of, be it under a name that it has no longer."""
        record = self.find(occurrence.name)
        if record is not None and occurrence.at > record.anchor:
            return record
        return self._find_former(occurrence.name) or record

    def _find_former(self, name: str) -> Record | None:
        number = self.agenda.formerly(name)
        return None if number is None else self.records[number]


def _since(at: int | None) -> dict[str, str]:
    return {} if at is None else {"since": format_minute(at)}


def new_generation(
    records: Iterable[Record],
    slots: Iterable[Slot],
    punctuality: int,
    served: Mapping[str, Iterable[str]] | None = None,
    history_days: int = HISTORY_DAYS,
    task_resolution: int | None = None,
    *,
    alerts: Alerts | None = None,
    environment: str = "",
    slots_since: Mapping[str, int] | None = None,
) -> Generation:
    """Build a generation whose bytes do not depend on the order of its parts."""
    return Generation(
        records=tuple(sorted(records, key=lambda record: record.name)),
        slots=tuple(sorted(slots)),
        punctuality=punctuality,
        served={name: tuple(sorted(names)) for name, names in (served or {}).items()},
        history_days=history_days,
        task_resolution=task_resolution,
        alerts=alerts,
        environment=environment,
        slots_since=slots_since or {},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Which generation is live, and who made it so.

    Attributes:
        generation: its digest.
        commit: the git commit it was planned from, None outside git.
        dirty: whether the work tree differed from that commit.
        by: who applied it.
        at: when, ISO 8601 in UTC.
        previous: the digest that was live before, None at first.
        author: who wrote the commit, None when that is not known.
        link: where the apply can be seen, None when there is no such place.
    """

    generation: str
    commit: str | None
    dirty: bool
    by: str
    at: str
    previous: str | None
    author: str | None = None
    link: str | None = None

    def encode(self) -> bytes:
        """The pointer's file."""
        body = {item.name: getattr(self, item.name) for item in fields(self)}
        return _compact({"format": FORMAT, **body}) + b"\n"


def decode_pointer(content: bytes) -> Pointer:
    """Read the pointer.

    Raises:
        NewerFormatError: a newer version wrote it.
        FormatError: it is not a pointer.
    """
    try:
        data = json.loads(content)
        check_format(data, POINTER_PATH)
        known = {item.name for item in fields(Pointer)}
        return Pointer(**{name: value for name, value in data.items() if name in known})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(
            f"is not a pointer: {error}", where=POINTER_PATH, remedy=REPAIR
        ) from error


def check_format(header: Mapping[str, Any], where: str, newest: int = FORMAT) -> None:
    """Refuse a file of a newer format by name; every older one is read.

    Raises:
        NewerFormatError: its format is newer than ``newest``.
        FormatError: it names no format.
    """
    found = header.get("format")
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise FormatError("names no format", where=where)
    if found > newest:
        raise NewerFormatError(where, found, newest)


def _compact(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
