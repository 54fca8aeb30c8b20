"""One schedule as the dispatcher needs it: a line of a generation's file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date, timedelta
from enum import Enum
from functools import lru_cache
from types import UnionType
from typing import Any, Final, NamedTuple, Self, get_args, get_origin, get_type_hints

from reconciler.alerts import Address, AlertRule
from reconciler.cron import Timetable, timetable_of
from reconciler.model.formats import typed
from reconciler.model.occurrence import Occurrence, format_minute, parse_minute
from reconciler.policies import Catchup, Condition, Delivery, Overlap

WITHIN: Final = 24 * 60
"""Minutes in which the newest occurrence of an upstream counts, unless the manifest says more."""
_DAY: Final = 24 * 60


class Upstream(NamedTuple):
    """One schedule that another one waits for.

    Attributes:
        name: as the schedule is called now.
        within: the occurrence at t waits for the newest upstream occurrence of these minutes up to
            t; one minute where the schedule has the times of its upstream.
        on: the outcome that it waits for.
        by: minute of the day, in the zone of the schedule that waits, at which an alert says that
            it still waits; None for no alert.
    """

    name: str
    within: int = WITHIN
    on: Condition = Condition.SUCCEEDED
    by: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The upstream as JSON, without its name; what has its default is left out."""
        data: dict[str, Any] = {}
        if self.within != WITHIN:
            data["within"] = self.within
        if self.on is not Condition.SUCCEEDED:
            data["on"] = self.on.value
        if self.by is not None:
            data["by"] = format_time_of_day(self.by)
        return data

    @classmethod
    def from_json(cls, name: str, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back.

        Raises:
            KeyError, TypeError, ValueError: it is not an upstream.
        """
        by = typed(data, "by", str, None)
        within = typed(data, "within", int, WITHIN)
        if within < 1:
            raise ValueError(f"an upstream is within {within} minutes")
        return cls(
            name,
            within,
            Condition(data.get("on", Condition.SUCCEEDED)),
            None if by is None else parse_time_of_day(by),
        )


class Codec(NamedTuple):
    """How the value of a field stands in the file, where its type alone does not say it."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


def _read_upstreams(written: Mapping[str, Any]) -> tuple[Upstream, ...]:
    return tuple(Upstream.from_json(name, one) for name, one in sorted(written.items()))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("its times or names are not texts")
    return value


def _read_former(written: Any) -> tuple[tuple[str, int], ...]:
    return tuple((_text(name), parse_minute(last)) for name, last in written)


_SECONDS: Final = {"unit": timedelta(seconds=1)}
"""Metadata of a duration: the unit in which it is counted."""
_MINUTES: Final = {"unit": timedelta(minutes=1)}
EPOCH_MINUTE: Final = Codec(parse_minute, format_minute)
_MOMENT: Final = {"codec": EPOCH_MINUTE}
_UPSTREAMS: Final = {
    "codec": Codec(_read_upstreams, lambda after: {one.name: one.to_json() for one in after})
}
_FORMER: Final = {
    "codec": Codec(_read_former, lambda names: [[old, format_minute(last)] for old, last in names])
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What a manifest says of a schedule and the dispatcher reads as it stands.

    A field has the name of its key in the manifest. A new one needs to be declared in the form of
    the manifest and here: reading a manifest, compiling a record and the file follow from its type
    and its metadata.

    Attributes:
        args: keyword arguments of the call, JSON values. Strings may contain ``${occurrence.id}``,
            ``${occurrence.time}`` and ``${run.id}``, which a wake fills in, and ``$${`` for a
            literal ``${``; they are kept as written.
        catchup: which occurrences still run that no wake processed in time.
        deadline: seconds that an occurrence may be late and still start; None for no limit.
        tolerance: minutes that an occurrence may be late and still count as in time.
        delivery: whether it may run twice, or not at all, when a wake dies.
        start, end: epoch minutes; nothing occurs before the first, or from the second on.
        overlap: what happens to an occurrence while an earlier run is still running.
        timeout: seconds that one attempt may take; None for the target's own limit, also where the
            target is a function of this repository, which is deployed with its limit.
        after: the schedules that it waits for, sorted by name.
        follows: it has no times of its own: those of its one upstream are its times, and each
            occurrence of that one is also one of this schedule. No key; ``after`` alone means it.
        protect: its deletion is refused.
        description, owner, labels: for people.
    """

    args: Mapping[str, Any] = field(default_factory=dict)
    catchup: Catchup = Catchup.LATEST
    deadline: int | None = field(default=None, metadata=_SECONDS)
    tolerance: int = field(default=0, metadata=_MINUTES)
    delivery: Delivery = Delivery.AT_LEAST_ONCE
    start: int | None = field(default=None, metadata=_MOMENT)
    end: int | None = field(default=None, metadata=_MOMENT)
    overlap: Overlap = Overlap.ALLOW
    timeout: int | None = field(default=None, metadata=_SECONDS)
    after: tuple[Upstream, ...] = field(default=(), metadata=_UPSTREAMS)
    follows: bool = False
    protect: bool = False
    description: str | None = None
    owner: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord(Policies):
    """One schedule, as the dispatcher needs it.

    Attributes:
        when: cron expressions and intervals; empty for a task.
        at: a task's one time, as an epoch minute.
        anchor: epoch minute; occurrences at or before it are none of this schedule's business. Set
            when the schedule first appears, changes its times or is resumed.
        app, function: the deployed Modal function, or ``Class.method``.
        code: of a code target, its function in the repository, ``jobs/rates.py::refresh``.
        tries: further tries that Modal itself makes of a run of a code target.
        resources: of its runs, in place of those of the deployed function: ``cpu`` in cores and
            ``memory`` in MiB (a number, or request and limit), ``gpu``, ``env``, ``secrets``
            (names, or names with ``keys``), ``volumes`` by mount path, ``region``.
        retries: tries after a run has failed; ``backoff`` seconds before the first of them, each
            wait ``factor`` times longer than the one before.
        suspended: why nothing runs, empty without a reason; None when not suspended.
        resumes: epoch minute from which it runs again by itself; None until a person resumes it.
        exclude: dates, ranges of dates and cron expressions at which it does not run, in its zone.
        alerts: which of its events are alerts, when that is not as for all.
        ping: what is asked for when a run of it starts and ends.
        formerly: earlier names, oldest first, each with the last epoch minute that it names.
            Occurrences up to then keep the old name, and with it their claims: what ran under the
            old name cannot run again under the new.
        dependants: the schedules that wait for this one, sorted. Its runs are supervised, so that
            their ends ask for a wake.
    """

    name: str
    app: str
    function: str
    anchor: int = field(metadata=_MOMENT)
    when: tuple[str, ...] = ()
    timezone: str = "UTC"
    at: int | None = field(default=None, metadata=_MOMENT)
    code: str = ""
    tries: int = 0
    resources: Mapping[str, Any] = field(default_factory=dict)
    suspended: str | None = None
    resumes: int | None = field(default=None, metadata=_MOMENT)
    exclude: tuple[str, ...] = ()
    retries: int = 0
    backoff: float = field(default=1.0, metadata=_SECONDS)
    factor: float = 2.0
    alerts: AlertRule | None = None
    ping: Address | None = None
    formerly: tuple[tuple[str, int], ...] = field(default=(), metadata=_FORMER)
    dependants: tuple[str, ...] = ()

    @property
    def supervised(self) -> bool:
        """Whether its runs need a supervisor: something waits for their ends, or may."""
        own = self.retries > 0 or self.timeout is not None
        return own or bool(self.dependants) or self.overlap is Overlap.QUEUE

    def supervises(self, occurrence: Occurrence) -> bool:
        """Whether a run of it has a supervisor: a person waits for one that was asked for."""
        return self.supervised or occurrence.is_rerun

    def is_suspended(self, at: int) -> bool:
        """Whether nothing runs at this epoch minute because it is suspended."""
        return self.suspended is not None and (self.resumes is None or at < self.resumes)

    @property
    def names(self) -> tuple[str, ...]:
        """All the names that its occurrences bear."""
        return (self.name, *(old for old, _last in self.formerly))

    def occurrence(self, at: int) -> Occurrence:
        """The occurrence of an epoch minute, under the name that it has or had."""
        name = next((old for old, last in self.formerly if at <= last), self.name)
        return Occurrence(name, at)

    def timetable(self) -> Timetable | None:
        """The recurring times, or None for a task.

        Raises:
            CronError, ZoneError: only if the record was not written by us.
        """
        return timetable_of(self.when, self.timezone) if self.when else None

    def check(self) -> None:
        """Read the texts of its times, as a wake does.

        Raises:
            CronError, ZoneError: it is not one of our records.
        """
        self.timetable()
        for text in self.exclude:
            if excluded_days(text) is None:
                timetable_of((text,), self.timezone)

    def to_json(self) -> dict[str, Any]:
        """The record as JSON; what has its default is left out."""
        data: dict[str, Any] = {}
        for name, default, codec in _FIELDS:
            value = getattr(self, name)
            if value != default:
                data[name] = codec.write(value)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back; a value of another type is refused.

        Raises:
            KeyError, TypeError, ValueError: it is not one of our records.
        """
        unknown = data.keys() - _CODECS.keys()
        if unknown:
            raise TypeError(f"it has an unknown field {min(unknown)}")
        return cls(**{name: _CODECS[name].read(value) for name, value in data.items()})


@lru_cache(maxsize=1024)
def excluded_days(text: str) -> tuple[date, date] | None:
    """The days that ``2026-12-24..2027-01-02`` or one date names; None for an expression."""
    first, _, last = text.partition("..")
    try:
        return date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        return None


def _codec(name: str, kind: Any) -> Codec:
    """How a value of this type stands in the file."""
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    first = get_origin(kinds[0]) or kinds[0]
    if first is tuple:
        return Codec(lambda value: tuple(map(_text, value)), list)
    if hasattr(first, "from_json"):
        return Codec(first.from_json, first.to_json)
    if issubclass(first, Enum):
        return Codec(first, _unchanged)
    accepted = tuple(_IN_JSON.get(get_origin(one) or one, one) for one in kinds)

    def read(value: Any) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
            raise TypeError(f"{name} is not what it should be")
        return value

    return Codec(read, _unchanged)


def _unchanged(value: Any) -> Any:
    return value


_IN_JSON: Final[Mapping[Any, Any]] = {Mapping: dict, float: int | float}
"""Types that JSON reads as others."""
UNITS: Final[Mapping[str, timedelta]] = {
    item.name: item.metadata["unit"] for item in fields(ScheduleRecord) if "unit" in item.metadata
}
"""The fields that are durations, and the unit in which each is counted."""
_TYPES: Final = get_type_hints(ScheduleRecord)
_CODECS: Final[Mapping[str, Codec]] = {
    item.name: item.metadata.get("codec") or _codec(item.name, _TYPES[item.name])
    for item in fields(ScheduleRecord)
}
_FIELDS: Final = tuple(
    (
        item.name,
        item.default if item.default_factory is MISSING else item.default_factory(),
        _CODECS[item.name],
    )
    for item in fields(ScheduleRecord)
)
"""Each field with its default, which is left out; none is equal to `MISSING`."""


def format_time_of_day(at: int) -> str:
    """Write a minute of the day as manifests do: ``09:00``."""
    return f"{at // 60:02}:{at % 60:02}"


def parse_time_of_day(text: str) -> int:
    """Read :func:`format_time_of_day` back.

    Raises:
        ValueError: it is not a time of the day.
    """
    hour, _, minute = text.partition(":")
    at = int(hour) * 60 + int(minute)
    if not 0 <= at < _DAY or format_time_of_day(at) != text:
        raise ValueError(f"{text!r} is not a time of the day: 09:00 is expected")
    return at
