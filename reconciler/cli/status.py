"""``reconcile status``: each schedule's last run and next run, and what is live."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.cli.connection import (
    connected,
    open_ports,
    open_run_log,
    open_workspace,
    removal_in,
)
from reconciler.cli.damaged import remedies, still_damaged
from reconciler.cli.inputs import read_inputs
from reconciler.cli.printing import print_json
from reconciler.cli.source import desired_of
from reconciler.cli.stopping import run
from reconciler.cli.times import FAR_DAYS
from reconciler.cli.unknown import nothing_live
from reconciler.cron import minute
from reconciler.dispatch.history import Run, runs_of, with_open_calls
from reconciler.dispatch.wake.cursor_entry import read_cursor
from reconciler.dispatch.wake.request import Ports
from reconciler.errors import ReconcileError
from reconciler.model.formats import FormatError, NewerFormatError
from reconciler.model.generation import Generation
from reconciler.render.deployment_status import ENGINE_STOPPED, findings_of
from reconciler.render.status import Finding, Tasks, rare_schedules, runs_twice, status_of
from reconciler.render.status_text import status_json, status_text
from reconciler.render.style import Style
from reconciler.render.task_status import DueTask, tasks_of

if TYPE_CHECKING:
    from reconciler.client import ScheduledTask

RUNS_DAYS = 7
"""Days of history in which most schedules have run; for the others it is looked further."""
MINUTES_PER_DAY = 1440


def main(args: Namespace) -> int:
    """Print the status. Returns 0 when all is well and 1 when something wants a look."""
    inputs = read_inputs(args)
    with connected(inputs) as goes_on:
        log = open_run_log(inputs, quiet=True)
        from reconciler.deploy.apply import with_standing
        from reconciler.deploy.history import commits_of, record_or_damage
        from reconciler.deploy.observation import observe, read_pointer

        ports, workspace = open_ports(inputs, log), open_workspace(inputs)
        files = workspace.files
        observed = observe(inputs.environment, workspace.apps, files, workspace.claims, alone=True)
        actual = run(observed)
        desired = desired_of(inputs, (), whole=False)
        findings = [*findings_of(actual, with_standing(workspace.checkout, desired, actual))]
        generation = run(_generation(ports, findings))
        if generation is None:
            raise run(nothing_live(inputs))
        pointer, _damage = run(read_pointer(files))
        record, damaged = run(record_or_damage(files, pointer))
        cursor = run(read_cursor(ports))
        now = minute(datetime.now(UTC))
        runs = run(runs_to_show(ports, generation, now))
        tasks = run(_tasks(ports, generation.punctuality, runs, now))
        called = {(record.app, record.function) for record in generation.records}
        theirs = run(open_workspace(inputs).apps.own_schedules(called))
        reported = log.reported_since(now - MINUTES_PER_DAY)
        still = run(still_damaged(reported, workspace.claims, files))
    found = (*generation.damaged, *cursor.damaged, *damaged, *log.damaged, *still)
    if not goes_on:
        findings.append(ENGINE_STOPPED)
    twice = runs_twice(generation, theirs, now)
    status = status_of(generation, pointer, cursor, runs, now, tasks, found, twice, findings)
    if args.format == "json":
        print_json(status_json(status, commits_of(record)))
    else:
        repair = remedies(status.damaged, removal_in(inputs))
        print(status_text(status, commits_of(record), Style.of(sys.stdout), repair))
    return 0 if status.well else 1


async def _generation(ports: Ports, findings: Sequence[Finding]) -> Generation | None:
    """What is live; where it cannot be read, what is wrong with the deployment is the error.

    Raises:
        ReconcileError: it is lost.
        NewerFormatError: a newer version wrote it.
    """
    try:
        generation = await ports.generations.live()
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


async def runs_to_show(ports: Ports, generation: Generation, now: int) -> Sequence[Run]:
    """The runs of the last days, and the last of schedules that run more seldom.

    Nothing but the lines of these is read of what is older: with many schedules, all of it would
    take minutes.
    """
    runs = runs_of(await ports.log.recent(RUNS_DAYS))
    today = now - now % MINUTES_PER_DAY

    def beginning(days: int) -> int:
        return today - (days - 1) * MINUTES_PER_DAY

    rare = rare_schedules(generation, runs, beginning(FAR_DAYS), beginning(RUNS_DAYS))
    if rare:
        days = (today - min(at for _record, at in rare)) // MINUTES_PER_DAY + 2
        names = {name for record, _at in rare for name in record.names}
        older = runs_of(await ports.log.recent(days, names.__contains__))
        runs = [*(one for one in runs if one.occurrence.name not in names), *older]
    return await with_open_calls(runs, ports.caller)


async def _tasks(ports: Ports, punctuality: int, runs: Sequence[Run], now: int) -> Tasks:
    from reconciler.client.listing import count_pending, list_stored

    if ports.tasks is None:
        return Tasks()
    due = await list_stored(ports.tasks, settled=False, until=now)
    return tasks_of(
        pending=await count_pending(ports.tasks),
        due=map(_due, due),
        runs=runs,
        punctuality=punctuality,
        now=now,
    )


def _due(task: ScheduledTask) -> DueTask:
    at = minute(task.at)
    since = at if task.created is None else max(at, minute(task.created))
    return DueTask(task.run, at, since, task.reason)
