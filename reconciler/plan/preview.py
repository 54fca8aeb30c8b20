"""What can be said of schedules before anything is asked of Modal."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.manifest import EnvironmentSettings, Schedule
from reconciler.model.generation import Slot
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.budget import left_of
from reconciler.plan.compilation import compile_records
from reconciler.plan.slot_members import members_of, pack_members


def preview_records(schedules: Iterable[Schedule], now: int) -> tuple[ScheduleRecord, ...]:
    """The records as if all of them were new; their occurrences begin after ``now``."""
    return compile_records(schedules, (), now).records


def preview_slots(
    schedules: Iterable[Schedule], settings: EnvironmentSettings, now: int
) -> tuple[Slot, ...]:
    """The slots as they are packed when no other app holds a cron."""
    members = members_of(schedules, settings.tasks, now)
    budget = left_of(settings.crons, 0, settings.reserve)
    packed = pack_members(members, settings.packing, budget, now)
    return tuple(Slot(slot.name, slot.cron) for slot in packed)
