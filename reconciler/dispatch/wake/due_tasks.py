"""Which tasks are due, and what is done with their files once they are settled.

All buckets up to this hour's are looked at: what is there is not settled, or its removal was cut
short. What is settled stays so whatever has been lost: the claims say it for seven days after they
were last looked at, the file under ``settled/`` for two weeks, and of a task that was due so long
ago that its claim may have died, the runs files are asked before it is started.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.decide.due import FoundTasks
from reconciler.dispatch.decide.recovery import RECOVERY_DAYS
from reconciler.dispatch.ports import Claims, RunLog, TaskFiles
from reconciler.errors import one_line
from reconciler.model.claim import CLAIM_LIFE
from reconciler.model.formats import FormatError
from reconciler.model.runs_file import ReadLogs, RunRecord, RunState, WakeLog, format_time
from reconciler.model.task import (
    Ending,
    SettledTask,
    Task,
    TaskPath,
    decode_settled,
    decode_task,
)

CLAIM_DOUBTED: Final = CLAIM_LIFE.total_seconds() / 60
"""Minutes after which a claim may have died of idleness."""


async def find_tasks(
    paths: Sequence[str],
    files: TaskFiles,
    log: RunLog,
    claims: Claims,
    now: int,
    started: datetime,
    *,
    exactly: bool = False,
) -> FoundTasks:
    """Look at the files of tasks that may be due.

    Args:
        paths: of those in the buckets up to this hour's.
        now: epoch minute up to which tasks are due.
        started: the time of the wake.
        exactly: only tasks of that minute.

    Raises:
        UnavailableError: they cannot be read.
    """
    search = _FileSearch(files, claims, now, started, exactly)
    found = [one for one in await at_once(map(search.look_at, paths)) if one is not None]
    due = {task.name: task for one in found for task in one.due}
    old = [task for task in due.values() if now - task.since > CLAIM_DOUBTED]
    logs = await log.recent(RECOVERY_DAYS) if old else ReadLogs()
    known = _known(old, logs)
    return FoundTasks(
        due={name: task for name, task in due.items() if name not in known},
        known=tuple(known.values()),
        over=tuple(path for one in found for path in one.over),
        lines=tuple(line for one in found for line in one.lines),
        damaged=logs.damaged,
    )


async def settle_tasks(
    files: TaskFiles | None, found: FoundTasks, records: Iterable[RunRecord]
) -> None:
    """Keep in files of their own what the wake has settled and written down; drop the tasks'.

    When that fails, the next wake does it: it finds the claims, or the file.
    """
    over = list(found.over)
    settled = list(found.known)
    for record in records:
        task = found.due.get(record.name)
        ending = None if task is None else _ending(task, record)
        if ending is not None:
            settled.append(ending)
    if files is None or not (over or settled):
        return
    try:
        await files.change(
            {one.task.settled_path: one.encode() for one in settled},
            [*over, *(one.task.path for one in settled)],
        )
    except (UnavailableError, OSError):
        return


@dataclass(frozen=True, slots=True)
class _FoundTask:
    """The same as :class:`FoundTasks`, of one file."""

    due: tuple[Task, ...] = ()
    over: tuple[str, ...] = ()
    lines: tuple[RunRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class _FileSearch:
    files: TaskFiles
    claims: Claims
    now: int
    started: datetime
    exactly: bool

    async def look_at(self, path: str) -> _FoundTask | None:
        place = TaskPath.parse(path)
        if place is None:
            return None
        try:
            content = await self.files.read(path)
            if content is None:
                return None
            task = decode_task(content, path)
            if task.at > self.now or (self.exactly and task.at != self.now):
                return None
            said = await self.files.read(task.settled_path)
            if said is None:
                return _FoundTask(due=(task,))
            settled = decode_settled(said, task.settled_path)
        except (FormatError, OSError) as error:
            return await self.unreadable(place, path, error)
        if settled.ending is Ending.STARTED:
            return _FoundTask(over=(path,))
        # A cancellation writes no runs file: the wake of its time does.
        state = RunState.SKIPPED if settled.ending is Ending.CANCELLED else RunState.MISSED
        line = self.line(place.name, task.at, state, settled.reason or settled.ending.value)
        return _FoundTask(over=(path,), lines=(line,))

    async def unreadable(self, place: TaskPath, path: str, error: Exception) -> _FoundTask | None:
        """Report a file that cannot be read, once a day, until a person removes or repairs it."""
        if self.exactly:
            return None
        key = f"unreadable/{path}/{self.started.date().isoformat()}"
        try:
            if not await self.claims.put_new(key, {"path": path}):
                return None
        except UnavailableError:
            return None
        reason = one_line(error)
        return _FoundTask(lines=(self.line(place.name, place.hour, RunState.START_FAILED, reason),))

    def line(self, name: str, at: int, state: RunState, reason: str) -> RunRecord:
        seen = format_time(self.started)
        return RunRecord(name=name, times=(at,), state=state, at=seen, reason=reason)


def _known(tasks: Iterable[Task], logs: Iterable[WakeLog]) -> dict[str, SettledTask]:
    """Which of these the runs files say are settled, by name."""
    by_name = {task.name: task for task in tasks}
    known: dict[str, SettledTask] = {}
    for one in logs:
        for record in one.records:
            task = by_name.get(record.name)
            ending = None if task is None else _ending(task, record)
            if ending is not None:
                known.setdefault(record.name, ending)
    return known


def _ending(task: Task, record: RunRecord) -> SettledTask | None:
    """The ending of a task that a line in the history says; None when that settles nothing."""
    if record.times[-1] != task.at:
        return None
    match record.state:
        case RunState.START_FAILED | RunState.QUEUED:
            return None
        case RunState.MISSED:
            ending, call = Ending.MISSED, None
        case RunState.SKIPPED:
            ending, call = Ending.CANCELLED, None
        case _:
            ending, call = Ending.STARTED, record.call
    reason = None if ending is Ending.STARTED else record.reason
    return SettledTask(task=task, ending=ending, at=record.at, call=call, reason=reason)
