"""A project whose commands start at once, with faults on order, and what should have run in it."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import reconciler
from tests.end_to_end.project import Done, Project
from tests.engine_fixture import until
from tests.faults.recorded import Recorded
from tests.forked import Forked

OWN_APP = "schedule-reconciler"
NO_ALARMS = "failures: false, missed: false, overdue: false"
Schedules = Mapping[str, str]
"""Names of hourly schedules, and what else their manifests say."""


@dataclass
class Rig:
    """See the module.

    Attributes:
        app: that is applied to.
        now: the hour that was last woken for.
        due: marks that must be left, once each.
        maybe: marks that may be.
    """

    project: Project
    commands: Forked
    app: str = OWN_APP
    now: datetime = datetime(2036, 12, 1, tzinfo=UTC)
    due: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)

    def use(self, app: str) -> None:
        """Apply to an app of this name from now on."""
        self.app = app
        (self.project.root / "reconciler.yaml").write_text(f"app: {app}\n")

    def tell_locally(self, alerts: str) -> None:
        """Alarms and pings are silent in `local` unless it has alerts of its own."""
        settings = f"environments: {{local: {{alerts: {{{alerts}}}}}}}\n"
        (self.project.root / "reconciler.yaml").write_text(settings)

    def declare(self, schedules: Schedules) -> None:
        """Write the manifests."""
        documents = [
            f'name: {name}\nschedule: "0 * * * *"\nfunction: shop/sync\n'
            f'args: {{occurrence: "{self.app} ${{occurrence.id}}"}}\n{more}\n'
            for name, more in schedules.items()
        ]
        self.project.write("all.yaml", "---\n".join(documents))

    def applied(self) -> Done:
        """Apply, which has to go well."""
        done = self.commands.reconcile("--yes")
        assert done.code == 0, done.out + done.err
        return done

    def apply_with(self, rule: Mapping[str, str], call: Recorded) -> Done:
        """Apply, with something that happens at one call."""

        def order(pid: int) -> None:
            where = {"method": call.method, "nth": call.nth, "scope": "client"}
            victim = {"pid": pid} if "kill" in rule["mode"] else {}
            self.project.engine.control("POST", "/faults", {**rule, **where, **victim})

        done = self.commands.reconcile("--yes", born=order)
        assert self.project.engine.control("GET", "/faults") == [], f"{call} was never made"
        return done

    def completed(self) -> Done:
        """Apply after a killed apply; if the lease is held, do first what the refusal says."""
        done = self.commands.reconcile("--yes")
        if done.code:
            assert done.code == 3, done.err
            assert "is applying since" in done.err
            (number,) = re.findall(r"If it is dead: reconcile unlock (\d+)", done.err)
            assert self.commands.reconcile("unlock", number).code == 0
            return self.applied()
        self.freed()  # Nothing was left to do, which needs no lease.
        return done

    def freed(self) -> None:
        """Break the lease of an apply that was killed before it had begun anything."""
        held = self.commands.call(_held_lease, self.app)
        assert held is None or self.commands.reconcile("unlock", str(held)).code == 0

    def forget_sources(self) -> None:
        """As if nobody had uploaded the dispatcher to this Modal yet."""
        files = Path(reconciler.__file__).parent.rglob("*.py")
        contents = [sha256(file.read_bytes()).hexdigest() for file in files]
        self.project.engine.control("DELETE", "/contents", contents)

    def wake(self, *, due: Collection[str], maybe: Collection[str] = ()) -> None:
        """Wake at the next hour, in which some are due, and others may be."""
        self.now += timedelta(hours=1)
        at = f"{self.now:%Y-%m-%dT%H:%MZ}"
        done = self.commands.reconcile("wake", "--at", at)
        assert done.code == 0, done.out + done.err
        self.due.update(f"{self.app} {name}@{at}" for name in due)
        self.maybe.update(f"{self.app} {name}@{at}" for name in maybe)

    def is_live(self, schedules: Schedules, *, stop: bool = False) -> None:
        """Pointer, generation, slots and tags agree with these; stop the app then, if asked to."""
        assert self.commands.call(_live, self.app, stop) == {
            "schedules": sorted(schedules),
            "functions": sorted([*schedules, "on_demand", "supervise_run"]),
            "tagged": True,
        }

    def stop(self) -> None:
        """Stop the app."""
        self.commands.call(_stop, self.app)

    def all_ran_once(self) -> None:
        """What had to run did, nothing ran twice, and nothing else ran."""
        until(lambda: self.due <= set(self.project.marks()))
        ran = Counter(self.project.marks())
        assert set(ran) <= self.due | self.maybe
        assert set(ran.values()) <= {1}


def _live(app: str, stop: bool) -> dict[str, Any]:
    """What Modal's client sees, and the reader that the dispatcher uses."""
    import modal

    from reconciler.deploy.modal_files import ModalFiles, RemoteGenerations

    generation = asyncio.run(RemoteGenerations(ModalFiles(app, "main")).live())
    deployed = modal.App.lookup(app)
    assert generation is not None
    found = {
        "schedules": sorted(generation.by_name),
        "functions": sorted(deployed.info().functions),
        "tagged": generation.digest.startswith(deployed.get_tags()["generation"]),
    }
    if stop:
        deployed.stop()
    return found


def _held_lease(app: str) -> int | None:
    """The number of the lease, if it has not been given back."""
    import modal

    entries = modal.Dict.from_name(app)
    try:
        number: int = entries["lease"]["number"]
        return None if entries[f"lease/{number}"]["released"] else number
    except (KeyError, modal.exception.NotFoundError):
        return None


def _stop(app: str) -> None:
    import modal

    modal.App.lookup(app).stop()
