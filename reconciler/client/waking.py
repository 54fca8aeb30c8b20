"""Whether anything wakes for tasks, as the live generation says."""

from __future__ import annotations

import json
from typing import Final

from reconciler.dispatch.generation import TASK_RESOLUTION, generation_path
from reconciler.dispatch.pointer import decode_pointer
from reconciler.dispatch.ports import TaskFiles

_SET_IT: Final = "Set `tasks: {resolution: 5m}` in reconciler.yaml and apply it."


class NothingWakesWarning(UserWarning):
    """A task was stored, and no cron wakes for tasks."""


async def warning(files: TaskFiles, pointer: bytes) -> str | None:
    """Why a task may have to wait, None when a cron wakes for tasks.

    Args:
        pointer: the content of the pointer.

    Raises:
        FormatError: the pointer cannot be read.
        UnavailableError: Modal did not answer.
    """
    content = await files.read(generation_path(decode_pointer(pointer).generation))
    header = json.loads((content or b"{}").partition(b"\n")[0])
    if header.get(TASK_RESOLUTION) is not None:
        return None
    return f"no cron wakes for tasks: this one starts with the first wake for a schedule. {_SET_IT}"
