"""Wakes over the in-memory ports: what the tests of the dispatcher are written in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import (
    FakeCaller,
    FakeClaims,
    FakeClock,
    FakeGenerations,
    FakeMessenger,
    FakeRunLog,
    FakeTaskFiles,
)
from reconciler.dispatch.answers import CallState, CallStatus
from reconciler.dispatch.wake.request import Ports, WakeRequest
from reconciler.dispatch.wake.wake import wake
from reconciler.model.generation import new_generation
from reconciler.model.runs_file import RunState, WakeLog
from reconciler.model.schedule_record import ScheduleRecord
from tests.simulation.virtual_time import run_virtually

PUNCTUALITY = 300


def at(text: str) -> datetime:
    """``09:00`` of the day that the tests play on, or a whole ISO time."""
    return datetime.fromisoformat(text if "T" in text else f"2026-11-20T{text}").replace(tzinfo=UTC)


def hourly(name: str = "hourly", since: str = "08:30", **values: Any) -> ScheduleRecord:
    """An hourly schedule that was applied at ``since``."""
    given: dict[str, Any] = {"when": ("0 * * * *",), "app": "shop", "function": "sync", **values}
    return ScheduleRecord(name=name, anchor=minute(at(since)), **given)


class Killed(BaseException):
    """The container is gone."""


@dataclass
class World:
    """Everything that outlives a wake."""

    claims: FakeClaims = field(default_factory=FakeClaims)
    caller: FakeCaller = field(default_factory=FakeCaller)
    log: FakeRunLog = field(default_factory=FakeRunLog)
    generations: FakeGenerations = field(default_factory=FakeGenerations)
    tasks: FakeTaskFiles = field(default_factory=FakeTaskFiles)
    messenger: FakeMessenger = field(default_factory=FakeMessenger)
    wakes: int = 0

    def live(self, *records: ScheduleRecord, **values: Any) -> None:
        """Make these the live generation."""
        self.generations.generation = new_generation(
            records, values.pop("slots", ()), PUNCTUALITY, **values
        )

    def ports(self, time: str) -> Ports:
        """The ports of a wake at that time."""
        return Ports(
            clock=FakeClock(at(time)),
            claims=self.claims,
            generations=self.generations,
            caller=self.caller,
            log=self.log,
            tasks=self.tasks,
            messenger=self.messenger,
        )

    def wake(self, time: str, ports: Ports | None = None, **request: Any) -> WakeLog:
        """Let a wake happen, to its end."""
        self.wakes += 1
        values = {"wake": f"fc-wake-{self.wakes}", "token": f"t{self.wakes}", "slot": "poller"}
        return run_virtually(wake(ports or self.ports(time), WakeRequest(**{**values, **request})))

    def end(self, call: int, state: CallState, reason: str | None = None) -> None:
        """Let the call that was started as the ``call``-th, from 1, come to its end."""
        self.caller.statuses[f"fc-{call}"] = CallStatus(state, reason=reason)

    def started(self) -> list[str]:
        """The ids of the occurrences that were spawned, as the claims have them, in order."""
        return sorted(
            key.partition("#")[0]
            for key, entry in self.claims.entries.items()
            if entry.get("state") == "started"
        )


def lines(log: WakeLog, state: RunState) -> list[str]:
    """The occurrences that a wake wrote down in this state."""
    return [
        f"{record.name}@{minute_text(at)}"
        for record in log.records
        if record.state is state
        for at in record.times
    ]


def minute_text(at: int) -> str:
    """The time of day of an epoch minute."""
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=at)
    return f"{time:%H:%M}"
