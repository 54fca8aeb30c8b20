"""The second check: what a schema cannot express. It makes the typed schedule.

It checks cron expressions, time zones, dates, and the environments that the settings declare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from reconciler.cron import (
    CronError,
    Timetable,
    ZoneError,
    counted_from,
    instant,
    minute,
    parse,
    parse_times,
    timetable_of,
    tzinfo_named,
    zone_named,
)
from reconciler.durations import format_duration, parse_duration
from reconciler.manifest.after_form import UpstreamForm
from reconciler.manifest.alert_overrides import AlertOverrides, overrides, ping_address
from reconciler.manifest.calendar import Calendar, CalendarFile, DateRange, PublicHolidays
from reconciler.manifest.code_form import FromEnvForm, SecretForm
from reconciler.manifest.code_semantics import (
    LIST_IT,
    RESERVED_PREFIXES,
    code_faults,
    not_listed,
    path_faults,
    read_options,
    read_resources,
    read_retries,
    resource_faults,
)
from reconciler.manifest.code_target import AS_MODAL, CodeTarget
from reconciler.manifest.exclude_form import CalendarForm, HolidaysForm
from reconciler.manifest.fault import Fault, Path
from reconciler.manifest.location import Location
from reconciler.manifest.manifest_form import ManifestForm, RetriesForm, SuspendForm
from reconciler.manifest.moment import (
    MomentError,
    parse_day,
    parse_day_or_moment,
    parse_moment,
)
from reconciler.manifest.placeholder import unknown_placeholders
from reconciler.manifest.retries import NO_RETRIES, Retries
from reconciler.manifest.schedule import (
    Allowance,
    Exclusion,
    FunctionTarget,
    Schedule,
    Suspension,
)
from reconciler.manifest.settings import LOCAL, Settings, every_alerts, unknown_environment
from reconciler.model.schedule_record import (
    EPOCH_MINUTE,
    UNITS,
    WITHIN,
    Policies,
    Upstream,
    parse_time_of_day,
)
from reconciler.policies import LONGEST_RUN, NO_ARGUMENT

T = TypeVar("T")

LONGEST_WITHIN = timedelta(days=31)
"""How far back an upstream's occurrence may lie: the history of a longer time is slow to read."""
_UNKNOWN = Timetable((parse("* * * * *"),), "UTC")
"""In place of the times of an upstream, until all manifests are read."""
LONGEST_TOLERANCE = timedelta(hours=24)
"""A longer tolerance would move an occurrence to another day."""


def read(
    form: ManifestForm, location: Location, settings: Settings, target: Location | None = None
) -> Schedule | list[Fault]:
    """The schedule that a valid form declares, or all its faults.

    Args:
        location: the position of its document.
        target: that of its `function` or `code`.
    """
    reading = _ManifestReader(form)
    schedule = reading.schedule(location, target)
    reading.check_environments(settings)
    reading.check_recipients(settings)
    reading.check_variables(settings)
    if schedule is None or reading.faults:
        return reading.faults
    return schedule


