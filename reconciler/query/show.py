"""One schedule with all that is known of it: the question behind ``reconcile show``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from reconciler.cron import minute
from reconciler.deploy.apply_records import record_or_damage
from reconciler.deploy.modal_files import RemoteGenerations
from reconciler.deploy.observation import read_pointer
from reconciler.dispatch.adapters.at_once import together
from reconciler.dispatch.decide.nominal_times import running_times
from reconciler.manifest import EnvironmentSettings
from reconciler.model.generation import Generation, Slot
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.forecast import slot_timetable
from reconciler.query.nothing_found import nothing_live, require_readable, unknown_schedule
from reconciler.query.ports import QueryPorts
from reconciler.query.runs import RunsWanted, list_runs
from reconciler.query.shown_schedule import ShownSchedule

NEXT: Final = 10
"""Occurrences to come that are shown."""
LAST: Final = 20
"""Runs that are shown."""


async def show(ports: QueryPorts, settings: EnvironmentSettings, name: str) -> ShownSchedule:
    """All about one schedule.

    Args:
        settings: which environment is meant.
        name: one that it has or had.

    Raises:
        ReconcileError: nothing is live.
        NothingFoundError: no schedule has the name.
        FormatError: what is live, or the schedule's record, cannot be read.
        UnavailableError: Modal did not answer.
    """
    generation, (pointer, _damage) = await together(
        RemoteGenerations(ports.files).live(), read_pointer(ports.files)
    )
    if generation is None:
        raise await nothing_live(ports.apps, ports.files, settings)
    require_readable(generation, name)
    record = generation.named(name)
    if record is None:
        raise unknown_schedule(name, generation.by_name)
    runs, (applied, damaged) = await together(
        list_runs(ports, settings, RunsWanted(count=LAST, name=record.name)),
        record_or_damage(ports.files, pointer),
    )
    now = minute(ports.clock.now())
    following = tuple(islice(running_times(record, now), NEXT))
    return ShownSchedule(
        record=record,
        slots=_slots(generation, record, following),
        generation=generation.digest,
        pointer=pointer,
        origin=None if applied is None else applied.origins.get(record.name),
        following=following,
        runs=runs.runs,
        suspended=record.is_suspended(now),
        damaged=(*runs.damaged, *damaged),
    )


def _slots(
    generation: Generation, record: ScheduleRecord, following: Sequence[int]
) -> tuple[Slot, ...]:
    """A solo slot bears the schedule's name; of the others those that wake in time for the next."""
    solo = tuple(slot for slot in generation.slots if slot.name == record.name)
    if solo or not following:
        return solo
    first = following[0]
    return tuple(
        slot
        for slot in generation.slots
        if any(True for _ in slot_timetable(slot).between(first - 1, first + record.tolerance))
    )
