"""What is known of the runs of a schedule, for a person who wants some of them again."""

from __future__ import annotations

from typing import NamedTuple

from reconciler.deploy.modal_files import RemoteGenerations
from reconciler.dispatch.adapters.at_once import together
from reconciler.manifest import EnvironmentSettings
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.formats import Damaged
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.reruns import RunsKnown, by_occurrence, next_run
from reconciler.query.live_runs import read_cursor, with_open_calls
from reconciler.query.newest_first import Known
from reconciler.query.nothing_found import nothing_live, require_readable, unknown_schedule
from reconciler.query.ports import QueryPorts
from reconciler.query.reach import FAR_DAYS


class NextRun(NamedTuple):
    """The next run of an occurrence.

    Attributes:
        damaged: what could not be read on the way.
    """

    record: ScheduleRecord
    run: Occurrence
    damaged: tuple[Damaged, ...] = ()


async def find_next_run(
    ports: QueryPorts, settings: EnvironmentSettings, occurrence: Occurrence
) -> NextRun:
    """The next run of an occurrence that was missed or did not succeed.

    Raises:
        RefusedError: another run of it is open, or it has succeeded.
        ReconcileError: nothing is live, or it is not an occurrence of a live schedule.
        UnavailableError: Modal did not answer.
    """
    generation, record = await live_record(ports, settings, occurrence.name)
    asked = record.occurrence(occurrence.at)
    history = await ports.history.read_about(record.names.__contains__, asked.at, days=FAR_DAYS)
    known = await runs_known(ports, generation, record, history)
    return NextRun(record, next_run(record, asked, known), tuple(history.damaged))


async def live_record(
    ports: QueryPorts, settings: EnvironmentSettings, name: str
) -> tuple[Generation, ScheduleRecord]:
    """What is live, and the schedule that has or had this name.

    Raises:
        ReconcileError: there is none.
        UnavailableError: Modal did not answer.
    """
    generation = await RemoteGenerations(ports.files).live()
    if generation is None:
        raise await nothing_live(ports.apps, ports.files, settings)
    require_readable(generation, name)
    record = generation.named(name)
    if record is None:
        raise unknown_schedule(name, list(generation.by_name))
    return generation, record


async def runs_known(
    ports: QueryPorts, generation: Generation, record: ScheduleRecord, history: Known
) -> RunsKnown:
    """What a history and the cursor say of the runs of a schedule; of those that are open, Modal.

    Raises:
        UnavailableError: Modal did not answer.
    """
    of_it = [run for run in history.ordered if run.occurrence.name in record.names]
    runs, entry = await together(with_open_calls(of_it, ports.caller), ports.claims.get(CURSOR_KEY))
    cursor = await read_cursor(entry, ports.history, generation)
    return RunsKnown(
        runs=by_occurrence(runs),
        cut=history.cut,
        pending=frozenset(map(Occurrence.parse, cursor.pending)),
        through=cursor.through,
    )
