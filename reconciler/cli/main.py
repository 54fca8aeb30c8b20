"""The command line: parse, call, print, exit code. Commands are loaded when they are called."""

from __future__ import annotations

import atexit
import gc
import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from reconciler.cli.options.parser import parser
from reconciler.cli.signals import heed_signals, ignore_signals, number_of
from reconciler.cli.times import with_offsets
from reconciler.disk import disk_problem
from reconciler.errors import ReconcileError, StoppedError
from reconciler.foreign_text import on_one_line
from reconciler.requirement import broken_modal, require_modal
from reconciler.streams import OutputClosedError, OutputError, choose_colour, guard_streams

BROKEN_PIPE = 141
_POSITION: Final = re.compile(r"[^\s:][^:\n]*:[0-9]+:[0-9]+: ")

COLLECT: Final = (1_000_000, 20, 100)
"""Thresholds of the garbage collector. A plan of 10,000 schedules creates millions of objects, few
of them in cycles: a scan takes time and frees nothing. A server sets lower ones."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point of ``reconcile``."""
    codes: list[int] = []
    atexit.register(_leave, codes)  # before those of libraries: it is called after them
    guard_streams()
    heed_signals()
    gc.set_threshold(*COLLECT)
    codes.append(call(arguments))
    sys.exit(codes[0])


def _leave(codes: Sequence[int]) -> None:
    """End the process now: the interpreter would first free each object, which takes a quarter of
    the time of a plan.

    Args:
        codes: the exit code; empty when no command was called, as with ``--help``.
    """
    with suppress(OSError, OutputError):
        sys.stdout.flush()
        sys.stderr.flush()
        if codes:
            os._exit(codes[0])


def call(arguments: Sequence[str] | None) -> int:
    """Parse and run a command; every failure becomes a message and an exit code."""
    environment: str | None = None
    try:
        try:
            args = parser().parse_args(arguments)
        finally:
            sys.stdout.flush()  # of --help
        given = vars(args)
        environment = given.get("env")
        choose_colour(given.pop("color"))
        _require_folder()
        require_modal()
        module, _, function = given.pop("target").partition(":")
        command: Callable[..., int] = getattr(
            importlib.import_module(f"reconciler.cli.{module}"), function
        )
        code = command(**_accepted(command, with_offsets(given)))
        sys.stdout.flush()
    except ReconcileError as error:
        return _fail(error.message_for(environment), error.exit_code)
    except KeyboardInterrupt as stop:
        ignore_signals()
        stopped = StoppedError("no lease is held").by(number_of(stop))
        return _fail(str(stopped), stopped.exit_code)
    except OutputClosedError:
        return BROKEN_PIPE
    except ImportError as error:
        unusable = broken_modal(error)
        return _unexpected(error) if unusable is None else _fail(unusable.message_for(None), 1)
    except Exception as error:  # noqa: BLE001 - the last resort: no traceback reaches a user
        return _unexpected(error)
    return code


def _accepted(command: Callable[..., int], given: dict[str, Any]) -> dict[str, Any]:
    """The arguments that a command takes: the options of ``reconcile`` itself are there always."""
    parameters = inspect.signature(command).parameters
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
        return given
    return {name: given[name] for name in parameters}


def _require_folder() -> None:
    """Refuse a current folder that no longer exists or that this user may not read."""
    try:
        Path.cwd()
    except OSError as error:
        raise ReconcileError(
            f"the current folder cannot be read: {(error.strerror or 'unknown reason').lower()}",
            remedy="It may have been deleted. Change to a folder that exists.",
        ) from error


def _fail(message: str, code: int) -> int:
    from reconciler.cli.terminal import fitted
    from reconciler.redaction import redacted

    # Editors and CI find a line that begins with a position by a pattern such as that of compilers.
    text = message if _POSITION.match(message) else f"reconcile: {message}"
    # The terminal may have been closed, which stopped the command; or the disk is full.
    with suppress(OSError, OutputError):
        print(fitted(redacted(text), sys.stderr), file=sys.stderr, flush=True)
    return code


def _unexpected(error: Exception) -> int:
    if os.environ.get("RECONCILER_TRACEBACK"):
        raise error
    text = on_one_line(" ".join(str(error).split()))
    if type(error).__name__ == "UnavailableError":
        message = f"Modal did not answer: {text}\n  Nothing is lost; run it again."
    elif isinstance(error, MemoryError):
        message = "not enough memory\n  Give the process more memory, then run it again."
    elif isinstance(error, OSError) and (problem := disk_problem(error)) is not None:
        place = f"{error.filename}: " if error.filename else ""
        message = f"{place}{problem}\n  Solve that, then run it again."
    else:
        message = (
            f"unexpected {type(error).__name__}: {text}\n  This is a defect. Set "
            "RECONCILER_TRACEBACK=1 to see where, and report it."
        )
    return _fail(message, 1)
