"""What a slot wakes for, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reconciler.model.generation import SAFETY_TICK, TASK_TICK
from reconciler.pack import PackedSlot
from reconciler.words import count

TASKS: Final = "tasks that programs create"
SAFETY: Final = "what the Worker on Cloudflare may miss"
_SHOWN: Final = {TASK_TICK: TASKS, SAFETY_TICK: SAFETY}


def served_names(slot: PackedSlot) -> list[str]:
    """The schedules, by name, and tasks."""
    return [_SHOWN.get(name, name) for name in slot.schedules]


def waking_words(slots: Sequence[PackedSlot]) -> str:
    """``13 schedules``, or ``13 schedules and tasks``: what there has to be woken for."""
    names = [name for slot in slots for name in slot.schedules]
    schedules = count(sum(name not in _SHOWN for name in names), "schedule")
    return f"{schedules} and tasks" if TASK_TICK in names else schedules
