"""What one simulation plays: schedules and their changes, wakes, all drawn from its seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from reconciler.alerts import Address, AlertRule, Alerts, BodyFormat, Recipient
from reconciler.model.generation import Generation
from tests.simulation.faults import CALM, Climate
from tests.simulation.harm import Emptying, Harming, draw_emptying, draw_harms
from tests.simulation.meetings import draw_meetings
from tests.simulation.schedules import DAY, History, Life
from tests.simulation.tasks import TaskRequest, draw_requests
from tests.simulation.wakes import WakeEvent, draw_wakes
from tests.simulation.world import FIRST_MINUTE, START_SECOND

ALERTED: Final = 0.5
"""In how many simulations people are notified."""
ALERTS: Final = Alerts(
    AlertRule(to=(Recipient(Address(url="https://pager.example/in"), BodyFormat.JSON),))
)
CROWD_LATENCY: Final = 0.3
"""Seconds that a call takes in a crowd: more than one wake has for all of it."""
APPLY_SKEWS: Final = (-3 * DAY, -DAY, -120, -9, 9, 30, DAY, 2 * DAY)
"""Minutes by which the clock of the machine that applies may be ahead."""
CROWD_WAKES: Final = (0, 6, 12, 30)
"""Minutes after the crowd is due."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One simulation.

    Attributes:
        days: after these come some undisturbed wakes.
        lives: of each schedule by its identity, in the order of time.
        generations: true epoch seconds, and what becomes live then.
        requests: what programs ask for.
        cursor_lost: seconds since the start at which the cursor's entry goes.
        climate: of the supervisors; each wake has its own.
        latency: seconds that every port call takes.
        harms: what becomes unreadable.
        emptying: when the Volume loses its files.
        history: what git says, for an apply that depends on what happened.
        kept: days that runs files are kept.
    """

    seed: int
    days: int
    lives: Mapping[int, Sequence[Life]]
    generations: Sequence[tuple[float, Generation]]
    wakes: Sequence[WakeEvent]
    requests: Sequence[TaskRequest]
    cursor_lost: Sequence[float]
    climate: Climate
    latency: float = 0.0
    harms: Sequence[Harming] = ()
    emptying: Emptying | None = None
    history: History | None = None
    kept: int = 90


def draw_scenario(
    seed: int,
    days: int,
    schedules: int,
    climate: Climate | None = None,
    *,
    history_of: Callable[[Random], History] = History,
    applies: Sequence[float] = (),
    harmed: bool = True,
) -> Scenario:
    """The scenario of a seed; its climate is drawn with it unless it is given.

    Args:
        history_of: makes what compiles and stores what git says.
        applies: seconds since the start at which something is applied, beside the drawn times.
        harmed: whether what is stored may be harmed, people may wake, and people are notified.
    """
    random = Random(seed)
    drawn = Climate.draw(random)
    climate = climate or drawn
    wakes = tuple(draw_wakes(random, climate, days))
    history = history_of(random)
    emptying = draw_emptying(seed, days) if harmed else None
    if harmed and Random(f"alerts of seed {seed}").random() < ALERTED:
        history.alerts = ALERTS
    for number in range(schedules):
        history.declare(f"s{number:02}", FIRST_MINUTE)
    kept = random.choice((1, 90))
    history.apply(FIRST_MINUTE, START_SECOND, kept)
    before = 0.0
    # Drawn apart, so that a seed plays the same wakes whatever clocks its applies have.
    clocks = Random(f"the clocks of the applies of seed {seed}")
    wrong = clocks.choice((0.0, 0.2, 0.8))
    flips = [_flip(random, wakes, days) for _ in range(random.choice((0, 3, 8)))]
    # What is applied after the repair would depend on it.
    last = float("inf") if emptying is None else emptying.at
    for flip in sorted(at for at in (*flips, *applies) if at < last):
        planned = FIRST_MINUTE + int(max(before, flip - random.uniform(0, 90)) // 60)
        skew = clocks.choice(APPLY_SKEWS) if clocks.random() < wrong else 0
        history.change(planned + skew, clock_is_right=skew == 0)
        history.apply(planned + skew, START_SECOND + flip, kept)
        before = flip
    losses = random.choice((0, 0, 3))
    requests = tuple(draw_requests(random, climate, days))
    cursor_lost = sorted(random.uniform(0, days * 86400) for _ in range(losses))
    if harmed:
        wakes += tuple(draw_meetings(seed, climate, history, days))
    return Scenario(
        seed=seed,
        days=days,
        lives=history.lives,
        generations=history.applied,
        wakes=wakes,
        requests=requests,
        cursor_lost=cursor_lost,
        climate=climate,
        harms=tuple(draw_harms(seed, wakes, days)) if harmed else (),
        emptying=emptying,
        history=history,
        kept=kept,
    )


def draw_crowd(seed: int, schedules: int) -> Scenario:
    """So many due in the same minute that one wake cannot start them all."""
    random = Random(seed)
    noon = DAY // 2
    history = History(random)
    for number in range(schedules):
        history.declare(f"s{number:05}", FIRST_MINUTE, at_minute=noon)
    history.apply(FIRST_MINUTE, START_SECOND, 90)
    # Over tens of thousands of calls in one wake, this is about one fault in two wakes.
    climate = replace(CALM, fault=random.choice((0.0, 0.5 / (3 * schedules))))
    wakes = [
        WakeEvent((noon + minutes) * 60 + random.uniform(0, 60), "poller", climate)
        for minutes in CROWD_WAKES
        for _ in range(random.choice((1, 1, 2)))
    ]
    wakes += [WakeEvent(DAY * 60.0 + later, "last", CALM) for later in (0.0, 600.0)]
    return Scenario(
        seed=seed,
        days=1,
        lives=history.lives,
        generations=history.applied,
        wakes=wakes,
        requests=(),
        cursor_lost=(),
        climate=climate,
        latency=CROWD_LATENCY,
    )


def _flip(random: Random, wakes: Sequence[WakeEvent], days: int) -> float:
    """When an apply makes something live: at any time, amid a wake, or unseen by one."""
    stale = [wake for wake in wakes if wake.staleness]
    if stale and random.random() < 0.4:
        unseen_by = random.choice(stale)
        return max(100.0, unseen_by.at - random.uniform(0, unseen_by.staleness))
    if wakes and random.random() < 0.4:
        return min(random.choice(wakes).at + random.uniform(0, 2), days * 86400.0)
    return random.uniform(100, days * 86400.0)
