"""The dispatcher's ports that are network calls: they work alike inside a container and outside."""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import modal
from modal.exception import (
    AuthError,
    DeserializationError,
    FunctionTimeoutError,
    NotFoundError,
    OutputExpiredError,
    RemoteError,
)

from reconciler.dispatch.answers import (
    CallState,
    CallStatus,
    Entry,
    NotStartedError,
    StartUnknownError,
    TargetMissingError,
    UnauthenticatedError,
    UnavailableError,
)
from reconciler.dispatch.generation import SUPERVISOR
from reconciler.dispatch.puts import SharedPuts

RESULT_LENGTH: Final = 500
"""Characters of a result or an error that are kept in the history."""

_STYLE: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
"""What colours a terminal, as error texts do that are meant for one."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")

UNREADABLE: Final = "what it returned cannot be read here"
"""Said of a value whose class is of a module that is not here: the call that returned it has
succeeded all the same."""

_ENDING: Final = "schedule-reconciler/ending"
"""The key by which the supervisor's answer is told from what a target returns."""

_ModalFunction = modal.Function[..., Any, Any]
_CLIENT: Final = Path(modal.__file__).parent
_REMOTE: Final = "<ta-"
"""How the names of files begin in the frames of a container, which the client puts at the end of
the traceback of what a function raised. Its own errors and a function's may be of one class."""
_READING, _FETCHING, _LOADING = "_process_result", "blob_download", "deserialize_data_format"
"""The client's functions that make a value or an exception of a result, fetch a large one, and load
the value of a call that succeeded."""
_TRANSPORT: Final = "grpclib."
"""Where the errors are from that the client lets through when a connection breaks off."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise what the client says of Modal itself as :class:`UnavailableError`."""
    try:
        yield
    except AuthError as error:
        raise UnauthenticatedError(describe(error)) from error
    except (modal.Error, OSError) as error:
        raise UnavailableError(describe(error)) from error
    except Exception as error:
        if not type(error).__module__.startswith(_TRANSPORT):
            raise
        raise UnavailableError(describe(error)) from error


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """See :class:`~reconciler.dispatch.ports.Clock`."""
        return datetime.now(UTC)


class ModalClaims:
    """Claims in a ``modal.Dict``; it is made when something is first stored."""

    def __init__(self, name: str, environment: str | None = None) -> None:
        self._writing = modal.Dict.from_name(
            name, environment_name=environment, create_if_missing=True
        )
        self._reading = modal.Dict.from_name(name, environment_name=environment)
        self._puts = SharedPuts(self._store)

    async def put_new(self, key: str, entry: Entry) -> bool:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        with translated_errors():
            stored = await self._writing.put.aio(key, dict(entry), skip_if_exists=True)
        self._reading = self._writing
        return stored

    async def get(self, key: str) -> Entry | None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        with translated_errors():
            try:
                found = await self._reading.get.aio(key)
            except NotFoundError:
                return None
        # It is there, and need not be looked up again for writing.
        self._writing = self._reading
        return cast("Entry | None", found)

    async def put(self, key: str, entry: Entry) -> None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        await self._puts.put(key, entry)

    async def _store(self, entries: Mapping[str, Entry]) -> None:
        with translated_errors():
            await self._writing.update.aio({key: dict(entry) for key, entry in entries.items()})
        self._reading = self._writing


