"""A job queue that is Modal's own: calls started now, whose results are fetched by their id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import modal

from reconciler.client.not_found import missing_function
from reconciler.client.synchronous import wait_for
from reconciler.client.target import HOW_TO_NAME, parse_target
from reconciler.dispatch.adapters.call_results import UNREADABLE, status_of
from reconciler.dispatch.adapters.modal_calls import ModalCaller, asking
from reconciler.dispatch.adapters.modal_failures import describe, failure_of
from reconciler.dispatch.answers import (
    CallState,
    ModalError,
    NotStartedError,
    StartUnknownError,
    TargetMissingError,
    UnavailableError,
)
from reconciler.errors import ReconcileError
from reconciler.policies import NO_ARGUMENT

_CALL: Final = re.compile(r"fc-[A-Za-z0-9]+", re.ASCII)
"""What Modal calls a call."""


class SubmitError(ReconcileError):
    """A job was not submitted, or nobody knows whether it was."""


class JobState(StrEnum):
    """How a job stands."""

    PENDING = "pending"
    """Waiting or running."""
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    """Modal keeps results for seven days; there is no such call, or no more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job stands.

    Attributes:
        value: what the function returned, when it is done.
        error: what it raised, in one line, when it failed. When it is done: why its value cannot be
            read here, such as a class whose module is not here; the value is None then.
    """

    state: JobState
    value: Any = None
    error: str | None = None


async def submit_async(
    function: str, args: Mapping[str, Any] | None = None, *, environment: str | None = None
) -> str:
    """Start ``app/function`` or ``app/Class.method`` with keyword arguments; returns the call id.

    Args:
        environment: the Modal environment of the function; None for the one that we are in.

    Raises:
        SubmitError: what was given is no function or are no arguments, there is no such function,
            or Modal did not answer. Where it says that the call may have started, submitting again
            may run it twice; else nothing was started.
    """
    target = parse_target(function)
    if target is None:
        raise SubmitError(f"{function!r} names no function", remedy=HOW_TO_NAME)
    arguments = _arguments(args)
    caller = ModalCaller(environment)
    try:
        return await caller.start(*target, arguments)
    except TargetMissingError as error:
        missing = await missing_function(error, environment)
        raise SubmitError(missing.what, remedy=missing.remedy) from error
    except NotStartedError as error:
        failure = None if error.__cause__ is None else failure_of(error.__cause__)
        if failure is not None and failure.answered:  # it says what was asked for
            raise SubmitError(str(error), remedy=failure.remedy) from error
        raise SubmitError(
            str(error), where=function, remedy="Nothing was started; submit it again."
        ) from error
    except StartUnknownError as error:
        raise SubmitError(
            f"it may or may not have started: {error}",
            where=function,
            remedy="Look at its calls in Modal before submitting it again.",
        ) from error


def _arguments(args: object) -> dict[str, Any]:
    if args is None:
        return {}
    if not isinstance(args, Mapping) or not all(isinstance(name, str) for name in args):
        raise SubmitError(
            f"{args!r} is no mapping of names to values",
            where="args",
            remedy='They are the keyword arguments of the call, such as {"window": "24h"}.',
        )
    if NO_ARGUMENT in args:
        raise SubmitError(
            f"no argument can be called {NO_ARGUMENT}: Modal's client takes that name for itself",
            where="args",
            remedy="Give it another name.",
        )
    return dict(args)


async def result_async(call: str, *, timeout: float = 0) -> Outcome:
    """How the call stands.

    Args:
        call: as :func:`submit` returned it.
        timeout: seconds to wait for its end.

    Raises:
        ReconcileError: it is no call id, or Modal did not answer.
    """
    call_id = _call_id(call)
    try:
        value = await _value_of(call_id, timeout)
    except BaseException as error:  # noqa: BLE001 - whatever the function itself raised
        return _outcome_of(error)
    return Outcome(JobState.DONE, value=value)


async def _value_of(call: str, timeout: float) -> Any:
    handle = modal.FunctionCall.from_id(call)
    try:
        # An answer of Modal's own, before it is waited for the function's.
        with asking(f"look up the call {call}"):
            return await handle.get.aio(timeout=0)
    except TimeoutError:
        if timeout <= 0:
            raise
    return await handle.get.aio(timeout=timeout)


def _call_id(call: object) -> str:
    if isinstance(call, str) and _CALL.fullmatch(call):
        return call
    raise ReconcileError(f"{call!r} is no call id", remedy="Give what submit returned: `fc-…`.")


def _outcome_of(error: BaseException) -> Outcome:
    try:
        status = status_of(error)
    except ModalError:
        raise
    except UnavailableError as unavailable:
        raise ReconcileError(f"Modal did not answer: {unavailable}", remedy="Ask again.") from error
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
    return wait_for(submit_async(function, args, environment=environment))


def result(call: str, *, timeout: float = 0) -> Outcome:
    """See :func:`result_async`."""
    return wait_for(result_async(call, timeout=timeout))
