"""The state of a call, from its result or from the error of asking for it."""

from __future__ import annotations

import json
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import modal
from modal.exception import (
    DeserializationError,
    FunctionTimeoutError,
    NotFoundError,
    OutputExpiredError,
    RemoteError,
)

from reconciler.dispatch.adapters.modal_failures import RESULT_LENGTH, describe, failure_of, in_utf8
from reconciler.dispatch.answers import CallState, CallStatus, UnavailableError

UNREADABLE: Final = "what it returned cannot be read here"
"""Said of a value whose class is of a module that is not here: the call that returned it has
succeeded all the same."""

_ENDING: Final = "schedule-reconciler/ending"
"""The key that marks the supervisor's answer among what targets return."""

_CLIENT: Final = Path(modal.__file__).parent
_REMOTE: Final = "<ta-"
"""How the names of files begin in the frames of a container, which the client puts at the end of
the traceback of what a function raised. Its own errors and a function's may be of one class."""
_READING, _FETCHING, _LOADING = "_process_result", "blob_download", "deserialize_data_format"
"""The client's functions that make a value or an exception of a result, fetch a large one, and load
the value of a call that succeeded."""


def encode_ending(status: CallStatus) -> dict[str, Any]:
    """What the supervisor returns: how its run ended."""
    return {
        _ENDING: 1,
        "state": status.state.value,
        "result": status.result,
        "reason": status.reason,
        "tries": list(status.tries),
    }


def returned(result: Any) -> CallStatus:
    """How a call stands that returned this; a supervisor returns how another one ended."""
    if not isinstance(result, dict) or _ENDING not in result:
        return CallStatus(CallState.SUCCEEDED, result=_as_json(result))
    state, tries = CallState(result["state"]), tuple(result["tries"])
    return CallStatus(state, result["result"], result["reason"], tries=tries)


def status_of(error: BaseException) -> CallStatus:
    """How a call stands whose result was asked for, from what that raised.

    Raises:
        ModalError: Modal refused, or did not answer.
        UnavailableError: something else failed on the way.
        BaseException: the error itself, when we are being ended. A function that calls
            ``sys.exit`` raises one of that kind too, which ends that function and not us.
    """
    failed = CallStatus(CallState.FAILED, reason=describe(error))
    raised_in = _raised_in(error)
    if raised_in.startswith(_REMOTE):
        return failed
    if not isinstance(error, Exception) and not _is_result(error):
        raise error
    match error:
        case TimeoutError() if not error.args and Path(raised_in).is_relative_to(_CLIENT):
            # The client's own has no text. It differs from one of the function's, whose frames
            # did not come along, by where it was raised.
            return CallStatus(CallState.RUNNING)
        case OutputExpiredError() | NotFoundError() if not _is_result(error):
            return CallStatus(CallState.EXPIRED)
        case FunctionTimeoutError():
            return replace(failed, state=CallState.TIMED_OUT)
        case RemoteError() if _is_cancelled(error):
            return replace(failed, state=CallState.CANCELLED)
        case DeserializationError() if _called_by_reading(error) == _LOADING:
            return CallStatus(CallState.SUCCEEDED, result=f"<{UNREADABLE}: {describe(error)}>")
        case _ if not _is_result(error):
            # Whatever went wrong on the way, such as a connection that broke off, says nothing of
            # the call: it may be running.
            failure = failure_of(error, "look up the result of a call")
            raise failure or UnavailableError(describe(error)) from error
    return failed


def _raised_in(error: BaseException) -> str:
    """The file in which it was raised; of what a function raised, as the client writes it."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return frames[-1].f_code.co_filename if frames else ""


def _is_result(error: BaseException) -> bool:
    """Whether it was made of a call's result, rather than raised on the way to one.

    What a container could not even be started for, such as an import that fails, comes without
    frames that are marked as a container's, or with none at all. A large result is fetched while it
    is being read, which may fail as any call.
    """
    return _called_by_reading(error) not in (None, _FETCHING)


def _called_by_reading(error: BaseException) -> str | None:
    """What the client was about when a result that it read raised this: the function that it had
    called for that, empty when none; None when it read no result."""
    names = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
    if _READING not in names:
        return None
    return next(iter(names[names.index(_READING) + 1 :]), "")


def _is_cancelled(error: RemoteError) -> bool:
    """Whether a call was cancelled, rather than failed without an exception.

    The client has one class for both and keeps the status to itself; the container reports a
    cancelled input without a text, and the embedded engine says so.
    """
    return not str(error) or "cancelled" in str(error).lower()


def _as_json(result: Any) -> str:
    try:
        text = json.dumps(result, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = as_python(result)
    return in_utf8(text)[:RESULT_LENGTH]


def as_python(result: Any) -> str:
    """A value as Python writes it, whatever its class does when it is asked."""
    try:
        return repr(result)
    except Exception:  # noqa: BLE001 - it is the user's code
        return f"<{type(result).__qualname__}>"
