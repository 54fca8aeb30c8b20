"""Tasks from any Python program: schedule one for a time, cancel it, list them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, Literal
from uuid import uuid4

from reconciler.client.cancellation import cancel
from reconciler.client.creation import create
from reconciler.client.not_found import missing_function, require_applied
from reconciler.client.stored_tasks import TaskPorts
from reconciler.client.synchronous import run_sync
from reconciler.client.task_errors import InvalidTaskError, TaskError, UnknownTaskError
from reconciler.client.task_files import ModalTaskFiles
from reconciler.client.task_listing import ScheduledTask, list_stored, to_scheduled_task
from reconciler.client.task_request import task_from_arguments
from reconciler.client.wake_warning import NothingWakesWarning, missing_cron, stacklevel_of_caller
from reconciler.dispatch.adapters.modal_calls import ModalCaller, ModalClaims, SystemClock
from reconciler.dispatch.answers import ModalError, TargetMissingError, UnavailableError
from reconciler.model.formats import FormatError

DEFAULT_APP: Final = "schedule-reconciler"
"""The name of the app, Volume and Dict, unless the settings say otherwise."""
CANCELLED: Final = "cancelled by a program"

_checked_apps: set[tuple[str, str | None]] = set()
"""App and environment of the apps that this process has checked: they exist, and the warning about
a missing cron for tasks has been given if it was due."""


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
    """Call a deployed function once, at a given time.

    Args:
        function: ``app/function`` or ``app/Class.method``, deployed.
        at: an aware datetime, or ISO 8601 with an offset. It is rounded up to the whole minute; the
            first wake at or after that minute starts the task. A past time: the next wake.
        args: keyword arguments, JSON values.
        id: letters, digits, ``.``, ``_`` and ``-``. One id is one task: the same call again returns
            the existing task, also after it has started. None for a new random id.
        delivery: whether a wake that dies while it starts the task may run it twice or not at all.
        app: the name of the app, as in ``reconciler.yaml``.
        environment: its Modal environment; None for the program's own.

    Raises:
        InvalidTaskError: an argument is invalid.
        TaskExistsError: the id belongs to a different task.
        UnknownAppError: nothing was ever applied to an app of this name.
        TaskError: Modal did not answer.

    Warns:
        NothingWakesWarning: the task is stored, but no cron wakes for tasks.
    """
    ports = _open(app, environment)
    wanted = task_from_arguments(function, at, args, id, delivery, ports.clock.now())
    with _translated(function, "With an id, calling again is safe: it stays one task."):
        try:
            await ModalCaller(environment).look_up(wanted.app, wanted.function)
        except TargetMissingError as error:
            missing = await missing_function(error, environment)
            raise InvalidTaskError(missing.what, remedy=missing.remedy) from error
        pointer = None
        if (app, environment) not in _checked_apps:
            # Before anything is stored: storing creates the Volume, and no wake would read it.
            pointer = await require_applied(ports.files, app, environment)
        if id is None:
            await ports.files.change({wanted.path: wanted.encode()})
            found: ScheduledTask = to_scheduled_task(wanted)
        else:
            found = to_scheduled_task(await create(ports, wanted, uuid4().hex))
    if pointer is not None and await _warn(ports, pointer):
        _checked_apps.add((app, environment))
    return found


async def cancel_task_async(
    id: str,  # noqa: A002 - what it is called everywhere else
    *,
    reason: str = CANCELLED,
    app: str = DEFAULT_APP,
    environment: str | None = None,
) -> ScheduledTask:
    """Cancel a task that has not started. Once this returns, no wake starts it.

    Args:
        reason: shown in the history.
        app, environment: as for :func:`schedule_task_async`.

    Raises:
        UnknownTaskError: there is no such task.
        UnknownAppError: nothing was ever applied to an app of this name.
        TaskStartedError: the task has started, may have started, or is being started.
        TaskError: Modal did not answer; calling again is safe.
    """
    ports = _open(app, environment)
    with _translated(id, "Calling again is safe."):
        try:
            return to_scheduled_task(await cancel(ports, id, uuid4().hex, reason))
        except UnknownTaskError:
            await require_applied(ports.files, app, environment)
            raise


async def list_tasks_async(
    *, settled: bool = False, app: str = DEFAULT_APP, environment: str | None = None
) -> list[ScheduledTask]:
    """The pending tasks, sorted by time.

    Args:
        settled: include the tasks that were settled (started, missed or cancelled) in the last two
            weeks.

    Raises:
        UnknownAppError: nothing was ever applied to an app of this name.
        TaskError: Modal did not answer.
    """
    files = _open(app, environment).files
    with _translated(app, "Try again."):
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
    return run_sync(
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
    return run_sync(cancel_task_async(id, reason=reason, app=app, environment=environment))


def list_tasks(
    *, settled: bool = False, app: str = DEFAULT_APP, environment: str | None = None
) -> list[ScheduledTask]:
    """See :func:`list_tasks_async`."""
    return run_sync(list_tasks_async(settled=settled, app=app, environment=environment))


def _open(app: str, environment: str | None) -> TaskPorts:
    return TaskPorts(
        clock=SystemClock(),
        claims=ModalClaims(app, environment),
        files=ModalTaskFiles(app, environment),
    )


async def _warn(ports: TaskPorts, pointer: bytes) -> bool:
    """Warn when no cron wakes for tasks. False if that could not be checked."""
    try:
        message = await missing_cron(ports.files, pointer)
    except (UnavailableError, FormatError, ValueError):
        # The task is stored. A plan reports damage to the live generation.
        return False
    if message is not None:
        warnings.warn(message, NothingWakesWarning, stacklevel=stacklevel_of_caller())
    return True


@contextmanager
def _translated(where: str, remedy: str) -> Iterator[None]:
    """Raise failures of Modal as :class:`TaskError`."""
    try:
        yield
    except ModalError as error:
        if error.answered:  # the message names the request already
            raise TaskError(error.what, remedy=error.remedy) from error
        raise TaskError(error.what, where=where, remedy=remedy) from error
    except UnavailableError as error:
        raise TaskError(f"Modal did not answer: {error}", where=where, remedy=remedy) from error
