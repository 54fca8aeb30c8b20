"""What each choice of wake sources costs in a month, and what Cloudflare allows for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reconciler.cron import Timetable, parse_times
from reconciler.manifest.cloudflare_settings import Mode, Subscription
from reconciler.model.generation import Slot
from reconciler.pack import wakes_per_month
from reconciler.plan.forecast import wakes_of
from reconciler.plan.plan import Plan
from reconciler.plan.slot_members import pack_members
from reconciler.plan.worker import PlannedWorker, distinct_covers
from reconciler.words import count

PAID_USD: Final = 5.0
"""Dollars a month that Cloudflare's paid plan of Workers costs at least (November 2026)."""
REQUESTS_A_DAY: Final = 100_000
"""Requests of Workers that its free plan allows (November 2026)."""
QUEUE_OPERATIONS_A_DAY: Final = 10_000
"""Operations of Queues that its free plan allows; a message takes three (November 2026)."""
ROWS_WRITTEN_A_DAY: Final = 100_000
"""Rows that its free plan writes to D1 (November 2026)."""
ROWS_A_WAKE: Final = 6
"""Rows that a wake writes: an attempt with its index, and three of the state."""
DAYS_A_MONTH: Final = 30.4375


@dataclass(frozen=True, slots=True)
class SourceCost:
    """One choice.

    Attributes:
        sources: in words.
        wakes: a month, of all sources.
        usd: dollars a month, at Modal and at Cloudflare.
        refused: why it is not possible; None where it is.
    """

    sources: str
    wakes: int
    usd: float
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class DailyUse:
    """What the Worker takes of Cloudflare's free plan in a day.

    Attributes:
        requests: how often it runs.
        operations: of its queue, if every wake failed once; 0 without a queue.
        rows: written to D1; 0 without a database.
    """

    requests: int
    operations: int
    rows: int


def daily_use(worker: PlannedWorker, now: int) -> DailyUse:
    """What the Worker takes of Cloudflare's free plan.

    Args:
        now: epoch minute.
    """
    ticks = worker.ticks_per_month(now) / DAYS_A_MONTH
    wakes = worker.wakes_per_month(now) / DAYS_A_MONTH
    settings = worker.settings
    idle = max(0.0, ticks - wakes)  # a tick without a wake writes when it was
    return DailyUse(
        requests=round(ticks),
        operations=round(3 * wakes) if settings.queue else 0,
        rows=round(ROWS_A_WAKE * wakes + idle) if settings.database else 0,
    )


def compared_sources(plan: Plan, worker: PlannedWorker) -> Iterator[SourceCost]:
    """Modal's crons alone, and the Worker in both modes and with both plans of Cloudflare."""
    settings, now, usd = plan.desired.settings, plan.now, plan.price.usd
    packed = pack_members(worker.members, settings.packing, plan.budget.available, now)
    alone = wakes_of([Slot(slot.name, slot.cron) for slot in packed], now)
    yield SourceCost("Modal's crons alone", alone, usd(alone))
    poller = Timetable(parse_times(worker.settings.safety.value), "UTC")
    safety = wakes_per_month([poller], now)
    covers = distinct_covers(worker.members, now)
    account = plan.actual.cloudflare
    others = 0 if account is None else account.others(worker.name)
    by_mode = {
        Mode.TICK: (wakes_per_month({one.timetable for one in worker.members}, now), 1),
        Mode.TRIGGERS: (
            sum(wakes_per_month([cover], now) for cover in covers),
            len(covers),
        ),
    }
    for mode, (asked, triggers) in by_mode.items():
        wakes = round(asked + safety)
        for subscription in Subscription:
            left = max(0, subscription.triggers - others)
            refused = None
            if triggers > left:
                needed = count(triggers, "cron trigger")
                refused = f"needs {needed}, and {left} are free"
            extra = PAID_USD if subscription is Subscription.PAID else 0.0
            words = f"{mode}, Cloudflare's {subscription} plan"
            yield SourceCost(words, wakes, round(usd(wakes) + extra, 4), refused)
