"""Start calls now and fetch their results by id. Modal's own queue holds them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import modal

from reconciler.client.not_found import missing_function
from reconciler.client.synchronous import run_sync
from reconciler.client.target import HOW_TO_NAME, parse_target
from reconciler.dispatch.adapters.modal_calls import (
    UNREADABLE,
    ModalCaller,
    as_python,
    asking,
    status_of,
)
from reconciler.dispatch.adapters.modal_failures import describe, failure_of
from reconciler.dispatch.answers import (
    CallState,
    ModalError,
    NotStartedError,
    StartUnknownError,
    TargetMissingError,
    UnavailableError,
)
from reconciler.dispatch.ports import Claims
from reconciler.errors import ReconcileError
from reconciler.model.runs_file import format_time
from reconciler.policies import NO_ARGUMENT

_CALL: Final = re.compile(r"fc-[A-Za-z0-9]+", re.ASCII)
"""The id of a Modal function call."""

CALL_PREFIX: Final = "web-call"
"""Where the Dict has the calls whose results the HTTP API shows."""


class SubmitError(ReconcileError):
    """A job was not submitted, or it is unknown whether it was."""


class JobState(StrEnum):
    """The state of a job."""

    PENDING = "pending"
    """Waiting or running."""
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    """There is no such call, or it ended more than seven days ago: Modal has dropped its result."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state of a job, with its value or its error.

    Attributes:
        value: the return value of a job that is done.
        error: of a failed job, its exception in one line. Of a job that is done, the reason why the
            value cannot be read here, such as a class whose module is missing; the value is None.
    """

    state: JobState
    value: Any = None
    error: str | None = None


async def remember_call(
    claims: Claims, call: str, *, function: str, by: str | None, now: datetime
) -> None:
    """Store that a call was started on purpose, so that the HTTP API shows its result.

    Raises:
        UnavailableError: Modal did not answer; the call runs all the same.
    """
    entry = {"at": format_time(now), "by": by, "function": function}
    await claims.put(f"{CALL_PREFIX}/{call}", entry)


async def is_remembered(claims: Claims, call: str) -> bool:
    """Whether :func:`remember_call` has stored the call, at most seven days ago."""
    return await claims.get(f"{CALL_PREFIX}/{call}") is not None


def plain_value(value: object) -> object:
    """A returned value as JSON; one that JSON cannot represent as its Python repr."""
    try:
        return json.loads(json.dumps(value, default=as_python, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return as_python(value)


async def submit_async(
    function: str, args: Mapping[str, Any] | None = None, *, environment: str | None = None
) -> str:
    """Start ``app/function`` or ``app/Class.method`` with keyword arguments; returns the call id.

    Args:
        environment: the Modal environment of the function; None for the program's own.

    Raises:
        SubmitError: ``function`` or ``args`` is invalid, the function does not exist, or Modal did
            not answer. When the message says that the call may have started, submitting it again
            may run it twice; otherwise nothing was started.
    """
    target = parse_target(function)
    if target is None:
        raise SubmitError(f"{function!r} is not the name of a function", remedy=HOW_TO_NAME)
    arguments = _arguments(args)
    caller = ModalCaller(environment)
    try:
        return await caller.start(*target, arguments)
    except TargetMissingError as error:
        missing = await missing_function(error, environment)
        raise SubmitError(missing.what, remedy=missing.remedy) from error
    except NotStartedError as error:
        failure = None if error.__cause__ is None else failure_of(error.__cause__)
        if failure is not None and failure.answered:  # the message names the request already
            raise SubmitError(str(error), remedy=failure.remedy) from error
        raise SubmitError(
            str(error), where=function, remedy="Nothing was started; submit it again."
        ) from error
    except StartUnknownError as error:
        raise SubmitError(
            f"the call may or may not have started: {error}",
            where=function,
            remedy="Check the function's calls in Modal before you submit it again.",
        ) from error


def _arguments(args: object) -> dict[str, Any]:
    if args is None:
        return {}
    if not isinstance(args, Mapping) or not all(isinstance(name, str) for name in args):
        raise SubmitError(
            f"{args!r} is not a mapping of names to values",
            where="args",
            remedy='Pass the keyword arguments of the call, such as {"window": "24h"}.',
        )
    if NO_ARGUMENT in args:
        raise SubmitError(
            f"an argument cannot be named {NO_ARGUMENT}: Modal's client reserves that name",
            where="args",
            remedy="Rename it.",
        )
    return dict(args)


async def result_async(call: str, *, timeout: float = 0) -> Outcome:
    """The state of a call.

    Args:
        call: the id that :func:`submit` returned.
        timeout: seconds to wait for the call to end.

    Raises:
        ReconcileError: ``call`` is not a call id, or Modal did not answer.
    """
    call_id = _call_id(call)
    try:
        value = await _value_of(call_id, timeout)
    except BaseException as error:  # noqa: BLE001 - the function may raise anything
        return _outcome_of(error)
    return Outcome(JobState.DONE, value=value)


async def _value_of(call: str, timeout: float) -> Any:
    handle = modal.FunctionCall.from_id(call)
    try:
        # First ask Modal without waiting, to distinguish its own failures from the function's.
        with asking(f"look up the call {call}"):
            return await handle.get.aio(timeout=0)
    except TimeoutError:
        if timeout <= 0:
            raise
    return await handle.get.aio(timeout=timeout)


def _call_id(call: object) -> str:
    if isinstance(call, str) and _CALL.fullmatch(call):
        return call
    raise ReconcileError(
        f"{call!r} is not a call id", remedy="Give the id that submit returned: `fc-…`."
    )


def _outcome_of(error: BaseException) -> Outcome:
    try:
        status = status_of(error)
    except ModalError:
        raise
    except UnavailableError as unavailable:
        raise ReconcileError(f"Modal did not answer: {unavailable}", remedy="Try again.") from error
    match status.state:
        case CallState.RUNNING:
            return Outcome(JobState.PENDING)
        case CallState.EXPIRED:
            return Outcome(JobState.EXPIRED)
        case CallState.SUCCEEDED:
            return Outcome(JobState.DONE, error=f"{UNREADABLE}: {describe(error)}")
        case _:
            return Outcome(JobState.FAILED, error=status.reason)


def submit(
    function: str, args: Mapping[str, Any] | None = None, *, environment: str | None = None
) -> str:
    """See :func:`submit_async`."""
    return run_sync(submit_async(function, args, environment=environment))


def result(call: str, *, timeout: float = 0) -> Outcome:
    """See :func:`result_async`."""
    return run_sync(result_async(call, timeout=timeout))
