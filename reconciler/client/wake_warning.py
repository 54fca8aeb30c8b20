"""The warning that no cron wakes for tasks, from the settings of the live generation."""

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
"""Folders of the code between the line of the caller and ours; asyncio is part of it."""
_SET_IT: Final = "Set `tasks: {resolution: 5m}` in reconciler.yaml and apply it."


class NothingWakesWarning(UserWarning):
    """A task was stored, but no cron wakes for tasks."""


async def missing_cron(files: TaskFiles, pointer: bytes) -> str | None:
    """The warning that no cron wakes for tasks; None if one does.

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
    return f"no cron wakes for tasks: this task starts at the next wake for a schedule. {_SET_IT}"


def stacklevel_of_caller() -> int:
    """The ``stacklevel`` for :func:`warnings.warn` that names the line of the program that called.

    Inside a background task of asyncio, that is the line that runs the event loop.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - what `warnings` itself does
    level = 1
    while frame is not None and Path(frame.f_code.co_filename).parent in _INSIDE:
        frame, level = frame.f_back, level + 1
    return level
