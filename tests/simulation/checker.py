"""Match every nominal time with its outcome, and name what breaks a promise.

The promises are those of ``docs/internals/guarantees.md``; each module called here says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.simulation.fates import Fates
from tests.simulation.nominal import Calendar, CleanWakes
from tests.simulation.notified import wrong_alarms
from tests.simulation.reports import Reports
from tests.simulation.safety import untrue_lines, wrong_overlaps, wrong_starts
from tests.simulation.scenario import Scenario
from tests.simulation.starts import Starts
from tests.simulation.task_promises import TaskPromises
from tests.simulation.tasks import Answered
from tests.simulation.watching import wrong_watching
from tests.simulation.world import World


def problems(scenario: Scenario, world: World, answers: Sequence[Answered]) -> Iterator[str]:
    """What broke a promise in a simulation that is over."""
    clean = CleanWakes.of(world)
    calendar = Calendar.of(scenario, world, clean)
    reports = Reports.of(world, calendar)
    starts = Starts.read(world, calendar)
    yield from wrong_starts(world, calendar, starts, reports)
    yield from wrong_overlaps(world, starts)
    yield from wrong_watching(world)
    yield from wrong_alarms(scenario, world, calendar, reports)
    yield from untrue_lines(world, reports)
    yield from TaskPromises(world, clean, reports, answers).wrong()
    yield from Fates(world, calendar, clean, starts, reports).wrong()
