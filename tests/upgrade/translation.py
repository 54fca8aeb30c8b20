"""Values of one version as those of the other, and ports that translate at each call.

What a port stores crosses as the bytes that the writing version makes, so that the other one reads
them as it would read a file.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from typing import Any, Final

from reconciler.model.generation import Generation, generation_path
from reconciler.model.runs_file import WakeLog, decode_wake_log
from tests.upgrade.previous import PACKAGE, module

CURRENT: Final = "reconciler"
MOVED: Final = {"dispatch.formats": "model.formats", "dispatch.runs": "model.runs_file"}
"""Modules of the previous version whose values cross, and where this one has them."""
_HOMES: Final = MOVED | {here: there for there, here in MOVED.items()}


def to_previous(value: Any) -> Any:
    """A value of this version as the previous one has it."""
    if isinstance(value, Generation):
        decode = module("dispatch.stored_generation").decode_generation
        return decode(value.encoded, generation_path(value.digest))
    if isinstance(value, WakeLog):
        return module("dispatch.stored_runs").decode_wake_log(value.encode(), value.path)
    return _translated(value, CURRENT, PACKAGE, to_previous)


def to_current(value: Any) -> Any:
    """A value of the previous version as this one has it."""
    if type(value).__module__ == f"{PACKAGE}.dispatch.runs" and hasattr(value, "encode"):
        return decode_wake_log(value.encode(), value.path)
    return _translated(value, PACKAGE, CURRENT, to_current)


def _translated(value: Any, ours: str, theirs: str, each: Callable[[Any], Any]) -> Any:
    kind = type(value)
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return kind(each(item) for item in value)
    if not kind.__module__.startswith(f"{ours}."):
        return value
    home = kind.__module__.removeprefix(f"{ours}.")
    other = getattr(import_module(f"{theirs}.{_HOMES.get(home, home)}"), kind.__name__)
    if isinstance(value, Enum):
        return other(value.value)
    if isinstance(value, Exception):
        return other(*value.args)
    assert is_dataclass(value), f"a port answers {kind}"
    return other(**{item.name: each(getattr(value, item.name)) for item in fields(value)})


class PreviousPort:
    """A port of this version, as the previous one calls it."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return _called(found) if callable(found) else to_previous(found)


def _called(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **keywords: Any) -> Any:
        answer = method(
            *map(to_current, args), **{key: to_current(value) for key, value in keywords.items()}
        )
        return _awaited(answer) if isinstance(answer, Awaitable) else to_previous(answer)

    return call


async def raised_here(answer: Awaitable[Any]) -> Any:
    """What the previous version returns; what it raises is this version's error."""
    try:
        return await answer
    except Exception as error:
        translated = to_current(error)
        if translated is error:
            raise
        raise translated from error


async def _awaited(answer: Awaitable[Any]) -> Any:
    try:
        return to_previous(await answer)
    except Exception as error:
        translated = to_previous(error)
        if translated is error:
            raise
        raise translated from error
