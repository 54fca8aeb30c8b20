"""Whether anything wakes for tasks, as the live generation says."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import FrameType
from typing import Final

from reconciler.dispatch.ports import TaskFiles
from reconciler.model.generation import TASK_RESOLUTION, generation_path
from reconciler.model.pointer import decode_pointer

_INSIDE: Final = frozenset({Path(__file__).parent, Path(asyncio.__file__).parent})
"""Folders of the code between a caller's line and ours; a synchronous twin runs an event loop."""
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


def callers_level() -> int:
    """The ``stacklevel`` by which a warning of our caller points at the line that called for it.

    Of a task that runs by itself no line is known but the one that runs the event loop.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - what `warnings` itself does
    level = 1
    while frame is not None and Path(frame.f_code.co_filename).parent in _INSIDE:
        frame, level = frame.f_back, level + 1
    return level
