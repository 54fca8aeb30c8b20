"""A Worker on Cloudflare wakes beside Modal's safety poller, and either of them is silent."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest

from reconciler.cron import Timetable, instant, minute, parse
from reconciler.model.runs_file import RunState
from reconciler.policies import Catchup
from tests.dispatch.scenario import World, at, hourly

TIMES = {
    "poll": "*/5 * * * *",
    "rates": "7,37 * * * *",
    "sync": "0 * * * *",
    "stock": "15 */2 * * *",
    "backup": "20 9 * * *",
    "report": "30 9 * * MON-FRI",
    "digest": "45 9 20 * *",
    "train": "59 9 * * *",
    "import": "0 10 * * *",
    "export": "10 9-17 * * *",
}
BEGIN, END = minute(at("09:00")), minute(at("10:00"))
DUE = sorted(
    (time, name)
    for name, text in TIMES.items()
    for time in Timetable((parse(text),), "UTC").between(BEGIN, END)
)
"""The occurrences of an hour."""
SAFETY = 60
"""Minutes from one wake of the safety poller to the next."""


@pytest.fixture
def world() -> World:
    """Ten schedules that start all that they missed, applied before the hour."""
    world = World()
    records = [
        hourly(name, "08:59", when=(text,), catchup=Catchup.ALL) for name, text in TIMES.items()
    ]
    world.live(*records)
    world.wake("09:00")
    return world


def starts(world: World, wakes: Iterable[float]) -> list[tuple[int, str, float]]:
    """Nominal minute, name and lateness in minutes of each start, when wakes come at these
    minutes."""
    found = []
    for time in wakes:
        log = world.wake(f"{instant(int(time)):%Y-%m-%dT%H:%M}:{int(time % 1 * 60):02}")
        found += [
            (nominal, line.name, time - nominal)
            for line in log.records
            if line.state is RunState.STARTED
            for nominal in line.times
        ]
    return sorted(found)


@pytest.mark.parametrize("seed", range(3))
def test_while_modal_is_silent_for_an_hour_each_occurrence_starts_once_within_two_minutes(
    world: World, seed: int
) -> None:
    random = Random(seed)
    due = sorted({time for time, _name in DUE})
    # A tick may come up to 45 s late, and the next one makes up for one that did not come.
    ticks = [time + (random.random() < 0.1) + random.uniform(0, 0.75) for time in due]
    found = starts(world, sorted(ticks))
    assert [(time, name) for time, name, _late in found] == DUE
    assert max(late for _time, _name, late in found) <= 2


def test_while_cloudflare_is_silent_the_safety_poller_starts_each_occurrence_within_its_interval(
    world: World,
) -> None:
    found = starts(world, [END + 0.1])
    assert [(time, name) for time, name, _late in found] == DUE
    assert max(late for _time, _name, late in found) <= SAFETY


def test_with_both_alive_each_occurrence_starts_once(world: World) -> None:
    found = starts(world, [time + late for time in range(BEGIN + 1, END + 1) for late in (0, 0.1)])
    assert [(time, name) for time, name, _late in found] == DUE
