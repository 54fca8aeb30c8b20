"""How inputs end, in the words that Modal's client turns into results and exceptions.

Outputs have no ``retry_count``: a client that does not retry treats any value but 0 as stale.
"""

from __future__ import annotations

import signal
import time
from typing import Final

from modal_proto import api_pb2

from reconciler.engine.calls import Input
from reconciler.engine.containers.container import RunningInput

Result = api_pb2.GenericResult

_LONGEST_DELAY: Final = 60.0
_RETRIABLE: Final = (Result.GENERIC_STATUS_FAILURE, Result.GENERIC_STATUS_TIMEOUT)


def output(
    task: RunningInput, sent: api_pb2.FunctionPutOutputsItem, container: str
) -> api_pb2.FunctionGetOutputsItem:
    """The output that a container sent, in the form for the caller."""
    return api_pb2.FunctionGetOutputsItem(
        result=sent.result,
        idx=task.input.index,
        input_id=task.input.id,
        data_format=sent.data_format,
        task_id=container,
        input_started_at=sent.input_started_at,
        output_created_at=sent.output_created_at,
    )


def item(one: Input, result: Result) -> api_pb2.FunctionGetOutputsItem:
    """An end that no container reported."""
    return api_pb2.FunctionGetOutputsItem(
        result=result,
        idx=one.index,
        input_id=one.id,
        output_created_at=time.time(),
    )


def cancelled() -> Result:
    return Result(status=Result.GENERIC_STATUS_TERMINATED, exception="Input was cancelled by user")


def stopped() -> Result:
    return Result(status=Result.GENERIC_STATUS_TERMINATED, exception="App was stopped")


def disconnected() -> Result:
    return Result(
        status=Result.GENERIC_STATUS_TERMINATED, exception="The engine ended during the request"
    )


def timed_out(one: Input, seconds: float) -> Result:
    return Result(
        status=Result.GENERIC_STATUS_TIMEOUT,
        exception=f"Task's current input {one.id} hit its timeout of {seconds:.0f}s",
    )


def slow_start(seconds: float) -> Result:
    return Result(
        status=Result.GENERIC_STATUS_INIT_FAILURE,
        exception=f"Container did not start within its startup timeout of {seconds:.0f}s",
    )


def death(status: int, said: str) -> Result:
    """A container that ended without a result; ``said``: the end of what it wrote to stderr."""
    how = (
        f"was killed by {signal.Signals(-status).name}"
        if status < 0
        else f"exited with code {status}"
    )
    return Result(
        status=Result.GENERIC_STATUS_INTERNAL_FAILURE,
        exception=f"Container {how}" + (f": {said}" if said else ""),
        exitcode=status,
    )


def retriable(result: Result) -> bool:
    """Whether a function's retry policy applies."""
    return result.status in _RETRIABLE


def delay(policy: api_pb2.FunctionRetryPolicy, attempt: int) -> float:
    """Seconds until the next attempt, after attempt number ``attempt`` (from 0) has failed."""
    longest = policy.max_delay_ms / 1000 or _LONGEST_DELAY
    return float(min(longest, policy.initial_delay_ms / 1000 * policy.backoff_coefficient**attempt))
