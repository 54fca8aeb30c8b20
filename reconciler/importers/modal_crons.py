"""The crons that other apps of the workspace carry in their code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from reconciler.deploy.ports import DeployedApp, DeployedFunction
from reconciler.importers.draft import Draft, Found, StillFiring, Untranslated

_PERIOD: Final = re.compile(r"every (?P<number>\d+) (?P<unit>day|hour|minute)s?")


def read_modal(apps: Iterable[DeployedApp], *, environment: str, own: str) -> Found:
    """What the apps of an environment carry.

    Args:
        environment: the Modal environment that schedules can call into.
        own: name of our app, whose crons are not somebody's.
    """
    return Found.of(
        item
        for app in apps
        if app.environment == environment and app.name != own
        for function in app.functions
        for item in _function(app.name, function)
    )


def _function(app: str, function: DeployedFunction) -> Iterator[Draft | Untranslated | StillFiring]:
    if function.cron is not None:
        cron = function.cron
        zone = "" if cron.timezone == "UTC" else f', timezone="{cron.timezone}"'
        yield _draft(app, function.name, cron.cron, cron.timezone)
        yield StillFiring(app, function.name, f'schedule=modal.Cron("{cron.cron}"{zone})')
    elif function.schedule is not None:
        period = _PERIOD.fullmatch(function.schedule)
        if period is None:
            reason = "is no whole number of minutes, hours or days; write the times anew"
            yield Untranslated(0, f"{app}/{function.name}: {function.schedule}", reason)
            return
        number, unit = period["number"], period["unit"]
        yield _draft(app, function.name, f"{number}{unit[0]}", "UTC")
        yield StillFiring(app, function.name, f"schedule=modal.Period({unit}s={number})")


def _draft(app: str, function: str, schedule: str, timezone: str) -> Draft:
    return Draft(
        line=0,
        name=function,
        schedule=(schedule,),
        timezone=timezone,
        function=f"{app}/{function}",
        origin=f"{schedule} in the code of {app}",
    )
