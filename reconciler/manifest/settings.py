"""The settings of the repository and of each of its environments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from reconciler.alerts import Alerts
from reconciler.errors import ReconcileError
from reconciler.manifest.cloudflare_settings import CloudflareSettings
from reconciler.manifest.code_target import AS_MODAL, CodeOptions
from reconciler.manifest.web_settings import WebSettings
from reconciler.words import nearest_name

LOCAL = "local"
"""The environment on the embedded engine, which always exists."""

LOCAL_MODAL = "main"
"""The engine's Modal environment for `local`, to which `modal deploy` deploys by default."""

MANIFESTS_FOLDER = "schedules"
"""The default of `schedules`."""


class Packing(StrEnum):
    """How schedules share slots when the budget is too small for a slot each."""

    ONE_POLLER = "one-poller"
    FEWEST_WAKES = "fewest-wakes"


class Resolution(StrEnum):
    """How often a cron wakes for tasks."""

    MINUTE = "1m"
    TWO_MINUTES = "2m"
    FIVE_MINUTES = "5m"
    TEN_MINUTES = "10m"
    FIFTEEN_MINUTES = "15m"
    TWENTY_MINUTES = "20m"
    THIRTY_MINUTES = "30m"
    HOUR = "1h"


@dataclass(frozen=True, slots=True)
class DeletionThreshold:
    """A plan with more deletions than this is refused unless they are allowed by number.

    Args:
        percent: of the live schedules.
        least: this many are always allowed, for any number of schedules.
    """

    percent: int = 30
    least: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSettings:
    """The settings of one environment, with its overrides applied.

    Args:
        name: its name on the command line.
        modal: the name of its Modal environment.
        app: the name of our app, Volume and Dict.
        packing: how schedules share slots when the budget is too small for a slot each.
        crons: how many crons the Modal subscription allows; None for no limit.
        reserve: how many of these crons are left to other apps.
        punctuality: how late a wake may process an occurrence that still counts as on time.
        deletes: how many deletions one plan may contain.
        history: how long runs are kept.
        tasks: how often a cron wakes for tasks; None for never.
        alerts: None if only schedules name recipients.
        silent: no notification is sent, whatever settings and schedules declare.
        web: None where no web endpoint is deployed.
        cloudflare: None where no Worker on Cloudflare asks for wakes.
        defaults: what holds for each code target that does not say otherwise.
    """

    name: str
    modal: str
    app: str
    packing: Packing
    crons: int | None
    reserve: int
    punctuality: timedelta
    deletes: DeletionThreshold
    history: timedelta = timedelta(days=90)
    tasks: Resolution | None = None
    alerts: Alerts | None = None
    silent: bool = False
    web: WebSettings | None = None
    cloudflare: CloudflareSettings | None = None
    defaults: CodeOptions = AS_MODAL


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentOverrides:
    """The overrides of one declared environment; None where there is none.

    An override of `crons`, `alerts`, `web` or `cloudflare` is a one-tuple, because None is a value
    of these settings.
    """

    modal: str | None = None
    app: str | None = None
    packing: Packing | None = None
    crons: tuple[int | None] | None = None
    reserve: int | None = None
    alerts: tuple[Alerts | None] | None = None
    web: tuple[WebSettings | None] | None = None
    cloudflare: tuple[CloudflareSettings | None] | None = None
    defaults: CodeOptions = AS_MODAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a repository; the defaults if there is no `reconciler.yaml`.

    Args:
        schedules: folder of the manifests, relative to the repository, with forward slashes.
        defaults: what holds for each code target that does not say otherwise.
        from_env: the variables of an apply's environment that secrets of code targets may take.
        environments: the declared environments by name; if empty, any name is allowed.
    """

    app: str = "schedule-reconciler"
    schedules: str = MANIFESTS_FOLDER
    packing: Packing = Packing.ONE_POLLER
    crons: int | None = 5
    reserve: int = 0
    punctuality: timedelta = timedelta(minutes=5)
    deletes: DeletionThreshold = DeletionThreshold()
    history: timedelta = timedelta(days=90)
    tasks: Resolution | None = None
    alerts: Alerts | None = None
    web: WebSettings | None = None
    cloudflare: CloudflareSettings | None = None
    defaults: CodeOptions = AS_MODAL
    from_env: tuple[str, ...] = ()
    environments: Mapping[str, EnvironmentOverrides] = field(default_factory=dict)

    def environment(self, name: str) -> EnvironmentSettings:
        """The settings of the environment of this name.

        If no environment is declared, every name is the Modal environment of that name. `local`
        always exists: it is `main` on the embedded engine. It sends no notifications unless it has
        alerts of its own, so that a trial on a laptop pages no one and needs no Secrets. Cloudflare
        cannot reach it, so no Worker is deployed for it unless its own overrides declare one.

        Raises:
            ReconcileError: environments are declared, but not this one.
        """
        own = self.environments.get(name, EnvironmentOverrides())
        if not self.knows(name):
            raise ReconcileError(
                f"there is no environment `{name}`", remedy=unknown_environment(name, self)
            )
        return EnvironmentSettings(
            name=name,
            modal=own.modal or (LOCAL_MODAL if name == LOCAL else name),
            app=own.app or self.app,
            packing=own.packing or self.packing,
            crons=self.crons if own.crons is None else own.crons[0],
            reserve=self.reserve if own.reserve is None else own.reserve,
            punctuality=self.punctuality,
            deletes=self.deletes,
            history=self.history,
            tasks=self.tasks,
            alerts=self.alerts if own.alerts is None else own.alerts[0],
            defaults=own.defaults.over(self.defaults),
            silent=own.alerts == (None,) or (name == LOCAL and own.alerts is None),
            web=self.web if own.web is None else own.web[0],
            cloudflare=self._cloudflare(name, own),
        )

    def _cloudflare(self, name: str, own: EnvironmentOverrides) -> CloudflareSettings | None:
        """The Worker of an environment, with its name."""
        usual = None if name == LOCAL else self.cloudflare
        found = usual if own.cloudflare is None else own.cloudflare[0]
        if found is None or found.worker is not None:
            return found
        return replace(found, worker=worker_name(own.app or self.app, name))

    def knows(self, name: str) -> bool:
        """Whether there is an environment of that name."""
        return not self.declared or name in self.declared or name == LOCAL

    @property
    def declared(self) -> frozenset[str]:
        """The declared environments without `local`; if empty, every name is allowed.

        `local` exists without being declared, so overrides for it alone exclude no other name.
        """
        return frozenset(self.environments) - {LOCAL}


DEFAULTS: Final = Settings()
"""The settings of a repository without `reconciler.yaml`."""


def shared_app(one: Settings, other: Settings) -> tuple[str, str | None] | None:
    """An app that both settings name in one Modal environment; None if there is none.

    Settings without declared environments use their app in every environment. `local` is on the
    embedded engine and does not count.

    Returns:
        The app and the Modal environment; the latter is None if it is any environment.
    """
    if not one.declared and not other.declared:
        return (one.app, None) if one.app == other.app else None
    if not one.declared or not other.declared:
        everywhere, declares = (other, one) if one.declared else (one, other)
        apps = _apps(declares)
        return next((found for found in apps if found[0] == everywhere.app), None)
    common = set(_apps(other))
    return next((found for found in _apps(one) if found in common), None)


def _apps(settings: Settings) -> list[tuple[str, str]]:
    """App and Modal environment of each declared environment."""
    every = [settings.environment(name) for name in sorted(settings.declared)]
    return [(environment.app, environment.modal) for environment in every]


def every_alerts(settings: Settings) -> tuple[Alerts, ...]:
    """The alerts of the repository and of each environment that overrides them."""
    overrides = (own.alerts[0] for own in settings.environments.values() if own.alerts is not None)
    return tuple(alerts for alerts in (settings.alerts, *overrides) if alerts is not None)


def worker_name(app: str, environment: str) -> str:
    """The name of the Worker where settings give none, as Cloudflare accepts it."""
    return re.sub(r"[^a-z0-9]+", "-", f"{app}-{environment}".lower()).strip("-")[:50].rstrip("-")


def unknown_environment(name: str, settings: Settings) -> str:
    """The remedy for a name that is not among the declared environments."""
    known = sorted({*settings.environments, LOCAL})
    near = nearest_name(name, known)
    meant = "" if near is None else f"did you mean `{near}`? "
    return f"{meant}declared in reconciler.yaml: {', '.join(known)}"
