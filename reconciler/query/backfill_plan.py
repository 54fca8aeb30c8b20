"""Plan a backfill on what is live, from what the history and the cursor say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from reconciler.cron import minute
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.dispatch.adapters.at_once import together
from reconciler.manifest import EnvironmentSettings
from reconciler.model.backfill import BACKFILLS_FOLDER
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.formats import Damaged
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.plan.backfill import BackfillPlan, BackfillRequest, plan_backfill
from reconciler.plan.price import WakePrice
from reconciler.query.backfill_status import BackfillStatus
from reconciler.query.backfills import list_backfills
from reconciler.query.newest_first import BEFORE
from reconciler.query.ports import QueryPorts
from reconciler.query.reruns import live_record, runs_known


class Planned(NamedTuple):
    """A plan.

    Attributes:
        damaged: what of the history cannot be read.
    """

    plan: BackfillPlan
    damaged: tuple[Damaged, ...]


async def plan(
    ports: QueryPorts,
    settings: EnvironmentSettings,
    request: BackfillRequest,
    *,
    allow: int,
) -> Planned:
    """Plan a backfill on what is live.

    Raises:
        RefusedError: the range begins before the history that is kept, or has too many runs.
        ReconcileError: nothing is live, there is no such schedule, or the range is empty.
        UnavailableError: Modal did not answer.
    """
    generation, record = await live_record(ports, settings, request.name)
    now = minute(ports.clock.now())
    since = f"{format_minute(request.first - BEFORE)[:-1]}:00Z"
    days = generation.history_days
    names = record.names

    history, listed = await together(
        ports.history.read_back(lambda _known: names.__contains__, days=days, since=since),
        list_backfills(ports.files, ports.claims, over=False),
    )
    entry, rates = await together(ports.claims.get(CURSOR_KEY), ports.apps.rates())
    known = await runs_known(ports, generation, record, history)
    cursor = cursor_of(entry)
    took = cursor.took if isinstance(cursor, Cursor) else ()
    found = plan_backfill(
        record,
        request,
        known,
        others=frozenset(run.first for run in _left(listed.backfills)),
        kept_since=now - days * MINUTES_PER_DAY,
        allow=allow,
        now=now,
        price=WakePrice.of(took, rates),
    )
    paths = await ports.files.list(BACKFILLS_FOLDER)
    return Planned(
        replace(found, is_known=found.backfill.path in paths),
        (*history.damaged, *listed.damaged),
    )


def _left(backfills: Sequence[BackfillStatus]) -> list[Occurrence]:
    """The runs that these have still to start."""
    return [
        run
        for one in backfills
        for run in one.backfill.runs[0 if one.progress is None else one.progress.next :]
    ]
