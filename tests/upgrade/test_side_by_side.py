"""Weeks in which wakes and applies are of both versions: nothing is lost, nothing is doubled."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

import pytest

from reconciler.dispatch.answers import CallStatus
from reconciler.dispatch.wake.request import Ports, WakeRequest
from reconciler.model.generation import Generation, generation_path
from reconciler.model.stored_generation import decode_generation
from tests.simulation.core import ThisVersion
from tests.simulation.faults import CALM
from tests.simulation.run import play
from tests.simulation.scenario import draw_scenario
from tests.simulation.schedules import History
from tests.simulation.shard import VARIABLE, of_this_shard
from tests.simulation.wakes import WakeEvent
from tests.simulation.world import START_SECOND
from tests.upgrade import previous
from tests.upgrade.translation import PreviousPort, raised_here, to_current

DAY = 86_400.0
DAYS = 8
SCHEDULES = 30
SEEDS = 40 if VARIABLE in os.environ else 10
"""CI plays 40 in four parts, one on each version of Python."""
BATCH = 5
STALE = 900.0
"""Seconds after a deploy in which wakes of the version before it still run."""


@dataclass(frozen=True)
class Versions:
    """When the version changes, seconds since the start: up, back, up again."""

    changes: Sequence[float]

    @classmethod
    def draw(cls, seed: int) -> Versions:
        """At any time; some of the moments come close together."""
        random = Random(f"versions {seed}")
        first = random.uniform(0.5, 3) * DAY
        gaps = [random.choice((600.0, 3_600.0, random.uniform(0.1, 2.5) * DAY)) for _ in range(2)]
        return cls((first, first + gaps[0], first + sum(gaps)))

    def is_previous(self, at: float) -> bool:
        """Whether the previous version is deployed at a true epoch second."""
        return sum(START_SECOND + change <= at for change in self.changes) % 2 == 0


NEVER = Versions(())


@dataclass(frozen=True)
class BothVersions:
    """Serves each wake with the version that is deployed, or with the one just before it."""

    versions: Versions
    random: Random

    def wake(self, now: float, ports: Ports, request: WakeRequest, /) -> Awaitable[object]:
        """See :class:`tests.simulation.core.Core`."""
        if not self.versions.is_previous(now - self.random.uniform(0, STALE)):
            return ThisVersion().wake(now, ports, request)
        module = previous.module("dispatch.wake")
        parts = {name: getattr(ports, name) for name in module.Ports.__dataclass_fields__}
        translated = {name: part and PreviousPort(part) for name, part in parts.items()}
        asked = {name: getattr(request, name) for name in ("wake", "token", "slot", "as_if")}
        return raised_here(module.wake(module.Ports(**translated), module.WakeRequest(**asked)))

    def supervise(
        self, since: float, order: dict[str, Any], /, **parts: Any
    ) -> Awaitable[CallStatus]:
        """See :class:`tests.simulation.core.Core`."""
        if not self.versions.is_previous(since - self.random.uniform(0, STALE)):
            return ThisVersion().supervise(since, order, **parts)
        module = previous.module("dispatch.supervision")
        ports = ("clock", "claims", "caller", "messenger")
        translated = {
            name: PreviousPort(part) if name in ports else part for name, part in parts.items()
        }
        return self._supervised(
            module.Supervisor(order=module.Order.from_json(order), **translated)
        )

    async def _supervised(self, supervisor: Any) -> CallStatus:
        status = to_current(await raised_here(supervisor.run()))
        assert isinstance(status, CallStatus)
        return status


@dataclass(slots=True)
class AppliedByBoth(History):
    """What git says, applied by the version that is deployed at the time."""

    versions: Versions = NEVER

    def stored(self, compiled: Generation, _live: float) -> Generation:
        """What wakes read: the previous version does not write what it does not know."""
        content, where = compiled.encoded, generation_path(compiled.digest)
        if self.versions.is_previous(_live):
            content = (
                previous.module("dispatch.stored_generation")
                .decode_generation(content, where)
                .encoded
            )
        return decode_generation(content, where)


def late_wakes(versions: Versions, random: Random) -> Iterator[WakeEvent]:
    """After each change of version, a wake that still reads what was live before it."""
    for change in versions.changes:
        after = random.uniform(120, 600)
        yield WakeEvent(change + after, "late", CALM, staleness=after + random.uniform(1, 60))


@pytest.fixture(scope="module", autouse=True)
def _previous_version(tmp_path_factory: pytest.TempPathFactory) -> None:
    previous.make_importable(tmp_path_factory.mktemp("previous"))


@pytest.mark.parametrize("first", of_this_shard(range(0, SEEDS, BATCH)))
def test_every_occurrence_runs_once_through_an_upgrade_the_way_back_and_another(first: int) -> None:
    broken = []
    for seed in range(first, first + BATCH):
        versions = Versions.draw(seed)
        scenario = draw_scenario(
            seed,
            DAYS,
            SCHEDULES,
            history_of=partial(AppliedByBoth, versions=versions),
            applies=versions.changes,
            harmed=False,
        )
        late = late_wakes(versions, Random(seed))
        scenario = replace(scenario, wakes=(*scenario.wakes, *late))
        outcome = play(scenario, "pytest -k side_by_side", BothVersions(versions, Random(seed)))
        if outcome.problems:
            broken.append(outcome.report())
    assert not broken, "\n".join(broken)
