"""Resolves a name on the command line to a schedule or task, and finds its runs in the history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.dispatch.ports import TaskFiles
from reconciler.model.formats import FormatError
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.task import (
    NAME_PREFIX,
    SettledTask,
    Task,
    is_task,
    parse_task_key,
    task_id_of,
)
from reconciler.query.file_runs import all_names
from reconciler.query.nothing_found import unknown_schedule
from reconciler.query.ports import QueryPorts
from reconciler.query.reach import FAR_DAYS


@dataclass(frozen=True, slots=True)
class NameMatcher:
    """Selects the occurrences in the history that belong to a schedule or task.

    Attributes:
        names: its names in the history.
        former: earlier names of the schedule, each with the last epoch minute at which it had it.
        task_id: the task's id, if all its editions match; None for one edition, or no task.
    """

    names: frozenset[str]
    former: tuple[tuple[str, int], ...] = ()
    task_id: str | None = None

    @classmethod
    def of(cls, name: str, generation: Generation | None) -> NameMatcher:
        """The matcher for a name on the command line.

        Args:
            name: of a schedule, or the id of a task (``t1``), or one edition of it (``t1~2``,
                ``task/t1~2``).
        """
        record = None if generation is None else generation.find(name)
        former = () if record is None else record.formerly
        key = parse_task_key(name)
        whole = key is not None and "~" not in name
        return cls(frozenset({name, NAME_PREFIX + name}), former, name if whole else None)

    def may_match(self, name: str) -> bool:
        """Whether an occurrence of that name in the history may match."""
        return (
            name in self.names
            or any(name == old for old, _last in self.former)
            or (self.task_id is not None and task_id_of(name) == self.task_id)
        )

    def matches(self, occurrence: Occurrence) -> bool:
        """Whether an occurrence in the history matches."""
        return (
            occurrence.name in self.names
            or any(occurrence.name == old and occurrence.at <= last for old, last in self.former)
            or (self.task_id is not None and task_id_of(occurrence.name) == self.task_id)
        )


async def require_known(
    name: str, generation: Generation | None, ports: QueryPorts, history: Iterable[Run] = ()
) -> None:
    """Refuse an unknown name: a mistyped name must not look like one without history.

    Args:
        history: the runs that were read already.

    Raises:
        NothingFoundError: the name is neither live nor in the history.
        UnavailableError: Modal did not answer.
    """
    if generation is not None and generation.named(name) is not None:
        return
    named = NameMatcher.of(name, generation)
    if any(named.matches(run.occurrence) for run in history):
        return
    if await find_task(ports.tasks, name) is not None:
        return
    whole = await ports.history.read_back(lambda _known: all_names, days=FAR_DAYS)
    seen = list(whole.runs)
    if any(map(named.matches, seen)):
        return
    live = () if generation is None else generation.by_name
    known = {*live, *(task_id_of(one.name) or one.name for one in seen)}
    raise unknown_schedule(name, known, "schedule or task", damaged=whole.damaged)


async def find_task(files: TaskFiles | None, name: str) -> Task | SettledTask | None:
    """A task by its id, in its newest edition, or by the name of one edition.

    Raises:
        FormatError: its file cannot be read.
    """
    from reconciler.client.stored_tasks import newest, paths_of, stored

    name = name.removeprefix(NAME_PREFIX)
    key = parse_task_key(name)
    if files is None or key is None:
        return None
    if "~" not in name:
        return await newest(files, name)
    return await stored(files, *key, await paths_of(files, key[0]))


async def records_of(
    runs: Sequence[Run], generation: Generation | None, files: TaskFiles | None
) -> dict[str, ScheduleRecord]:
    """The records of the schedules and tasks of these runs, by name; without unknown ones."""
    found: dict[str, ScheduleRecord] = {}
    for run in runs:
        name = run.occurrence.name
        record = None if generation is None else generation.owner(run.occurrence)
        if is_task(name) and name not in found:
            record = await record_of_task(files, name)
        if record is not None:
            found[name] = record
    return found


async def record_of_task(files: TaskFiles | None, name: str) -> ScheduleRecord | None:
    """The record of a task; None if its file no longer exists or cannot be read."""
    from reconciler.client.stored_tasks import paths_of, stored, task_of

    key = parse_task_key(name.removeprefix(NAME_PREFIX))
    if files is None or key is None:
        return None
    try:
        task = await stored(files, *key, await paths_of(files, key[0]))
    except FormatError:
        # The outcome of the run is known without the file.
        return None
    return None if task is None else task_of(task).record()
