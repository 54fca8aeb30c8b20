"""A declared schedule, as typed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeAlias

from reconciler.alerts import Address
from reconciler.cron import Expression, Timetable
from reconciler.manifest.alert_overrides import AlertOverrides
from reconciler.manifest.calendar import Calendar, DateRange
from reconciler.manifest.code_target import CodeTarget
from reconciler.manifest.location import Location
from reconciler.manifest.retries import NO_RETRIES, Retries
from reconciler.model.upstream import Upstream
from reconciler.policies import Catchup, Delivery, Overlap

JSON: TypeAlias = bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"] | None


@dataclass(frozen=True, slots=True)
class FunctionTarget:
    """A function deployed to Modal independently of this repository.

    Args:
        app: name of the Modal app.
        function: name of the function, or `Class.method`.
        resources: of this schedule's runs, in place of the function's own; see
            ``code_semantics.read_resources``.
    """

    app: str
    function: str
    resources: Mapping[str, JSON] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.app}/{self.function}"


Exclusion: TypeAlias = DateRange | Expression
"""Days, or the times of a cron expression in the schedule's zone, at which nothing runs."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """An exception from a rule.

    Args:
        until: the last day on which it holds, in UTC.
    """

    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Suspension:
    """The schedule stays declared and does not run.

    Args:
        until: when it runs again (aware UTC); None for no end.
        reason: for people.
    """

    until: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One declared schedule, or a task when `times` is a single instant.

    Args:
        name: unique in the repository; also the name of its solo slot.
        times: its timetable; for a task, an aware UTC datetime at a whole minute.
        when: the texts of `schedule` or `at`, as written; to an interval of several days the time
            from which it is counted is added.
        timezone: the IANA name of the zone of these texts.
        args: keyword arguments. Strings may contain `${occurrence.id}`, `${occurrence.time}` and
            `${run.id}`, which a wake fills in, and `$${` for a literal `${`; they are kept as
            written.
        start, end: nothing runs before `start`, nor from `end` on (aware UTC).
        calendars: whose days are excluded too.
        suspension: None while it runs.
        deadline: how late an occurrence may still start; None for no limit.
        tolerance: how much later than its nominal time it may run, whole minutes.
        timeout: how long a run may take; None for the target's own limit.
        alerts: its overrides of the settings' alerts; None for none.
        ping: the address that is requested when a run starts and ends; None for none.
        protect: its deletion is refused.
        formerly: its earlier names, as the manifest lists them.
        after: the schedules that it waits for, sorted by name.
        follows: it has no times of its own: `times`, `when` and `timezone` are those of its one
            upstream, once all manifests are known.
        environments: where it runs; empty for all.
        allow: its exceptions from rules, by the rule's id.
        location: the position of the manifest's document.
        target_location: that of its `function` or `code`; None where it is not known.
        key_locations: of keys of a code target that what Modal has may be at odds with.
    """

    name: str
    times: Timetable | datetime
    when: tuple[str, ...]
    timezone: str = "UTC"
    target: FunctionTarget | CodeTarget
    args: Mapping[str, JSON] = field(default_factory=dict)
    start: datetime | None = None
    end: datetime | None = None
    exclude: tuple[Exclusion, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    suspension: Suspension | None = None
    overlap: Overlap = Overlap.ALLOW
    catchup: Catchup = Catchup.LATEST
    deadline: timedelta | None = None
    tolerance: timedelta = timedelta()
    delivery: Delivery = Delivery.AT_LEAST_ONCE
    retries: Retries = NO_RETRIES
    timeout: timedelta | None = None
    alerts: AlertOverrides | None = None
    ping: Address | None = None
    protect: bool = False
    formerly: tuple[str, ...] = ()
    after: tuple[Upstream, ...] = ()
    follows: bool = False
    environments: tuple[str, ...] = ()
    description: str | None = None
    owner: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    allow: Mapping[str, Allowance] = field(default_factory=dict)
    location: Location
    target_location: Location | None = None
    key_locations: Mapping[str, Location] = field(default_factory=dict)
