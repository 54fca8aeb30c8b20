"""The ports that are network calls: they work alike inside a container and on a laptop."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar, cast

import modal
from modal.exception import (
    DeserializationError,
    FunctionTimeoutError,
    NotFoundError,
    OutputExpiredError,
    RemoteError,
)

from reconciler.dispatch.adapters.modal_failures import RESULT_LENGTH, describe, failure_of, in_utf8
from reconciler.dispatch.answers import (
    NOT_DONE,
    CallState,
    CallStatus,
    ModalError,
    NotStartedError,
    StartUnknownError,
    TargetMissingError,
    UnavailableError,
)
from reconciler.errors import ReconcileError
from reconciler.model.formats import Entry, UnreadableEntry, as_entry
from reconciler.model.generation import SUPERVISOR

T = TypeVar("T")
_ModalFunction = modal.Function[..., Any, Any]
_ABSENT: Final = object()


@contextmanager
def translated_errors(
    asked: str | None = None, *, patient: bool = False, due: float = 0.0
) -> Iterator[None]:
    """Raise what the client says of Modal itself as a :class:`ModalError`.

    Args:
        asked: what Modal is asked to do in the block, an infinitive such as ``list the apps``.
        patient: Modal may take long to do it.
        due: see :func:`asking`.
    """
    try:
        with asking(asked or "answer a call", patient=patient, due=due):
            yield
    except (ReconcileError, UnavailableError):
        raise
    except Exception as error:
        failure = _failure_of(error, asked)
        if failure is None:
            raise
        raise failure from error


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """See :class:`~reconciler.dispatch.ports.Clock`."""
        return datetime.now(UTC)


class ModalClaims:
    """Claims in a ``modal.Dict``; it is made when something is first stored.

    A handle keeps the id of the Dict that it has found. When that one is deleted, the Dict that
    bears the name now counts: a warm container and the command line use the same one.
    """

    def __init__(self, name: str, environment: str | None = None) -> None:
        self._name, self._environment = name, environment
        self._writing, self._reading = self._handles()
        self._puts = SharedPuts(self._store)

    async def put_new(self, key: str, entry: Entry) -> bool:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        with translated_errors(f"store {key} in the Dict {self._name}"):
            stored = await self._written(
                lambda found: found.put.aio(key, dict(entry), skip_if_exists=True)
            )
        return bool(stored)

    async def get(self, key: str) -> Entry | None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        with translated_errors(f"read {key} of the Dict {self._name}"):
            try:
                try:
                    found = await self._reading.get.aio(key, _ABSENT)
                except NotFoundError:
                    self._writing, self._reading = self._handles()
                    found = await self._reading.get.aio(key, _ABSENT)
            except NotFoundError:
                return None
            except DeserializationError as error:
                return UnreadableEntry(_described(error))
        # It is there, and need not be looked up again for writing.
        self._writing = self._reading
        return None if found is _ABSENT else as_entry(found)

    async def put(self, key: str, entry: Entry) -> None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        await self._puts.put(key, entry)

    async def _store(self, entries: Mapping[str, Entry]) -> None:
        stored = {key: dict(entry) for key, entry in entries.items()}
        with translated_errors(f"store entries in the Dict {self._name}"):
            await self._written(lambda found: found.update.aio(stored))

    async def _written(self, write: Callable[[modal.Dict], Awaitable[T]]) -> T:
        try:
            result = await write(self._writing)
        except NotFoundError:
            self._writing, self._reading = self._handles()
            result = await write(self._writing)
        self._reading = self._writing
        return result

    def _handles(self) -> tuple[modal.Dict, modal.Dict]:
        """To write with, which makes the Dict, and to read with, which does not."""
        name, environment = self._name, self._environment
        return (
            modal.Dict.from_name(name, environment_name=environment, create_if_missing=True),
            modal.Dict.from_name(name, environment_name=environment),
        )


@dataclass
class ModalCaller:
    """Calls of deployed functions.

    Attributes:
        environment: the Modal environment of the functions; None for the one that we are in.
        own_app: the name of our app, where the supervisor is.
    """

    environment: str | None = None
    own_app: str = ""
    _functions: dict[tuple[str, ...], asyncio.Task[_ModalFunction]] = field(default_factory=dict)

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        return await self.start_with(app, function, args, {})

    async def start_with(
        self, app: str, function: str, args: Mapping[str, Any], resources: Mapping[str, Any]
    ) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        try:
            with asking(f"look up the function {app}/{function}"):
                target = await self._target(app, function)
        except NotFoundError as error:
            raise TargetMissingError(f"there is no function {app}/{function}") from error
        except Exception as error:
            failure = _failure_of(error, f"look up the function {app}/{function}")
            raise NotStartedError(str(failure or _described(error))) from error
        if resources:
            target = await self._configured(app, function, resources)
        try:
            with asking(f"start {app}/{function}"):
                call = await target.spawn.aio(**args)
        except NotFoundError as error:
            # The function was deleted after we had looked it up; look it up again next time.
            for known in [key for key in self._functions if key[:2] == (app, function)]:
                self._functions.pop(known, None)
            raise TargetMissingError(f"there is no function {app}/{function}") from error
        except TypeError as error:
            # What the client cannot pass on, such as these arguments, it has not sent.
            raise NotStartedError(_described(error)) from error
        except Exception as error:
            failure = _failure_of(error, f"start {app}/{function}")
            reason = str(failure or _described(error))
            if failure is not None and failure.kind in NOT_DONE:
                raise NotStartedError(reason) from error
            raise StartUnknownError(reason) from error
        return str(call.object_id)

    async def look_up(self, app: str, function: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        with translated_errors(f"look up the function {app}/{function}"):
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
        with asking(f"look up the call {call}", due=inf if seconds is None else seconds):
            try:
                result = await handle.get.aio(timeout=seconds)
            except BaseException as error:  # noqa: BLE001 - whatever the function itself raised
                from reconciler.dispatch.adapters.modal_calls import status_of

                return status_of(error)
        from reconciler.dispatch.adapters.modal_calls import returned

        return returned(result)

    async def cancel(self, call: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        with translated_errors(f"cancel the call {call}"), suppress(NotFoundError):
            await modal.FunctionCall.from_id(call).cancel.aio()

    async def _configured(
        self, app: str, function: str, resources: Mapping[str, Any]
    ) -> _ModalFunction:
        """The function with other resources.

        Raises:
            NotStartedError: Modal refuses them, or a Secret or Volume does not exist.
        """
        asked = f"prepare {app}/{function} with the schedule's resources"
        try:
            with asking(asked):
                return await self._target(app, function, resources)
        except Exception as error:
            failure = _failure_of(error, asked)
            raise NotStartedError(str(failure or _described(error))) from error

    async def _target(
        self, app: str, function: str, resources: Mapping[str, Any] | None = None
    ) -> _ModalFunction:
        """The function, looked up once for all that start it at the same time or later."""
        key = (
            (app, function, json.dumps(resources, sort_keys=True)) if resources else (app, function)
        )
        found = self._functions.get(key)
        if found is None:
            found = asyncio.create_task(self._find(app, function, resources or {}))
            self._functions[key] = found
        try:
            return await asyncio.shield(found)
        except Exception:
            self._functions.pop(key, None)
            raise

    async def _find(self, app: str, function: str, resources: Mapping[str, Any]) -> _ModalFunction:
        class_name, separator, method = function.rpartition(".")
        if not separator:
            found: _ModalFunction = modal.Function.from_name(
                app, function, environment_name=self.environment
            )
            if resources:
                found = self._with(found, resources)
            await found.hydrate.aio()
            return found
        cls = modal.Cls.from_name(app, class_name, environment_name=self.environment)
        await cls.hydrate.aio()
        if resources:
            cls = self._with(cls, resources)
        # Of a class that is looked up the client knows the methods: another name is not found.
        return cast("_ModalFunction", getattr(cls(), method))

    def _with(self, found: T, resources: Mapping[str, Any]) -> T:
        from reconciler.dispatch.adapters.run_resources import with_resources  # start-up time

        return cast("T", with_resources(cast("Any", found), resources, self.environment))


def _failure_of(error: Exception, asked: str | None) -> ModalError | None:
    from reconciler.dispatch.adapters.modal_failures import failure_of  # start-up time: as below

    return failure_of(error, asked)


def _described(error: BaseException) -> str:
    from reconciler.dispatch.adapters.modal_failures import (
        describe,  # start-up time: mostly all goes well
    )

    return describe(error)


@dataclass
class _Batch:
    entries: dict[str, Entry] = field(default_factory=dict)
    sending: asyncio.Task[None] | None = None


@dataclass
class SharedPuts:
    """Puts that share their calls.

    Invariant: *a put returns only after a call that held its entry has succeeded*, and raises what
    that call raised. Of two puts under one key the later one wins, as if each had its own call.

    Attributes:
        store: stores entries, in one call.
    """

    store: Callable[[Mapping[str, Entry]], Awaitable[None]]
    _next: _Batch = field(default_factory=_Batch)
    _under_way: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def put(self, key: str, entry: Entry) -> None:
        """Store an entry."""
        batch = self._next
        batch.entries[key] = entry
        if batch.sending is None:
            batch.sending = asyncio.create_task(self._send(batch))
        # A caller that is cancelled takes nothing from the others.
        await asyncio.shield(batch.sending)

    async def _send(self, batch: _Batch) -> None:
        async with self._under_way:
            self._next = _Batch()
            await self.store(batch.entries)


class Listener(Protocol):
    """Learns of each call to Modal for as long as it is under way."""

    def asking(self, what: str, *, patient: bool, due: float = 0.0) -> AbstractContextManager[None]:
        """Args: what Modal is asked to do; whether it may take as long as it likes; the seconds
        for which it was asked to hold its answer back."""
        ...


LISTENER: Final[ContextVar[Listener | None]] = ContextVar("LISTENER", default=None)


@contextmanager
def asking(what: str, *, patient: bool = False, due: float = 0.0) -> Iterator[None]:
    """Let the listener know that Modal is asked within the block.

    Args:
        what: an infinitive, such as ``list the apps``. Never holds a secret.
        patient: Modal may take long to do it, such as to build an image.
        due: seconds for which Modal holds its answer back because it was asked to (a long poll).
    """
    listener = LISTENER.get()
    if listener is None:
        yield
        return
    with listener.asking(what, patient=patient, due=due):
        yield


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
