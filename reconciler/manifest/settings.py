"""What `reconciler.yaml` settles for the repository, and for each of its environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from reconciler.alerts import Alerts
from reconciler.errors import ReconcileError
from reconciler.words import nearest_name

LOCAL = "local"
"""The environment on the embedded engine; it exists without being declared."""

LOCAL_MODAL = "main"
"""The Modal environment of the engine that `local` is: the one where `modal deploy` puts apps."""


class Packing(StrEnum):
    """How schedules beyond the budget share slots (DESIGN §7)."""

    ONE_POLLER = "one-poller"
    FEWEST_WAKES = "fewest-wakes"


class Resolution(StrEnum):
    """How often something wakes for tasks that programs create."""

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
    """More deletions than this in one plan are refused unless allowed by number.

    Args:
        percent: of the schedules that are live.
        least: this many are always allowed, however few schedules there are.
    """

    percent: int = 30
    least: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSettings:
    """The settings that hold in one environment, overrides applied.

    Args:
        name: as on the command line.
        modal: the Modal environment that it is.
        app: name of the app, Volume and Dict that we own.
        packing: how schedules beyond the budget share slots.
        crons: how many crons the plan of the workspace allows; None for no limit.
        reserve: how many of those stay free for others.
        punctuality: how late a wake may come for its newest occurrence to count as on time.
        deletes: how many deletions one plan may hold.
        history: how long runs are kept.
        tasks: how often something wakes for tasks that programs create; None for never.
        alerts: None when only the schedules say who is told.
        silent: nobody is told anything, whatever these and the schedules say.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentOverrides:
    """What one declared environment says for itself; None where it says nothing.

    `crons` and `alerts` are one-tuples when given, since None is one of their values.
    """

    modal: str | None = None
    app: str | None = None
    packing: Packing | None = None
    crons: tuple[int | None] | None = None
    reserve: int | None = None
    alerts: tuple[Alerts | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The repository's settings; the defaults hold when there is no `reconciler.yaml`.

    Args:
        schedules: folder of the manifests, relative to the repository, with forward slashes.
        environments: the declared ones by name; empty when any name may be given.
    """

    app: str = "schedule-reconciler"
    schedules: str = "schedules"
    packing: Packing = Packing.ONE_POLLER
    crons: int | None = 5
    reserve: int = 0
    punctuality: timedelta = timedelta(minutes=5)
    deletes: DeletionThreshold = DeletionThreshold()
    history: timedelta = timedelta(days=90)
    tasks: Resolution | None = None
    alerts: Alerts | None = None
    environments: Mapping[str, EnvironmentOverrides] = field(default_factory=dict)

    def environment(self, name: str) -> EnvironmentSettings:
        """What holds in the environment of that name.

        Without declared environments every name is one, and is Modal's environment of that name.
        `local` always exists, and is the engine's `main`. It is silent unless it has alerts of its
        own: what somebody tries on a laptop must wake nobody, nor need the Secrets with addresses.

        Raises:
            ReconcileError: environments are declared and this is none of them.
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
            silent=own.alerts == (None,) or (name == LOCAL and own.alerts is None),
        )

    def knows(self, name: str) -> bool:
        """Whether there is an environment of that name."""
        return not self.declared or name in self.declared or name == LOCAL

    @property
    def declared(self) -> frozenset[str]:
        """The environments beside which there is only `local`; none when every name is one.

        `local` exists without being declared, so settings for it alone exclude no other.
        """
        return frozenset(self.environments) - {LOCAL}


def shared_app(one: Settings, other: Settings) -> tuple[str, str | None] | None:
    """An app that both settings name in one Modal environment; None when there is none.

    Settings without declared environments name their app in every one. `local` is on an engine of
    its own.

    Returns:
        The app and the Modal environment; None in its place where it is any.
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
    """App and Modal environment of each environment that is declared."""
    every = [settings.environment(name) for name in sorted(settings.declared)]
    return [(environment.app, environment.modal) for environment in every]


def every_alerts(settings: Settings) -> tuple[Alerts, ...]:
    """All that is said of alerts, for the repository and for any environment."""
    said = (own.alerts[0] for own in settings.environments.values() if own.alerts is not None)
    return tuple(alerts for alerts in (settings.alerts, *said) if alerts is not None)


def unknown_environment(name: str, settings: Settings) -> str:
    """The remedy for a name that is none of the declared environments."""
    known = sorted({*settings.environments, LOCAL})
    near = nearest_name(name, known)
    meant = "" if near is None else f"did you mean `{near}`? "
    return f"{meant}declared in reconciler.yaml: {', '.join(known)}"
