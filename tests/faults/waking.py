"""One case: a regular wake that meets a fault, and what the wakes after it make of it.

Regular wakes serve what became due since the cursor. The cursor is put back before each case, to
where one occurrence of every schedule is due, and everything that was claimed is forgotten. All of
this runs in a process of its own, beside the engine.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import modal

from reconciler.cron import minute
from reconciler.deploy.modal_files import ModalFiles, RemoteRunLog
from reconciler.dispatch.adapters.in_memory import FakeClock
from reconciler.dispatch.adapters.modal_calls import ModalCaller
from reconciler.engine.server_file import ServerFile
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.occurrence import format_minute
from reconciler.model.outbox import EMPTY_OUTBOX
from reconciler.model.runs import runs_of
from reconciler.model.runs_file import WakeLog, decode_compacted
from reconciler.query.live_runs import with_open_calls
from tests.engine_fixture import RunningEngine, until
from tests.faults.rig import OWN_APP

DAY: Final = 24 * 60
"""Minutes."""
ENOUGH: Final = "enough"
"""The mark at which what lingers ends."""
OLD: Final = timedelta(days=5)
"""Age of a day whose files the day's first wake puts together."""


def apply_as_of(days: int) -> None:
    """Apply as if it were so many days ago, so that the schedules have a past."""
    from reconciler.cli.connection import connected, open_workspace
    from reconciler.cli.inputs import read_inputs, schedules_of
    from reconciler.cli.source import desired_of
    from reconciler.deploy.apply import apply, prepare
    from reconciler.deploy.lease import Holder

    inputs = read_inputs("local", None)
    clock = FakeClock(datetime.now(UTC) - timedelta(days=days))

    async def run() -> None:
        workspace = replace(open_workspace(inputs), clock=clock)
        plan = await prepare(workspace, desired_of(inputs, schedules_of(inputs)))
        await apply(workspace, plan, Holder(owner="somebody"), lambda _: None)

    with connected(inputs):
        asyncio.run(run())


def begin(state: str) -> None:
    """Wake for the first time, and end what that started."""
    modal.Function.from_name(OWN_APP, "on_demand").remote()
    _Case(_attached(Path(state)), 0, "").quiet()


def fail(state: str) -> str:
    """The id of a call that has failed."""
    call = modal.Function.from_name("shop", "fail").spawn("of the day before")
    _Case(_attached(Path(state)), 0, "").quiet()
    return call.object_id


def play(
    state: str,
    at: int,
    slot: str,
    rules: list[dict[str, Any]],
    lingering: list[str],
    unseen: dict[str, str],
    cold: bool,
) -> dict[str, Any]:
    """Play a case; returns what became of it.

    Args:
        state: the engine's folder.
        at: the epoch minute at which all schedules are due.
        slot: that wakes.
        rules: in force during the first wake.
        lingering: schedules whose run of the day before has not ended at the first wake, of which
            those that wait for it get their turn after the second.
        unseen: calls that have ended, which the first wake sees, with their occurrences.
        cold: no container is left from the case before.
    """
    case = _Case(_attached(Path(state)), at, slot)
    if cold:
        case.cool()
    case.reset(unseen)
    if lingering:
        case.forget_runs()
    filed = case.file_old_logs()
    if lingering:
        case.wake_as_if(at - DAY)
        until(lambda: case.marks.len() == len(lingering))
    case.engine.forget_calls()
    if rules:
        case.engine.control("POST", "/faults", rules)
    wakes = [case.wake()]
    if not lingering:
        case.quiet()
    left = case.engine.control("GET", "/faults")
    case.engine.clear_faults()
    trace = case.engine.trace()
    case.age()
    wakes.append(case.wake())
    first = case.states(wakes)
    if lingering:
        for name in lingering:
            case.end(name)
        case.age()
        wakes.append(case.wake())
    case.quiet()
    return {
        "trace": trace,
        "met": not any(rule["times"] == 1 for rule in left),
        "history": asyncio.run(case.files.list(case.old_folder)),
        "days": asyncio.run(case.files.list("runs")),
        "first": first,
        "states": case.states(wakes),
        "marks": sorted(case.marks.values()),
        "unsettled": dict(case.cursor.pending),
        "untold": list(case.cursor.outbox.notifications),
        "behind": minute(datetime.now(UTC)) - (case.cursor.through or 0),
        "lost": sorted(filed - case.old_logs()),
    }


def file_days(ages: list[int]) -> None:
    """Leave the log of a wake on days that are so many days old."""
    for age in ages:
        _file(ModalFiles(OWN_APP, "main"), timedelta(days=age))


