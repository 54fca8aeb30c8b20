"""The crons and periods in the code of deployed Modal apps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from reconciler.deploy.ports import DeployedApp, DeployedFunction
from reconciler.importers.clock_rules import MODAL, ClockRule
from reconciler.importers.dialects import is_unclear
from reconciler.importers.draft import Draft, ImportedFile, Remark, RemarkKind, StillFiring

_PERIOD: Final = re.compile(r"every (?P<number>\d+) (?P<unit>week|day|hour|minute)s?")
_UNCLEAR: Final = (
    "Modal does not document how it reads `*` in one day field beside the other: compare the times "
    "of `reconcile next` with its runs"
)


def read_modal(apps: Iterable[DeployedApp], *, environment: str, own: str) -> ImportedFile:
    """The schedules in the code of an environment's apps.

    Args:
        environment: the Modal environment that schedules can call into.
        own: name of our app, whose crons are our own.
    """
    return ImportedFile.of(
        item
        for app in apps
        if app.environment == environment and app.name != own
        for function in app.functions
        for item in _function(app.name, function)
    )


def _function(app: str, function: DeployedFunction) -> Iterator[Draft | Remark | StillFiring]:
    target = f"{app}/{function.name}"
    if function.cron is not None:
        cron = function.cron
        zone = "" if cron.timezone == "UTC" else f', timezone="{cron.timezone}"'
        if is_unclear(cron.cron):
            yield Remark(0, f"{target}: {cron.cron}", _UNCLEAR, RemarkKind.DIFFERS)
        yield _draft(app, function.name, cron.cron, cron.timezone, MODAL)
        yield StillFiring(app, function.name, f'schedule=modal.Cron("{cron.cron}"{zone})')
    elif function.schedule is not None:
        period = _PERIOD.fullmatch(function.schedule)
        if period is None:
            reason = "not a whole number of minutes, hours, days or weeks: write a manifest"
            yield Remark(0, f"{target}: {function.schedule}", reason)
            return
        number, unit = period["number"], period["unit"]
        schedule = "@weekly" if (number, unit) == ("1", "week") else f"{number}{unit[0]}"
        argument = f"schedule=modal.Period({unit}s={number})"
        every = timedelta(**{f"{unit}s": int(number)})
        if schedule != "@weekly" and every > timedelta(days=1) and not every % timedelta(days=1):
            reason = (
                f"Modal counts from each deploy: write a manifest with `schedule: {schedule}`, and "
                "the day of its first run as `start`"
            )
            yield Remark(0, f"{target}: {argument}", reason)
            return
        reason = (
            f"Modal counts from each deploy; `{schedule}` runs at fixed times of the clock in UTC"
        )
        yield Remark(0, f"{target}: {argument}", reason, RemarkKind.DIFFERS)
        yield _draft(app, function.name, schedule, "UTC")
        yield StillFiring(app, function.name, argument)


def _draft(
    app: str, function: str, schedule: str, timezone: str, clock: ClockRule | None = None
) -> Draft:
    return Draft(
        line=0,
        name=function,
        schedule=(schedule,),
        timezone=timezone,
        function=f"{app}/{function}",
        origin=f"{schedule} in the code of {app}",
        clock=clock,
    )
