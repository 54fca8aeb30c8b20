"""One schedule as the dispatcher needs it: a line of a generation's file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import lru_cache
from typing import Any, Final, Self

from reconciler.alerts import Address, AlertRule
from reconciler.cron import Timetable, timetable_of
from reconciler.model.occurrence import Occurrence, format_minute, parse_minute
from reconciler.model.upstream import Upstream
from reconciler.policies import Catchup, Delivery, Overlap


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord:
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
        args: keyword arguments of the call, JSON values.
        deadline: seconds that an occurrence may be late and still start.
        tolerance: minutes that an occurrence may be late and still count as in time.
        retries: tries after a run has failed; ``backoff`` seconds before the first of them, each
            wait ``factor`` times longer than the one before.
        timeout: seconds that one try may take; None for the target's own limit.
        suspended: why nothing runs, empty without a reason; None when not suspended.
        resumes: epoch minute from which it runs again by itself; None until a person resumes it.
        start, end: epoch minutes; nothing occurs before the first, or from the second on.
        exclude: dates, ranges of dates and cron expressions at which it does not run, in its zone.
        alerts: which of its events are alerts, when that is not as for all.
        ping: what is asked for when a run of it starts and ends.
        formerly: earlier names, oldest first, each with the last epoch minute that it names.
            Occurrences up to then keep the old name, and with it their claims: what ran under the
            old name cannot run again under the new.
        after: the schedules that it waits for, sorted by name.
        follows: it has no times of its own: ``when`` and ``timezone`` are those of its one
            upstream, and each occurrence of that one is also one of this schedule.
        dependants: the schedules that wait for this one, sorted. Its runs are supervised, so that
            their ends ask for a wake.
    """

    name: str
    app: str
    function: str
    anchor: int
    when: tuple[str, ...] = ()
    timezone: str = "UTC"
    at: int | None = None
    code: str = ""
    tries: int = 0
    resources: Mapping[str, Any] = field(default_factory=dict)
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
    after: tuple[Upstream, ...] = ()
    follows: bool = False
    dependants: tuple[str, ...] = ()
    protect: bool = False
    description: str | None = None
    owner: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

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
        """Look at each field that a wake works with.

        Raises:
            TypeError, CronError, ZoneError: it is not one of our records.
        """
        for name, kind in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise TypeError(f"{name} is not what it should be")
        for texts in (self.when, self.exclude, self.names, self.dependants):
            if not all(isinstance(text, str) for text in texts):
                raise TypeError("its times or names are not texts")
        self.timetable()
        for text in self.exclude:
            if excluded_days(text) is None:
                timetable_of((text,), self.timezone)

    def to_json(self) -> dict[str, Any]:
        """The record as JSON; what has its default is left out."""
        data: dict[str, Any] = {}
        for name, default in _DEFAULTS:
            value = getattr(self, name)
            if value is default:
                continue
            if name in _MINUTES:
                data[name] = format_minute(value)
            elif name in _PARTS:
                data[name] = value.to_json()
            elif name == "after":
                data[name] = {one.name: one.to_json() for one in value}
            elif name == "formerly" and value:
                data[name] = [[old, format_minute(last)] for old, last in value]
            elif name in _REQUIRED or value not in (default, {}):
                data[name] = list(value) if isinstance(value, tuple) else value
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
        values["after"] = tuple(
            Upstream.from_json(name, upstream)
            for name, upstream in sorted(values.get("after", {}).items())
        )
        values["dependants"] = tuple(values.get("dependants", ()))
        for name in _PARTS.keys() & values.keys():
            values[name] = _PARTS[name](values[name])
        values["overlap"] = Overlap(values.get("overlap", Overlap.ALLOW))
        values["catchup"] = Catchup(values.get("catchup", Catchup.LATEST))
        values["delivery"] = Delivery(values.get("delivery", Delivery.AT_LEAST_ONCE))
        return cls(**values)


@lru_cache(maxsize=1024)
def excluded_days(text: str) -> tuple[date, date] | None:
    """The days that ``2026-12-24..2027-01-02`` or one date names; None for an expression."""
    first, _, last = text.partition("..")
    try:
        return date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        return None


_KINDS: Final[Mapping[str, Any]] = {
    "name": str,
    "app": str,
    "function": str,
    "timezone": str,
    "code": str,
    "tries": int,
    "anchor": int,
    "args": dict,
    "resources": dict,
    "deadline": int | None,
    "tolerance": int,
    "suspended": str | None,
    "retries": int,
    "backoff": int | float,
    "factor": int | float,
    "timeout": int | None,
    "follows": bool,
    "protect": bool,
    "labels": dict,
}
"""The types of what is read as it stands."""
_DEFAULTS: Final = tuple((item.name, item.default) for item in fields(ScheduleRecord))
_MINUTES: Final = frozenset({"anchor", "at", "resumes", "start", "end"})
_REQUIRED: Final = frozenset({"name", "app", "function"})


_PARTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "alerts": AlertRule.from_json,
    "ping": Address.from_json,
}
"""Fields that are values of their own, and how they are read."""
