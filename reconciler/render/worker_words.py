"""The Worker on Cloudflare in words: the same in a terminal and in a comment."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.plan import Plan
from reconciler.plan.source_costs import (
    QUEUE_OPERATIONS_A_DAY,
    REQUESTS_A_DAY,
    ROWS_WRITTEN_A_DAY,
    compared_sources,
    daily_use,
)
from reconciler.plan.worker import PlannedWorker
from reconciler.render.cost_words import dollars
from reconciler.words import count


def worker_words(plan: Plan) -> Iterator[str]:
    """What the second wake source does, allows and costs; nothing where there is none."""
    waking = plan.generation.worker
    if waking is not None and waking.leaving is not None:
        yield (
            f"{waking.source} is retiring: it is removed once a cron of Modal has woken the "
            "dispatcher."
        )
    worker = plan.worker
    if worker is None:
        return
    yield _heading(plan, worker)
    if waking is None or not waking.alone:
        yield (
            "Modal's crons stay until the Worker has woken the dispatcher; then only the safety "
            f"poller stays, every {worker.settings.safety}."
        )
    use = daily_use(worker, plan.now)
    parts = [f"{use.requests:,} of {REQUESTS_A_DAY:,} requests"]
    if use.operations:
        parts.append(f"at most {use.operations:,} of {QUEUE_OPERATIONS_A_DAY:,} Queue operations")
    if use.rows:
        parts.append(f"{use.rows:,} of {ROWS_WRITTEN_A_DAY:,} rows written to D1")
    yield f"A day of Cloudflare's free plan: {', '.join(parts)}"
    for one in compared_sources(plan, worker):
        refused = "" if one.refused is None else f", not possible: {one.refused}"
        yield f"{one.sources}: {one.wakes:,} wakes, {dollars(one.usd)} a month{refused}"


def _heading(plan: Plan, worker: PlannedWorker) -> str:
    account = plan.actual.cloudflare
    limit = worker.settings.subscription.triggers
    others = "an unknown number" if account is None else f"{account.others(worker.name)}"
    return (
        f"Worker {worker.name} ({worker.settings.mode}): "
        f"{count(len(worker.crons), 'cron trigger')} of the account's {limit}, {others} held by "
        f"others; it asks for {worker.wakes_per_month(plan.now):,} wakes a month"
    )
