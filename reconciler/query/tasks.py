"""The tasks that programs created: the question behind ``reconcile tasks``."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.client.task_listing import ScheduledTask, list_stored
from reconciler.manifest import EnvironmentSettings
from reconciler.model.pointer import POINTER_PATH
from reconciler.query.nothing_found import nothing_live
from reconciler.query.ports import QueryPorts


async def list_tasks(
    ports: QueryPorts, settings: EnvironmentSettings, *, settled: bool
) -> Sequence[ScheduledTask]:
    """The pending tasks, sorted by time.

    Args:
        settings: which environment is meant.
        settled: include the settled tasks, which are kept for two weeks.

    Raises:
        ReconcileError: there are none because nothing is live.
        UnavailableError: Modal did not answer.
    """
    found = [] if ports.tasks is None else await list_stored(ports.tasks, settled=settled)
    if not found and await ports.files.read(POINTER_PATH) is None:
        raise await nothing_live(ports.apps, ports.files, settings)
    return tuple(found)