def _file(files: ModalFiles, age: timedelta) -> str:
    log = WakeLog(
        wake=uuid4().hex,
        slot="manual",
        started=f"{datetime.now(UTC) - age:%Y-%m-%dT12:00:00Z}",
        now=minute(datetime.now(UTC) - age),
        generation="0" * 64,
        through=None,
        pending={},
        records=(),
    )
    asyncio.run(RemoteRunLog(files).write(log))
    return log.wake


def _attached(state: Path) -> RunningEngine:
    engine = RunningEngine(state)
    engine.record = ServerFile.read(state)
    return engine


@dataclass
class _Case:
    engine: RunningEngine
    at: int
    slot: str

    def __post_init__(self) -> None:
        self.entries = modal.Dict.from_name(OWN_APP)
        self.marks = modal.Dict.from_name("marks", create_if_missing=True)
        self.files = ModalFiles(OWN_APP, "main")
        # Of the old day, whatever day it is when the case ends.
        self.old_folder = f"runs/{datetime.now(UTC) - OLD:%Y-%m-%d}"

    @property
    def cursor(self) -> Cursor:
        return Cursor.from_json(self.entries[CURSOR_KEY])

    def cool(self) -> None:
        """End all containers, which are idle."""
        for pid in self.engine.status()["container_pids"]:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not self.engine.status()["container_pids"])

    def reset(self, unseen: Mapping[str, str]) -> None:
        """As if nothing had been claimed since half an hour before, and these calls been open."""
        cursor = replace(
            self.cursor,
            through=self.at - 30,
            reached=None,
            pending={},
            calls=unseen,
            tidied="",
            outbox=EMPTY_OUTBOX,
        )
        self.entries.clear()
        self.marks.clear()
        self.entries[CURSOR_KEY] = cursor.to_json()

    def forget_runs(self) -> None:
        """As if no earlier case had run: what the history has is not started again."""

        async def remove() -> None:
            for path in await self.files.sizes("runs"):
                await self.files.remove(path)

        asyncio.run(remove())

    def file_old_logs(self) -> set[str]:
        """Two wakes of an old day; returns how they are called."""
        return {_file(self.files, OLD) for _ in range(2)}

    def old_logs(self) -> set[str]:
        """The wakes of that day that can be read."""
        return {log.wake for log in self.logs(self.old_folder)}

    def logs(self, folder: str, of: Collection[str] = ("",)) -> Sequence[WakeLog]:
        """The logs in a folder, of the wakes with these ids or of all."""
        return asyncio.run(self._logs(folder, of))

    async def _logs(self, folder: str, of: Collection[str]) -> Sequence[WakeLog]:
        found: list[WakeLog] = []
        for path in await self.files.list(folder):
            if any(wake in path for wake in of):
                found.extend(decode_compacted(await self.files.read(path) or b"", path))
        return found

    def wake_as_if(self, at: int) -> None:
        """Serve a minute that has passed."""
        wake = modal.Function.from_name(OWN_APP, "on_demand")
        wake.remote(as_if=format_minute(at))

    def wake(self) -> str:
        """Fire a slot's cron and wait until it has been served, however that ends."""
        call = self.engine.fire(OWN_APP, self.slot)
        try:
            modal.FunctionCall.from_id(call).get(timeout=60)
        except modal.exception.OutputExpiredError:
            raise
        except Exception as error:  # noqa: BLE001 - what a wake can raise is the case's to judge
            print(error, file=sys.stderr)
        return call

    def age(self) -> None:
        """Let the leases of all claims run out, and waits between attempts, as time would."""
        for key, entry in list(self.entries.items()):
            over = dict.fromkeys(entry.keys() & {"until", "again"}, "2020-01-01T00:00:00Z")
            if over:
                self.entries[key] = {**entry, **over}

    def end(self, name: str) -> None:
        """End the schedule's run of the day before."""
        claim = self.entries[f"{name}@{format_minute(self.at - DAY)}"]
        modal.FunctionCall.from_id(claim["call"]).cancel()
        caller = ModalCaller()
        until(lambda: asyncio.run(caller.status(claim["call"])).ended)

    def quiet(self) -> None:
        """Until nothing runs any more."""
        self.marks[ENOUGH] = ENOUGH
        until(lambda: self.engine.status()["unfinished_inputs"] == 0)
        del self.marks[ENOUGH]

    def states(self, wakes: Iterable[str]) -> dict[str, str]:
        """What the wakes have written down, and how their calls have ended since."""
        now = datetime.now(UTC)
        folders = {f"runs/{day:%Y-%m-%d}" for day in (now, now - timedelta(hours=1))}
        logs = [log for folder in sorted(folders) for log in self.logs(folder, tuple(wakes))]
        runs = asyncio.run(with_open_calls(runs_of(logs), ModalCaller()))
        return {run.occurrence.id: run.state.value for run in runs}
