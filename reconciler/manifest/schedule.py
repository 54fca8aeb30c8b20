"""A declared schedule, as typed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

from reconciler.alerts import Address
from reconciler.cron import Expression, Timetable
from reconciler.manifest.alert_overrides import AlertOverrides
from reconciler.manifest.calendar import Calendar, DateRange
from reconciler.manifest.code_target import CodeTarget
from reconciler.manifest.location import Location
from reconciler.manifest.retries import NO_RETRIES, Retries
from reconciler.model.schedule_record import Policies

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
class Schedule(Policies):
    """One declared schedule, or a task when `times` is a single instant.

    What the dispatcher reads as it stands is among the policies; the fields here say something
    else in git than on Modal, or nothing there.

    Args:
        name: unique in the repository; also the name of its solo slot.
        times: its timetable; for a task, an aware UTC datetime at a whole minute.
        when: the texts of `schedule` or `at`, as written; to an interval of several days the time
            from which it is counted is added. Of one that `follows` both are those of its one
            upstream, and the zone too, once all manifests are known.
        timezone: the IANA name of the zone of these texts.
        calendars: whose days are excluded too.
        suspension: None while it runs.
        alerts: its overrides of the settings' alerts; None for none.
        ping: the address that is requested when a run starts and ends; None for none.
        formerly: its earlier names, as the manifest lists them.
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
    exclude: tuple[Exclusion, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    suspension: Suspension | None = None
    retries: Retries = NO_RETRIES
    alerts: AlertOverrides | None = None
    ping: Address | None = None
    formerly: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    allow: Mapping[str, Allowance] = field(default_factory=dict)
    location: Location
    target_location: Location | None = None
    key_locations: Mapping[str, Location] = field(default_factory=dict)
