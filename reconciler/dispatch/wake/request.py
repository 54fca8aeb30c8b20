"""The input of a wake: its ports, its source and what it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reconciler.cron import minute
from reconciler.model.occurrence import Occurrence

if TYPE_CHECKING:
    from reconciler.dispatch.ports import (
        Archive,
        BackfillFiles,
        Caller,
        Claims,
        Clock,
        Generations,
        Messenger,
        RunLog,
        TaskFiles,
    )


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a wake."""

    clock: Clock
    claims: Claims
    generations: Generations
    caller: Caller
    log: RunLog
    archive: Archive | None = None
    """None where the caller only reads, from outside."""
    tasks: TaskFiles | None = None
    """None where there are no tasks."""
    messenger: Messenger | None = None
    """None where no notification is sent."""
    backfills: BackfillFiles | None = None
    """None where no backfill is driven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeRequest:
    """The source of a wake, and what it is asked for.

    Attributes:
        wake: the call id of this wake.
        token: unique to this execution of it.
        slot: the slot that woke, or ``manual``.
        as_if: process this epoch minute alone, as a wake in that minute would have.
        trigger: start this schedule's occurrence of the present minute, whatever its times are.
        source: who asked for it over HTTP; empty for crons, and for people with the command line.
        triggered: when that was triggered, ISO 8601; empty where it does not say.
        args: of a trigger or a further run: arguments in place of those of the manifest.
        rerun: start this further run of an occurrence; its claim keeps it from starting twice.
    """

    wake: str
    token: str
    slot: str
    as_if: int | None = None
    trigger: str | None = None
    source: str = ""
    triggered: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    rerun: Occurrence | None = None

    @property
    def regular(self) -> bool:
        """Whether this processes everything since the last wake, and so may move the cursor."""
        return self.as_if is None and self.trigger is None and self.rerun is None

    def until(self, started: datetime) -> int:
        """The epoch minute up to which it looks, when it is started at that time."""
        return minute(started) if self.as_if is None else self.as_if


class NothingAppliedError(Exception):
    """There is no live generation: nothing was ever applied."""


class UnknownScheduleError(Exception):
    """The live generation has no schedule of that name."""
