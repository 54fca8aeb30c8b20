"""Tasks from any Python program: schedule one for a time, cancel it, list what there is."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, Literal
from uuid import uuid4

from reconciler.client.cancellation import cancel
from reconciler.client.creation import create
from reconciler.client.listing import ScheduledTask, list_stored, view
from reconciler.client.not_found import missing_function, require_applied
from reconciler.client.stored_tasks import TaskPorts
from reconciler.client.synchronous import wait_for
from reconciler.client.task_errors import InvalidTaskError, TaskError, UnknownTaskError
from reconciler.client.task_files import ModalTaskFiles
from reconciler.client.task_request import task_from_arguments
from reconciler.client.wake_warning import NothingWakesWarning, callers_level, warning
from reconciler.dispatch.adapters.modal_calls import ModalCaller, ModalClaims, SystemClock
from reconciler.dispatch.answers import ModalError, TargetMissingError, UnavailableError
from reconciler.model.formats import FormatError

DEFAULT_APP: Final = "schedule-reconciler"
"""The name of the app, Volume and Dict, unless the settings say otherwise."""
CANCELLED: Final = "cancelled by a program"

_looked_at: set[tuple[str, str | None]] = set()
"""Apps of which this process knows that they are there, and whether anything wakes for tasks."""


async def schedule_task_async(
    function: str,
    at: datetime | str,
    args: Mapping[str, Any] | None = None,
    id: str | None = None,  # noqa: A002 - what it is called everywhere else
    *,
    delivery: Literal["at-least-once", "at-most-once"] = "at-least-once",
    app: str = DEFAULT_APP,
    environment: str | None = None,
) -> ScheduledTask:
    """Have a function called once, at a time.

    Args:
        function: ``app/function`` or ``app/Class.method``, deployed.
        at: an aware datetime, or ISO 8601 with an offset; a task starts with the first wake at or
            after the next whole minute. A time that is past: with the next wake.
        args: keyword arguments, JSON values.
        id: letters, digits, ``.``, ``_`` and ``-``. With the same id it is one task: asking for the
            same again returns it, also when it has started. None for a task of its own.
        delivery: which way to err when a wake dies while it starts the task.
        app: our app, as in the settings.
        environment: its Modal environment; None for the one that we are in.

    Raises:
        InvalidTaskError: no task can be made of this.
        TaskExistsError: the id is that of another task.
        UnknownAppError: there is no such app of ours.
        TaskError: Modal did not answer.

    Warns:
        NothingWakesWarning: the task is stored, and no cron wakes for tasks.
    """
    ports = _open(app, environment)
    wanted = task_from_arguments(function, at, args, id, delivery, ports.clock.now())
    with _explained(function, "With an id, calling again is safe: it stays one task."):
        try:
            await ModalCaller(environment).look_up(wanted.app, wanted.function)
        except TargetMissingError as error:
            missing = await missing_function(error, environment)
            raise InvalidTaskError(missing.what, remedy=missing.remedy) from error
        pointer = None
        if (app, environment) not in _looked_at:
            # Before anything is stored: storing makes the Volume, and no wake would look into it.
            pointer = await require_applied(ports.files, app, environment)
        if id is None:
            await ports.files.change({wanted.path: wanted.encode()})
            found: ScheduledTask = view(wanted)
        else:
            found = view(await create(ports, wanted, uuid4().hex))
    if pointer is not None and await _warn(ports, pointer):
        _looked_at.add((app, environment))
    return found


async def cancel_task_async(
    id: str,  # noqa: A002 - what it is called everywhere else
    *,
    reason: str = CANCELLED,
    app: str = DEFAULT_APP,
    environment: str | None = None,
) -> ScheduledTask:
    """See to it that a task does not start. Once this returns, no wake starts it.

    Args:
        reason: for the history.
        app, environment: as for :func:`schedule_task_async`.

    Raises:
        UnknownTaskError: there is no such task.
        UnknownAppError: there is no such app of ours.
        TaskStartedError: it has started, may have, or is being started.
        TaskError: Modal did not answer; calling again is safe.
    """
    ports = _open(app, environment)
    with _explained(id, "Call it again; that is safe."):
        try:
            return view(await cancel(ports, id, uuid4().hex, reason))
        except UnknownTaskError:
            await require_applied(ports.files, app, environment)
            raise


async def list_tasks_async(
    *, settled: bool = False, app: str = DEFAULT_APP, environment: str | None = None
) -> list[ScheduledTask]:
    """The tasks that are to run, by time.

    Args:
        settled: also those of the last two weeks that are settled.

    Raises:
        UnknownAppError: there is no such app of ours.
        TaskError: Modal did not answer.
    """
    files = _open(app, environment).files
    with _explained(app, "Ask again."):
        found = await list_stored(files, settled=settled)
        if not found:
            await require_applied(files, app, environment)
        return found


def schedule_task(
    function: str,
    at: datetime | str,
    args: Mapping[str, Any] | None = None,
    id: str | None = None,  # noqa: A002 - what it is called everywhere else
    *,
    delivery: Literal["at-least-once", "at-most-once"] = "at-least-once",
    app: str = DEFAULT_APP,
    environment: str | None = None,
) -> ScheduledTask:
    """See :func:`schedule_task_async`."""
    return wait_for(
        schedule_task_async(
            function, at, args, id, delivery=delivery, app=app, environment=environment
        )
    )


def cancel_task(
    id: str,  # noqa: A002 - what it is called everywhere else
    *,
    reason: str = CANCELLED,
    app: str = DEFAULT_APP,
    environment: str | None = None,
) -> ScheduledTask:
    """See :func:`cancel_task_async`."""
    return wait_for(cancel_task_async(id, reason=reason, app=app, environment=environment))


def list_tasks(
    *, settled: bool = False, app: str = DEFAULT_APP, environment: str | None = None
) -> list[ScheduledTask]:
    """See :func:`list_tasks_async`."""
    return wait_for(list_tasks_async(settled=settled, app=app, environment=environment))


def _open(app: str, environment: str | None) -> TaskPorts:
    return TaskPorts(
        clock=SystemClock(),
        claims=ModalClaims(app, environment),
        files=ModalTaskFiles(app, environment),
    )


async def _warn(ports: TaskPorts, pointer: bytes) -> bool:
    """Warn when nothing wakes for tasks; whether that could be found out."""
    try:
        message = await warning(ports.files, pointer)
    except (UnavailableError, FormatError, ValueError):
        # The task is stored; a plan tells what is wrong with what is live.
        return False
    if message is not None:
        warnings.warn(message, NothingWakesWarning, stacklevel=callers_level())
    return True


@contextmanager
def _explained(where: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except ModalError as error:
        if error.answered:  # it says what was asked for
            raise TaskError(error.what, remedy=error.remedy) from error
        raise TaskError(error.what, where=where, remedy=remedy) from error
    except UnavailableError as error:
        raise TaskError(f"Modal did not answer: {error}", where=where, remedy=remedy) from error
