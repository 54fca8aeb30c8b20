"""Plans over manifests written as a person writes them, and over what an apply left behind."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.cron import minute
from reconciler.manifest import Schedule, Settings, load_contents
from reconciler.model.generation import CRONLESS
from reconciler.model.pointer import Pointer
from reconciler.plan import (
    Actual,
    DeployedCron,
    Desired,
    Identity,
    OwnApp,
    Owner,
    Plan,
    make_plan,
)
from reconciler.plan.tags import VOLUME_TAG

NOW = minute(datetime(2026, 11, 20, 15, 0, tzinfo=UTC))
TARGETS = {"shop": frozenset({"sync", "check", "report", "Mailer.*"})}
DISPATCHER = "1.0-abc"
OWNER = Owner(identity=Identity("github.com/acme/jobs", "schedules"), names=("acme/jobs", "jobs"))


def schedules(text: str, settings: Settings | None = None) -> tuple[Schedule, ...]:
    """Read manifests; ``function`` may be left out."""
    documents = [
        document if "function:" in document else f"{document.rstrip()}\nfunction: shop/sync\n"
        for document in textwrap.dedent(text).strip().split("\n---\n")
    ]
    content = "\n---\n".join(documents).encode()
    return load_contents(
        [("schedules/all.yaml", content)], settings=settings or Settings()
    ).schedules


def hourly(*names: str) -> tuple[Schedule, ...]:
    """Schedules at different minutes of each hour."""
    if not names:
        return ()
    text = "\n---\n".join(
        f'name: {name}\nschedule: "{index % 60} * * * *"' for index, name in enumerate(names)
    )
    return schedules(text)


def desired(given: tuple[Schedule, ...], **settings: Any) -> Desired:
    """What git says, with settings that differ from the defaults."""
    return Desired(
        schedules=given,
        settings=replace(Settings().environment("production"), **settings),
        owner=OWNER,
        dispatcher=DISPATCHER,
        commit="c" * 40,
        dirty=False,
    )


def nothing(*foreign: DeployedCron) -> Actual:
    """A workspace to which nothing was ever applied."""
    return Actual(own=None, foreign=foreign, targets=TARGETS)


def after(plan: Plan) -> Actual:
    """What a finished apply of the plan leaves behind."""
    volume = plan.actual.volume or "vo-1"
    return replace(
        plan.actual,
        own=OwnApp(
            slots=plan.generation.slots,
            functions=tuple(sorted([*CRONLESS, *(slot.name for slot in plan.generation.slots)])),
            tags={**plan.tags, VOLUME_TAG: volume},
        ),
        volume=volume,
        protected=frozenset(plan.generation.protected),
        pointer=Pointer(
            generation=plan.generation.digest,
            commit=plan.desired.commit,
            dirty=False,
            by="somebody",
            at="2026-11-20T15:00:00Z",
            previous=None,
            number=plan.actual.number + 1,
            protected=plan.generation.protected,
            identity=str(plan.desired.owner.identity),
        ),
        number=plan.actual.number + 1,
        pointer_damage=None,
        live=plan.generation,
        live_damage=None,
        applied=None,
        lost=None,
    )


def applied(given: tuple[Schedule, ...], at: int = NOW, **settings: Any) -> Actual:
    """What is live after these schedules were applied."""
    return after(make_plan(desired(given, **settings), nothing(), at))


def foreign(*names: str) -> tuple[DeployedCron, ...]:
    """Crons that others hold."""
    return tuple(DeployedCron("main", "theirs", name, "0 * * * * (UTC)") for name in names)


def told(plan: Plan, *, drift: bool = False) -> list[tuple[str, str, str]]:
    """Action, kind and name of each change, or of each repair."""
    return [
        (change.action.value, change.kind.value, change.name)
        for change in (plan.drift if drift else plan.changes)
    ]
