"""What a manifest declares, as typed values: the input of everything that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from typing import TypeAlias

from reconciler.alerts import Address
from reconciler.cron import Expression, Timetable
from reconciler.manifest.alert_overrides import AlertOverrides
from reconciler.manifest.location import Location
from reconciler.policies import Catchup, Delivery, Overlap, pause_after

JSON: TypeAlias = bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"] | None


@dataclass(frozen=True, slots=True)
class FunctionTarget:
    """A function that somebody deployed to Modal.

    Args:
        app: name of the Modal app.
        function: name of the function, or `Class.method`.
    """

    app: str
    function: str

    def __str__(self) -> str:
        return f"{self.app}/{self.function}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What a code target's container holds: Python version, pip and apt packages."""

    python: str | None = None
    pip: tuple[str, ...] = ()
    apt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTarget:
    """A function in this repository that we deploy.

    Args:
        path: the Python file, relative to the repository, with forward slashes.
        function: name of the function in it.
        cpu: cores; None for Modal's default.
        memory: MiB; None for Modal's default.
        gpu: as Modal names it, e.g. `A10G` or `H100:2`.
        secrets: names of Modal secrets.
        volumes: mount path to the name of a Modal volume.
        env: environment variables.
    """

    path: str
    function: str
    image: Image = Image()
    cpu: float | None = None
    memory: int | None = None
    gpu: str | None = None
    secrets: tuple[str, ...] = ()
    volumes: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.path}::{self.function}"


@dataclass(frozen=True, slots=True)
class DateRange:
    """Whole days in the schedule's time zone, first and last included."""

    first: date
    last: date


Exclusion: TypeAlias = DateRange | Expression
"""Days, or the times of a cron expression in the schedule's zone, at which nothing runs."""


@dataclass(frozen=True, slots=True)
class Suspension:
    """The schedule stays declared and does not run.

    Args:
        until: when it runs again (aware UTC); None until somebody resumes it.
        reason: for people.
    """

    until: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a failed run is tried again, and how long after.

    Args:
        max: tries after the first.
        backoff: wait before the first of them.
        factor: by which each wait is longer than the one before.
    """

    max: int = 0
    backoff: timedelta = timedelta(seconds=1)
    factor: float = 2.0

    def longest(self, timeout: timedelta | None) -> timedelta:
        """How long all tries and the waits between them take at most, in whole seconds.

        Args:
            timeout: of one try; None when it is not known, and then the tries count nothing.
        """
        backoff = self.backoff.total_seconds()
        pauses = (pause_after(number, backoff, self.factor) for number in range(1, self.max + 1))
        running = (timeout or timedelta()) * (self.max + 1)
        return running + timedelta(seconds=ceil(sum(pauses)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One declared schedule, or a task when `times` is a single instant.

    Args:
        name: unique in the repository; also the name of its solo slot.
        times: when it occurs; an aware UTC datetime at a whole minute for a task.
        when: the text or texts from which `times` was read, as written; an interval of several
            days names the first time from which it is counted.
        timezone: IANA name in which they were read.
        args: keyword arguments. Strings may hold `${occurrence.id}` and `${occurrence.time}`, to be
            filled in for each occurrence, and `$${` for a literal `${`; they are kept as written.
        start, end: nothing runs before the first or from the second on (aware UTC).
        suspension: None when it runs.
        deadline: how late an occurrence may still start; None for no limit.
        tolerance: how late it may run as a matter of course, whole minutes.
        timeout: how long a run may take; None for the target's own limit.
        alerts: what it says of alarms over the settings; None when it says nothing.
        ping: what is asked for when a run starts and ends; None for nothing.
        protect: its deletion is refused.
        formerly: the names that it had before it was renamed, as the manifest lists them.
        environments: where it runs; empty for everywhere.
        location: where the manifest's document begins.
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
    suspension: Suspension | None = None
    overlap: Overlap = Overlap.ALLOW
    catchup: Catchup = Catchup.LATEST
    deadline: timedelta | None = None
    tolerance: timedelta = timedelta()
    delivery: Delivery = Delivery.AT_LEAST_ONCE
    retries: Retries = Retries()
    timeout: timedelta | None = None
    alerts: AlertOverrides | None = None
    ping: Address | None = None
    protect: bool = False
    formerly: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    description: str | None = None
    owner: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    location: Location