class _ManifestReader:
    """Reads one manifest and collects its faults."""

    def __init__(self, form: ManifestForm) -> None:
        self.faults: list[Fault] = []
        self._form = form
        self._zone = self._attempt(("timezone",), _zone, form.timezone or "UTC")

    def schedule(self, location: Location, target_location: Location | None) -> Schedule | None:
        form = self._form
        policies = self._policies()
        when = self._when(policies.get("start"))
        follows = form.after is not None and form.schedule is None
        times = _UNKNOWN if follows else self._times(when)
        if "start" in policies and "end" in policies and policies["end"] <= policies["start"]:
            self._fault(("end",), "`end` must be later than `start`")
        args = form.args or {}
        self.faults.extend(unknown_placeholders(args, ("args",)))
        if NO_ARGUMENT in args:
            self._fault(
                ("args", NO_ARGUMENT),
                f"an argument cannot be named `{NO_ARGUMENT}`: Modal's client reserves that name",
                "rename it",
                at_key=True,
            )
        exclude = self._exclude()
        suspension = self._suspension()
        target = self._target()
        retries = self._retries()
        timeout = None if form.timeout is None else parse_duration(form.timeout)
        if timeout is not None and timeout > LONGEST_RUN:
            self._fault(("timeout",), "`timeout` must be at most 24h, Modal's own limit")
        elif isinstance(target, FunctionTarget):
            self._check_tries(retries, timeout)
        self._check_tolerance()
        formerly = _texts(form.formerly)
        if form.name in formerly:
            at = (formerly.index(form.name),) if isinstance(form.formerly, list) else ()
            self._fault(("formerly", *at), "`formerly` must not contain the current `name`")
        if times is None:
            return None
        return Schedule(
            name=form.name,
            times=times,
            when=() if follows else tuple(when.values()) or (form.at or "",),
            timezone=form.timezone or "UTC",
            target=target,
            exclude=exclude,
            calendars=_calendars(form),
            suspension=suspension,
            retries=retries,
            alerts=self._alerts(),
            ping=None if form.ping is None else ping_address(form.ping),
            formerly=formerly,
            environments=tuple(form.environments or ()),
            allow=self._allow(),
            location=location,
            target_location=target_location,
            **policies | {"follows": follows},
        )

    def _policies(self) -> dict[str, Any]:
        """The policies of which the form has the keys, as a record holds them."""
        found: dict[str, Any] = {}
        for item in fields(Policies):
            path = (item.name,)
            value = getattr(self._form, item.name, None)
            if value is None:
                continue
            if item.metadata.get("codec") is EPOCH_MINUTE:
                moment = self._moment(path, value)
                value = None if moment is None else minute(moment)
            elif item.name in UNITS:
                value = round((self._duration(path, value) or timedelta()) / UNITS[item.name])
            elif item.name == "after":
                value = self._after()
            if value is not None:
                found[item.name] = value
        return found

    def _after(self) -> tuple[Upstream, ...]:
        """The upstreams, by the names that the manifest gives."""
        form = self._form
        if form.after is None:
            return ()
        written = {form.after: UpstreamForm()} if isinstance(form.after, str) else form.after
        follows = form.schedule is None
        if follows and len(written) > 1:
            self._fault(
                ("after",),
                "without `schedule`, `after` names exactly one schedule",
                "add `schedule`, which says for which of their occurrences it waits",
            )
        if follows and form.timezone is not None:
            self._fault(
                ("timezone",),
                "without `schedule`, the zone is that of the schedule in `after`",
                "remove it",
                at_key=True,
            )
        return tuple(
            Upstream(
                name,
                self._within(name, one, follows=follows),
                one.on,
                None if one.by is None else parse_time_of_day(one.by),
            )
            for name, one in sorted(written.items())
        )

    def _within(self, name: str, upstream: UpstreamForm, *, follows: bool) -> int:
        path = ("after", name, "within")
        within = self._duration(path, upstream.within)
        if within is None:
            return 1 if follows else WITHIN
        if follows:
            self._fault(path, "`within` is allowed with `schedule` only", "remove it", at_key=True)
        if within % timedelta(minutes=1):
            self._fault(path, "`within` must be whole minutes: crons have no seconds")
        if within > LONGEST_WITHIN:
            self._fault(path, "`within` must be at most 31d")
        return max(1, within // timedelta(minutes=1))

    def _check_tries(self, retries: Retries, timeout: timedelta | None) -> None:
        """All attempts must fit into one call, the one that supervises the run."""
        if not retries.max:
            return
        longest = retries.longest(timeout)
        if longest <= LONGEST_RUN:
            return
        each = f" of up to {format_duration(timeout)}" if timeout is not None else ""
        self._fault(
            ("retries",),
            f"{retries.max + 1} attempts{each} and the pauses between them may take "
            f"{format_duration(longest)}: they must fit into 24h, Modal's own limit",
            "use fewer `retries`, a shorter `backoff`, or a shorter `timeout`",
        )

    def _check_tolerance(self) -> None:
        if self._form.tolerance is None:
            return
        tolerance = parse_duration(self._form.tolerance)
        deadline = self._form.deadline
        if tolerance % timedelta(minutes=1):
            self._fault(("tolerance",), "`tolerance` must be whole minutes: crons have no seconds")
        if tolerance > LONGEST_TOLERANCE:
            self._fault(("tolerance",), "`tolerance` must be at most 24h")
        if deadline is not None and tolerance > parse_duration(deadline):
            self._fault(
                ("tolerance",),
                "`tolerance` must not be longer than `deadline`: occurrences would miss it",
            )

    def check_environments(self, settings: Settings) -> None:
        """Check `environments` against the settings, if these declare any."""
        if not settings.declared:
            return
        for index, name in enumerate(self._form.environments or ()):
            if name not in settings.declared and name != LOCAL:
                self._fault(
                    ("environments", index),
                    f"there is no environment `{name}`",
                    unknown_environment(name, settings),
                )

    def check_recipients(self, settings: Settings) -> None:
        """Refuse alerts that have a recipient in no environment."""
        asked = self._alerts()
        if asked is not None and asked.to is None and not every_alerts(settings):
            self._fault(
                ("alerts",),
                "`alerts` has no recipient",
                "add `to`, here or to `alerts` in reconciler.yaml",
                at_key=True,
            )

        for name, one in self._form.after.items() if isinstance(self._form.after, dict) else ():
            own = asked.to if asked is not None else None
            if one.by is not None and not own and not every_alerts(settings):
                self._fault(
                    ("after", name, "by"),
                    "`by` is the time of an alert, and there is no recipient",
                    "add `alerts` with `to`, here or in reconciler.yaml",
                    at_key=True,
                )

    def check_variables(self, settings: Settings) -> None:
        """Refuse secrets that take a variable of the apply which the settings do not list."""
        for index, secret in enumerate(self._form.secrets or ()):
            for place, name in enumerate(_taken(secret)):
                if name not in settings.from_env and not name.startswith(RESERVED_PREFIXES):
                    path: Path = ("secrets", index, "from_env", place)
                    self._fault(path, not_listed(name), LIST_IT)

    def _alerts(self) -> AlertOverrides | None:
        return None if self._form.alerts is None else overrides(self._form.alerts)

    def _when(self, start: int | None) -> dict[Path, str]:
        """The texts of `schedule` by path; with `start` added to intervals of several days."""
        form = self._form
        found: dict[Path, str] = {}
        first = None if start is None else self._first(start)
        if form.start is not None and first is None:
            first = datetime.fromisoformat("2000-01-01")  # the invalid `start` is reported already
        for index, text in enumerate(_texts(form.schedule)):
            path: Path = ("schedule", index) if isinstance(form.schedule, list) else ("schedule",)
            counted = self._attempt(path, partial(counted_from, first=first), text)
            if counted is not None:
                found[path] = counted
        return found

    def _first(self, start: int) -> datetime:
        """The local time of `start`; of a date its midnight, even if a clock change skips it."""
        written = self._form.start or ""
        if len(written) == len("2026-12-02"):
            return datetime.fromisoformat(written)
        return instant(start).astimezone(tzinfo_named(self._zone or "UTC")).replace(tzinfo=None)

    def _times(self, when: Mapping[Path, str]) -> Timetable | datetime | None:
        form = self._form
        if form.at is not None:
            return self._moment(("at",), form.at, parse_moment)
        if self._zone is not None and when:
            with suppress(CronError):
                return timetable_of(tuple(when.values()), self._zone)
        for path, text in when.items():  # each is refused where it stands
            self._attempt(path, parse_times, text)
        return None

    def _moment(
        self,
        path: Path,
        text: str | None,
        parser: Callable[[str, str | None], datetime] = parse_day_or_moment,
    ) -> datetime | None:
        if text is None or self._zone is None:
            return None
        return self._attempt(path, parser, text, self._form.timezone)

    def _duration(self, path: Path, text: str | None) -> timedelta | None:
        if text is None:
            return None
        duration = parse_duration(text)
        if not duration:
            written = ".".join(map(str, path))
            self._fault(path, f"`{written}` must be longer than zero", "remove it")
        return duration

    def _exclude(self) -> tuple[Exclusion, ...]:
        found = (
            self._attempt(("exclude", index), _exclusion, item)
            for index, item in enumerate(self._form.exclude or ())
            if isinstance(item, str)
        )
        return tuple(exclusion for exclusion in found if exclusion is not None)

    def _allow(self) -> dict[str, Allowance]:
        found: dict[str, Allowance] = {}
        for rule, allowance in (self._form.allow or {}).items():
            until = self._attempt(("allow", rule, "until"), parse_day, allowance.until)
            if until is not None:
                found[rule] = Allowance(allowance.reason, until)
        return found

    def _suspension(self) -> Suspension | None:
        suspend = self._form.suspend
        if isinstance(suspend, SuspendForm):
            until = self._moment(("suspend", "until"), suspend.until)
            return Suspension(until, suspend.reason)
        return Suspension() if suspend else None

    def _retries(self) -> Retries:
        retries = self._form.retries
        if isinstance(retries, RetriesForm):
            self._duration(("retries", "backoff"), retries.backoff)
        return read_retries(retries) or NO_RETRIES

    def _target(self) -> FunctionTarget | CodeTarget:
        form = self._form
        if form.function is not None:
            app, _, function = form.function.partition("/")
            faults = list(resource_faults(form.resources, ("resources",)))
            self.faults.extend(faults)
            resources = {} if faults else read_resources(form.resources)
            return FunctionTarget(app, function, resources)
        path, _, function = (form.code or "").partition("::")
        self.faults.extend(path_faults(path, ("code",), "code"))
        faults = list(code_faults(form))
        self.faults.extend(faults)
        options = AS_MODAL if faults else read_options(form)
        return CodeTarget(path=path, function=function, options=options)

    def _attempt(self, path: Path, parser: Callable[..., T], *given: str | None) -> T | None:
        try:
            return parser(*given)
        except CronError as error:
            remedy = f"did you mean `{error.suggestion}`?" if error.suggestion else None
            self._fault(path, error.message, remedy, offset=error.start)
        except ZoneError as error:
            near = " or ".join(f"`{zone}`" for zone in error.suggestions)
            self._fault(path, error.what, f"did you mean {near}?" if near else None)
        except MomentError as error:
            self._fault(path, error.message, error.remedy)
        return None

    def _fault(
        self,
        path: Path,
        message: str,
        remedy: str | None = None,
        *,
        offset: int | None = None,
        at_key: bool = False,
    ) -> None:
        fault = Fault(path=path, message=message, remedy=remedy, offset=offset, at_key=at_key)
        self.faults.append(fault)


def _taken(secret: str | SecretForm | FromEnvForm) -> list[str]:
    return secret.from_env if isinstance(secret, FromEnvForm) else []


def _texts(written: str | list[str] | None) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written or ())


def _zone(name: str) -> str:
    zone_named(name)
    return name


def _calendars(form: ManifestForm) -> tuple[Calendar, ...]:
    found = []
    for index, item in enumerate(form.exclude or ()):
        if isinstance(item, CalendarForm):
            found.append(Calendar(CalendarFile(item.calendar), index))
        elif isinstance(item, HolidaysForm):
            place = item.holidays
            found.append(Calendar(PublicHolidays(place.country, place.subdivision), index))
    return tuple(found)


def _exclusion(text: str) -> Exclusion:
    first, between, last = text.partition("..")
    if between:
        days = DateRange(parse_day(first.strip()), parse_day(last.strip()))
        if days.last < days.first:
            raise MomentError(f"`{text}` ends before it begins", "swap the two dates")
        return days
    if text.count("-") == 2 and " " not in text.strip():
        day = parse_day(text.strip())
        return DateRange(day, day)
    return parse(text)
