"""Who holds the crons of the workspace, what wakes us, and what that costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import quantiles

from reconciler.cron import minute
from reconciler.deploy.observation import observe
from reconciler.dispatch.adapters.at_once import together
from reconciler.manifest import EnvironmentSettings
from reconciler.model.runs_file import format_time
from reconciler.plan.budget import Budget, budget_for
from reconciler.plan.forecast import Wakes, forecast
from reconciler.plan.price import WakePrice
from reconciler.query.last_hours import Gap, LastHours
from reconciler.query.ports import QueryPorts
from reconciler.query.status import Status
from reconciler.query.triggers import Trigger, Triggers

MONTH_DAYS = 32
"""Days with runs files that a month has at most."""


@dataclass(frozen=True, slots=True)
class SeenSource:
    """What causes wakes.

    Attributes:
        name: ``Modal crons``, or who asks over HTTP.
        last: when its newest wake in the last 24 hours began; None when there was none.
        came: its wakes in that time; ``expected`` is None where it wakes at no set times.
        late: the middle lateness of its wakes and the one that 95 of 100 do not exceed, in seconds;
            None where nothing says when they should have begun.
        gap: the longest time in which something was due and no wake came.
    """

    name: str
    last: datetime | None
    came: int
    expected: int | None = None
    late: tuple[float, float] | None = None
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class SlotsAndCost:
    """The crons of the workspace and their cost.

    Attributes:
        budget: the crons that there may be, and those of others.
        wakes: a month, as deployed.
        came: wakes of each slot in the last 24 hours.
        sources: what wakes us.
        days: the wakes of each day of this month so far, ``2026-11-30`` to their number; None where
            nothing is recorded for that day.
        price: of a wake.
    """

    budget: Budget
    wakes: Wakes
    came: Mapping[str, int]
    sources: tuple[SeenSource, ...]
    days: Mapping[str, int]
    price: WakePrice


async def slots_and_cost(
    ports: QueryPorts,
    settings: EnvironmentSettings,
    status: Status,
    hours: LastHours,
    triggers: Triggers,
) -> SlotsAndCost:
    """Read who holds the crons, and count the wakes.

    Args:
        hours: the last 24 hours, with ``triggers`` of the same time.

    Raises:
        UnavailableError: Modal did not answer.
    """
    now = ports.clock.now()
    month = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    actual, rates, known = await together(
        observe(settings, ports.apps, ports.files, ports.claims),
        ports.apps.rates(),
        ports.history.read_back(
            lambda _known: _no_lines, days=MONTH_DAYS, since=format_time(month)
        ),
    )
    begun = {log.wake: log.started for log in known.headers if log.started >= format_time(month)}
    slots = [one.slot for one in status.slots]
    timetables = {
        one.record.name: found
        for one in status.schedules
        if not one.suspended and (found := one.record.timetable()) is not None
    }
    return SlotsAndCost(
        budget=budget_for(settings, actual),
        wakes=forecast(slots, timetables, minute(now)),
        came=Counter(one.slot for one in triggers.triggers if one.slot),
        sources=tuple(_sources(hours, triggers)),
        days=Counter(started[:10] for started in begun.values()),
        price=WakePrice.of(actual.wake_seconds, rates),
    )


def _sources(hours: LastHours, triggers: Triggers) -> Iterator[SeenSource]:
    crons = [one for one in triggers.triggers if one.slot]
    yield SeenSource(
        "Modal crons",
        crons[0].wake if crons else None,
        len(crons),
        sum(triggers.expected.values()),
        _late(crons),
        max(hours.gaps, key=lambda gap: gap.until - gap.after, default=None),
    )
    others: dict[str, list[Trigger]] = {}
    for one in triggers.triggers:
        if not one.slot:
            others.setdefault(one.source or "a person", []).append(one)
    for name, found in sorted(others.items()):
        yield SeenSource(name, found[0].wake, len(found), late=_late(found))


def _late(triggers: Iterable[Trigger]) -> tuple[float, float] | None:
    seconds = [(one.wake - one.at).total_seconds() for one in triggers if one.at is not None]
    if not seconds:
        return None
    if len(seconds) == 1:
        return seconds[0], seconds[0]
    parts = quantiles(seconds, n=20, method="inclusive")
    return parts[9], parts[18]


def month_length(now: datetime) -> int:
    """The days of this month."""
    following = (now.astimezone(UTC).replace(day=28) + timedelta(days=4)).replace(day=1)
    return (following - timedelta(days=1)).day


def _no_lines(_name: str) -> bool:
    return False
