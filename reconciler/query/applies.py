"""What was applied, by whom and from which commit: the question behind ``reconcile history``."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.deploy.apply_records import read_history
from reconciler.deploy.lost import lost_volume
from reconciler.manifest import EnvironmentSettings
from reconciler.model.applied import Applied
from reconciler.model.formats import Damaged
from reconciler.query.ports import QueryPorts


@dataclass(frozen=True, slots=True)
class Applies:
    """The applies, newest first.

    Attributes:
        damaged: the records that cannot be read.
    """

    applies: tuple[Applied, ...]
    damaged: tuple[Damaged, ...] = ()


async def list_applies(ports: QueryPorts, settings: EnvironmentSettings, count: int) -> Applies:
    """The newest applies.

    Args:
        settings: which environment is meant.
        count: how many at most.

    Raises:
        ReconcileError: there are none because the Volume was deleted.
        UnavailableError: Modal did not answer.
    """
    applies, damaged = await read_history(ports.files, count)
    if not applies:
        lost = await lost_volume(ports.apps, ports.files, settings.app)
        if lost is not None:
            lost.what += "; the history of applies was on it"
            raise lost
    return Applies(tuple(applies), damaged)
