"""A job queue that is Modal's own: calls started now, whose results are fetched by their id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import modal

from reconciler.client.target import HOW_TO_NAME, parse_target
from reconciler.client.waiting import wait_for
from reconciler.dispatch.answers import (
    CallState,
    StartUnknownError,
    TargetMissingError,
    UnavailableError,
)
from reconciler.dispatch.modal_calls import ModalCaller, status_of
from reconciler.errors import ReconcileError


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
        error: what it raised, in one line, when it failed.
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
        SubmitError: there is no such function, or Modal did not answer. In the latter case the
            call may have started: submitting again may run it twice.
    """
    target = parse_target(function)
    if target is None:
        raise SubmitError(f"{function!r} names no function", remedy=HOW_TO_NAME)
    try:
        return await ModalCaller(environment).start(*target, args or {})
    except TargetMissingError as error:
        raise SubmitError(str(error), remedy="Deploy it, or correct its name.") from error
    except StartUnknownError as error:
        raise SubmitError(
            f"it may or may not have started: {error}",
            where=function,
            remedy="Look at its calls in Modal before submitting it again.",
        ) from error


async def result_async(call: str, *, timeout: float = 0) -> Outcome:
    """How the call stands.

    Args:
        call: as :func:`submit` returned it.
        timeout: seconds to wait for its end.
    """
    try:
        value = await modal.FunctionCall.from_id(call).get.aio(timeout=timeout)
    except Exception as error:  # noqa: BLE001 - whatever the function itself raised
        return _outcome_of(error)
    return Outcome(JobState.DONE, value=value)


def _outcome_of(error: Exception) -> Outcome:
    try:
        status = status_of(error)
    except UnavailableError as unavailable:
        raise ReconcileError(f"Modal did not answer: {unavailable}", remedy="Ask again.") from error
    match status.state:
        case CallState.RUNNING:
            return Outcome(JobState.PENDING)
        case CallState.EXPIRED:
            return Outcome(JobState.EXPIRED)
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
