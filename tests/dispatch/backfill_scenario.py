"""A world with backfills, over the in-memory ports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeBackfillFiles
from reconciler.dispatch.answers import CallState
from reconciler.dispatch.wake.request import Ports
from reconciler.model.backfill import (
    Backfill,
    BackfillEnd,
    BackfillState,
    Only,
    Progress,
    ended_path,
    progress_key,
    state_entry,
    state_key,
)
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run, runs_of
from reconciler.model.runs_file import RunState, format_time
from tests.dispatch.scenario import World, at

HOUR = 60
APPROVED = "10:00"


def backfill_of(count: int, *, name: str = "hourly", parallel: int = 1, run: int = 2) -> Backfill:
    """The hours of the day before, from midnight on."""
    first = minute(at("2026-11-19T00:00"))
    runs = tuple(Occurrence(name, first + n * HOUR, run) for n in range(count))
    return Backfill(
        name=name,
        first=first,
        until=first + count * HOUR,
        only=Only.MISSED,
        parallel=parallel,
        reverse=False,
        runs=runs,
        by="alice",
        at=format_time(at(APPROVED)),
    )


@dataclass
class BackfillWorld(World):
    """Everything that outlives a wake, backfills among it."""

    backfills: FakeBackfillFiles = field(default_factory=FakeBackfillFiles)

    def ports(self, time: str) -> Ports:
        """The ports of a wake at that time."""
        return replace(super().ports(time), backfills=self.backfills)

    def approve(self, backfill: Backfill) -> None:
        """Store it, as the command line does, and let it run."""
        self.backfills.files.setdefault(backfill.path, backfill.encode())
        self.claims.entries.setdefault(progress_key(backfill.digest), Progress().to_json())
        self.decide(backfill, BackfillState.RUNNING)

    def decide(self, backfill: Backfill, state: BackfillState) -> None:
        """A person decides about it."""
        self.claims.entries[state_key(backfill.digest)] = state_entry(state, "alice", "now")

    def ended(self, backfill: Backfill) -> BackfillEnd | None:
        """Why it is over; None while it is not."""
        path = ended_path(backfill.digest)
        content = self.backfills.files.get(path)
        return None if content is None else BackfillEnd.decode(content, path)

    def end_all(self, state: CallState = CallState.SUCCEEDED) -> None:
        """Let every call that was started end."""
        for number in range(len(self.caller.calls)):
            if f"fc-{number + 1}" not in self.caller.statuses:
                self.end(number + 1, state)

    def play(self, times: Sequence[str], **request: Any) -> None:
        """Wakes at these times, each after all runs have ended."""
        for time in times:
            self.end_all()
            self.wake(time, **request)

    def orders(self) -> list[str]:
        """The ids of the runs whose supervisors were started, in that order."""
        return [call.args["order"]["occurrence"] for call in self.caller.calls if call.app == "own"]

    def reruns(self) -> dict[str, RunState]:
        """The further runs in the history, by their ids."""
        found: Sequence[Run] = runs_of(self.log.logs)
        return {run.occurrence.id: run.state for run in found if run.occurrence.is_rerun}


def minutes(first: str, count: int) -> list[str]:
    """So many minutes from one on, as times of the day."""
    start = minute(at(first)) - minute(at("00:00"))
    return [f"{(start + n) // 60:02}:{(start + n) % 60:02}" for n in range(count)]
