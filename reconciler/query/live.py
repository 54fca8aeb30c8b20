"""How everything that is live stands: the question behind ``reconcile status``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from reconciler.client.task_listing import ScheduledTask, list_stored, pending_paths
from reconciler.cron import minute
from reconciler.deploy.apply_records import commits_of, record_or_damage
from reconciler.deploy.modal_files import RemoteGenerations
from reconciler.deploy.observation import observe
from reconciler.deploy.ports import UnknownAccountError
from reconciler.dispatch.adapters.at_once import together
from reconciler.errors import ReconcileError
from reconciler.manifest import EnvironmentSettings
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.formats import FormatError, NewerFormatError
from reconciler.model.generation import Generation
from reconciler.model.runs import Run
from reconciler.plan.state import Actual, SeenWorker
from reconciler.plan.worker_tags import applied_in
from reconciler.query.backfills import list_backfills
from reconciler.query.deployment_drift import worker_findings
from reconciler.query.live_long_runs import long_runs
from reconciler.query.live_runs import (
    MINUTES_PER_DAY,
    as_they_stand,
    newest_runs,
    read_cursor,
)
from reconciler.query.ports import QueryPorts
from reconciler.query.status import DeploymentFinding, DueTask, Status, Tasks, status_of, tasks_of
from reconciler.query.still_damaged import still_damaged
from reconciler.query.twice import runs_twice

RECENT: Final = timedelta(days=1)
"""How far back the attempts of the Worker are counted."""
CLOUDFLARE_ANSWERS: Final = 5
"""Seconds. What Cloudflare says is an addition: a status does not wait for it."""


async def live_status(
    ports: QueryPorts,
    settings: EnvironmentSettings,
    find: Callable[[Actual], Iterable[DeploymentFinding]],
) -> Status | None:
    """Put together how everything stands; None when nothing was applied.

    Args:
        settings: which environment is meant.
        find: says what is wrong with the deployment, from what is observed.

    Raises:
        ReconcileError: what is live is lost.
        FormatError: what is live cannot be read.
        UnavailableError: Modal did not answer.
    """
    now = minute(ports.clock.now())
    actual, entry, (pending, backfills) = await together(
        observe(settings, ports.apps, ports.files, ports.claims, alone=True),
        ports.claims.get(CURSOR_KEY),
        together(_pending(ports), list_backfills(ports.files, ports.claims, over=False)),
    )
    findings = tuple(find(actual))
    generation = actual.live if actual.live_damage is None else None
    if generation is None:
        generation = await _generation(ports, findings)
    if generation is None:
        return None
    history = ports.history
    called = {(record.app, record.function) for record in generation.records}
    known, (record, damaged), theirs = await together(
        newest_runs(history, generation, now),
        record_or_damage(ports.files, actual.pointer),
        ports.apps.own_schedules(called),
    )
    cursor = await read_cursor(entry, history, generation)
    (runs, not_asked), still, (due, (seen, unknown)) = await together(
        as_they_stand(known.ordered, generation, ports.caller, now),
        still_damaged(known.reported_since(now - MINUTES_PER_DAY), ports.claims, ports.files),
        together(_due(ports, now, pending), _seen_worker(ports, actual, generation)),
    )
    applied = applied_in(actual)
    if seen is not None and applied is not None:
        findings = (*findings, *worker_findings(applied, seen))
    usual = await long_runs(history, generation, runs, ports.clock.now())
    status = status_of(
        generation,
        actual.pointer,
        cursor,
        runs,
        now,
        _tasks(pending, due, runs, generation.punctuality, now),
        (
            *generation.damaged,
            *cursor.damaged,
            *damaged,
            *known.damaged,
            *still,
            *backfills.damaged,
        ),
        runs_twice(generation, theirs, now),
        findings,
        usual,
    )
    worker = status.worker
    if worker is not None:
        from reconciler.query.triggers import requests_of, wake_latency  # it packs

        asked = [log for log in known.headers if log.source == worker.worker.source]
        worker = replace(
            worker,
            latency=wake_latency(requests_of(asked)),
            attempts=None if seen is None else seen.attempts,
            unknown=unknown,
        )
    return replace(
        status,
        worker=worker,
        not_asked=not_asked,
        commits=commits_of(record),
        backfills=backfills.backfills,
    )


async def _generation(
    ports: QueryPorts, findings: Sequence[DeploymentFinding]
) -> Generation | None:
    """What is live; where it cannot be read, what is wrong with the deployment is the error."""
    try:
        generation = await RemoteGenerations(ports.files).live()
    except NewerFormatError:
        raise
    except FormatError:
        if not findings:
            raise
        generation = None
    if generation is None and findings:
        first, *others = findings
        more = "".join(f"; {one.what} {one.reason}" for one in others)
        raise ReconcileError(f"{first.what} {first.reason}{more}", remedy=first.remedy)
    return generation


async def _seen_worker(
    ports: QueryPorts, actual: Actual, generation: Generation
) -> tuple[SeenWorker | None, str | None]:
    """The Worker as Cloudflare shows it, and why it is unknown; of a retiring one nothing."""
    applied, worker = applied_in(actual), generation.worker
    if ports.workers is None or applied is None or worker is None or worker.leaving is not None:
        return None, None
    since = ports.clock.now() - RECENT
    try:
        async with asyncio.timeout(CLOUDFLARE_ANSWERS):
            return await ports.workers.look(applied.account, applied.name, since), None
    except UnknownAccountError as error:
        return None, error.what
    except TimeoutError:
        return None, f"Cloudflare did not answer within {CLOUDFLARE_ANSWERS} s"


async def _pending(ports: QueryPorts) -> Sequence[str]:
    """The paths of the tasks that no wake has settled."""
    return () if ports.tasks is None else await pending_paths(ports.tasks)


async def _due(ports: QueryPorts, now: int, pending: Sequence[str]) -> Sequence[ScheduledTask]:
    if ports.tasks is None or not pending:
        return ()
    return await list_stored(ports.tasks, settled=False, until=now)


def _tasks(
    pending: Sequence[str],
    due: Iterable[ScheduledTask],
    runs: Iterable[Run],
    punctuality: int,
    now: int,
) -> Tasks:
    return tasks_of(
        pending=len(pending), due=map(_due_task, due), runs=runs, punctuality=punctuality, now=now
    )


def _due_task(task: ScheduledTask) -> DueTask:
    at = minute(task.at)
    since = at if task.created is None else max(at, minute(task.created))
    return DueTask(task.run, at, since, task.reason)
