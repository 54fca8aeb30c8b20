"""What a slot wakes for, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reconciler.model.generation import TASK_TICK
from reconciler.pack import PackedSlot
from reconciler.words import count

TASKS: Final = "tasks that programs create"


def served_names(slot: PackedSlot) -> list[str]:
    """The schedules, by name, and tasks."""
    return [TASKS if name == TASK_TICK else name for name in slot.schedules]


def waking_words(slots: Sequence[PackedSlot]) -> str:
    """``13 schedules``, or ``13 schedules and tasks``: what there has to be woken for."""
    names = [name for slot in slots for name in slot.schedules]
    schedules = count(len(names) - names.count(TASK_TICK), "schedule")
    return f"{schedules} and tasks" if TASK_TICK in names else schedules