@dataclass
class ModalCaller:
    """Calls of deployed functions.

    Attributes:
        environment: the Modal environment of the functions; None for the one that we are in.
        own_app: the name of our app, where the supervisor is.
    """

    environment: str | None = None
    own_app: str = ""
    _functions: dict[tuple[str, str], asyncio.Task[_ModalFunction]] = field(default_factory=dict)

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        try:
            target = await self._target(app, function)
        except NotFoundError as error:
            raise TargetMissingError(f"there is no function {app}/{function}") from error
        except Exception as error:
            raise NotStartedError(describe(error)) from error
        try:
            call = await target.spawn.aio(**args)
        except NotFoundError as error:
            # The function went away after we had looked it up; look again next time.
            self._functions.pop((app, function), None)
            raise TargetMissingError(f"there is no function {app}/{function}") from error
        except (AuthError, TypeError) as error:
            # Also what the client cannot pass on, such as these arguments, it has not sent.
            raise NotStartedError(describe(error)) from error
        except Exception as error:
            raise StartUnknownError(describe(error)) from error
        return str(call.object_id)

    async def look_up(self, app: str, function: str) -> None:
        """Find out whether there is such a function.

        Raises:
            TargetMissingError: there is none.
            UnavailableError: Modal does not say.
        """
        with translated_errors():
            try:
                await self._target(app, function)
            except NotFoundError as error:
                raise TargetMissingError(f"there is no function {app}/{function}") from error

    async def supervise(self, order: Mapping[str, Any]) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        return await self.start(self.own_app, SUPERVISOR, {"order": dict(order)})

    async def status(self, call: str) -> CallStatus:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        return await self.wait(call, 0)

    async def wait(self, call: str, seconds: float | None) -> CallStatus:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        handle = modal.FunctionCall.from_id(call)
        try:
            result = await handle.get.aio(timeout=seconds)
        except BaseException as error:  # noqa: BLE001 - whatever the function itself raised
            return status_of(error)
        if isinstance(result, dict) and _ENDING in result:
            return _decode_ending(result)
        return CallStatus(CallState.SUCCEEDED, result=_as_json(result))

    async def cancel(self, call: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        with translated_errors(), suppress(NotFoundError):
            await modal.FunctionCall.from_id(call).cancel.aio()

    async def _target(self, app: str, function: str) -> _ModalFunction:
        """The function, looked up once for all who start it at the same time or later."""
        found = self._functions.get((app, function))
        if found is None:
            found = asyncio.create_task(self._find(app, function))
            self._functions[app, function] = found
        try:
            return await asyncio.shield(found)
        except Exception:
            self._functions.pop((app, function), None)
            raise

    async def _find(self, app: str, function: str) -> _ModalFunction:
        class_name, separator, method = function.rpartition(".")
        if not separator:
            found: _ModalFunction = modal.Function.from_name(
                app, function, environment_name=self.environment
            )
            await found.hydrate.aio()
            return found
        cls = modal.Cls.from_name(app, class_name, environment_name=self.environment)
        await cls.hydrate.aio()
        try:
            return cast("_ModalFunction", getattr(cls(), method))
        except AttributeError as error:
            raise NotFoundError(f"{class_name} has no method {method}") from error


def encode_ending(status: CallStatus) -> dict[str, Any]:
    """What the supervisor returns: how the run ended that it watched over."""
    return {
        _ENDING: 1,
        "state": status.state.value,
        "result": status.result,
        "reason": status.reason,
        "tries": list(status.tries),
    }


def _decode_ending(data: Mapping[str, Any]) -> CallStatus:
    return CallStatus(
        CallState(data["state"]), data["result"], data["reason"], tries=tuple(data["tries"])
    )


def describe(error: BaseException) -> str:
    """One line about an error that somebody else's code raised."""
    try:
        text = " ".join(_CONTROL.sub(" ", _STYLE.sub("", str(error))).split())
    except Exception:  # noqa: BLE001 - its text is somebody else's code too
        text = ""
    name = type(error).__name__
    return in_utf8(f"{name}: {text}" if text else name)[:RESULT_LENGTH]


def in_utf8(text: str) -> str:
    """A text as files and terminals take it: Python has some that are none of UTF-8, such as the
    names of files that are not."""
    return text.encode("utf-8", "backslashreplace").decode()


def status_of(error: BaseException) -> CallStatus:
    """How a call stands whose result was asked for, from what that raised.

    Raises:
        UnauthenticatedError: Modal does not know us.
        UnavailableError: Modal does not say.
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
            # The client's own has no text. It is told from one of the function's, whose frames
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
        case AuthError() if not _is_result(error):
            raise UnauthenticatedError(describe(error)) from error
        case _ if not _is_result(error):
            # Whatever went wrong on the way, such as a connection that broke off, says nothing of
            # the call: it may be running.
            raise UnavailableError(describe(error)) from error
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
    """Tell a call that was ended from outside from one that failed without an exception.

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
    except Exception:  # noqa: BLE001 - it is somebody else's code
        return f"<{type(result).__qualname__}>"
