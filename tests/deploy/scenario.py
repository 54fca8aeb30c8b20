"""Applies over the in-memory workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from reconciler.deploy.apply import Step, apply, prepare
from reconciler.deploy.fakes import FakeApps, FakeCheckout, FakeFiles, FakeWorkers
from reconciler.deploy.lease import Holder
from reconciler.deploy.ports import DeployedApp, DeployedFunction, Workspace
from reconciler.dispatch.adapters.in_memory import FakeClaims, FakeClock
from reconciler.manifest import Schedule
from reconciler.model.pointer import POINTER_PATH, decode_pointer
from reconciler.plan import Plan
from tests.plan.scenario import TARGETS, desired

SOMEBODY = Holder(owner="somebody")


def target_apps() -> list[DeployedApp]:
    """The apps whose functions the tests' schedules call."""
    return [
        DeployedApp("production", app, tuple(map(DeployedFunction, sorted(functions))))
        for app, functions in TARGETS.items()
    ]


@dataclass
class World:
    """A workspace, and the people who apply to it."""

    apps: FakeApps = field(
        default_factory=lambda: FakeApps(environment="production", apps=target_apps())
    )
    files: FakeFiles = field(default_factory=FakeFiles)
    claims: FakeClaims = field(default_factory=FakeClaims)
    checkout: FakeCheckout = field(default_factory=FakeCheckout)
    workers: FakeWorkers = field(default_factory=FakeWorkers)
    environ: dict[str, str] = field(default_factory=dict)
    clock: FakeClock = field(
        default_factory=lambda: FakeClock(datetime(2026, 11, 20, 15, tzinfo=UTC))
    )

    def __post_init__(self) -> None:
        self.apps.files = self.files

    @property
    def workspace(self) -> Workspace:
        return Workspace(
            self.apps,
            self.files,
            self.claims,
            self.clock,
            self.checkout,
            environ=self.environ,
            workers=self.workers,
        )

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.clock.time += timedelta(**time)

    def plan(self, given: tuple[Schedule, ...], **settings: object) -> Plan:
        """Plan on what is live."""
        return asyncio.run(prepare(self.workspace, desired(given, **settings)))

    def apply(
        self,
        given: tuple[Schedule, ...],
        on_step: Callable[[Step], None] = lambda _: None,
        **settings: object,
    ) -> Plan:
        """Plan and apply."""
        plan = self.plan(given, **settings)
        self.carry_out(plan, on_step)
        return plan

    def carry_out(self, plan: Plan, on_step: Callable[[Step], None] = lambda _: None) -> None:
        """Apply a plan that was made before."""
        asyncio.run(apply(self.workspace, plan, SOMEBODY, on_step))

    def forget_owner(self) -> None:
        """Leave the app and the pointer as version 0.1.0 does, which knows no identity."""
        self.apps.apps = [
            replace(app, tags={key: tag for key, tag in app.tags.items() if key != "identity"})
            for app in self.apps.apps
        ]
        pointer = decode_pointer(self.files.files[POINTER_PATH])
        self.files.files[POINTER_PATH] = replace(pointer, identity=None).encode()

    def hold_elsewhere(self, crons: int) -> None:
        """Let somebody else's app hold crons."""
        functions = tuple(
            DeployedFunction(f"tick{number}", None, "0 * * * * (UTC)") for number in range(crons)
        )
        self.apps.apps.append(DeployedApp("main", "theirs", functions))
