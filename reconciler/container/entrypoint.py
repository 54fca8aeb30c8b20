"""The function that every code target deploys: it imports the repository's function and calls it.

The repository's files are mounted beside this package. They are imported here alone: planning reads
their text.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from uuid import uuid4

import modal

import reconciler
from reconciler.attempts import ENVELOPE, AttemptState
from reconciler.container.attempts import Attempt, begin, unless_unavailable
from reconciler.container.occurrence import Occurrence

TARGET_VARIABLE: Final = "RECONCILE_TARGET"
"""The environment variable that names the function: `jobs/rates.py::refresh`."""
DICT_VARIABLE: Final = "RECONCILE_DICT"
"""The environment variable that names the Dict in which attempts are recorded."""
FOLDER: Final = "repository"
"""The folder beside this package that the repository's files are in."""
OCCURRENCE: Final = "occurrence"
"""The parameter that receives the occurrence."""
SRC: Final = "src"


def run(**given: Any) -> Any:
    """Call the function; a wake, a person or a program starts this."""
    envelope = given.pop(ENVELOPE, None)
    attempt = _begun(envelope)
    try:
        result = _function()(**_arguments(given, envelope, attempt))
    except BaseException as error:
        _end(attempt, AttemptState.FAILED, _reason(error))
        raise
    _end(attempt, AttemptState.SUCCEEDED)
    return result


async def run_async(**given: Any) -> Any:
    """The same of an async function."""
    envelope = given.pop(ENVELOPE, None)
    # The event loop must not wait for our Dict: other runs may share it.
    attempt = await asyncio.to_thread(_begun, envelope)
    try:
        result = await _function()(**_arguments(given, envelope, attempt))
    except BaseException as error:
        _end(attempt, AttemptState.FAILED, _reason(error))
        raise
    await asyncio.to_thread(_end, attempt, AttemptState.SUCCEEDED)
    return result


def _arguments(
    given: dict[str, Any], envelope: Mapping[str, Any] | None, attempt: Attempt | None
) -> dict[str, Any]:
    """What the function is called with: what was given, and the occurrence if it takes one."""
    parameters = inspect.signature(_function()).parameters
    if envelope is None or OCCURRENCE in given or OCCURRENCE not in parameters:
        return given
    number = 1 if attempt is None else attempt.number
    return {**given, OCCURRENCE: Occurrence.of(envelope, number)}


def _begun(envelope: Mapping[str, Any] | None) -> Attempt | None:
    """The attempt, recorded; None of a call that no schedule started, or if it cannot be."""
    if envelope is None:
        return None
    at_most_once = envelope.get("delivery") == "at-most-once"
    call = modal.current_function_call_id() or f"local-{uuid4().hex}"

    def record() -> Attempt | None:
        entries = modal.Dict.from_name(os.environ[DICT_VARIABLE])
        return begin(call, entries, at_most_once=at_most_once)

    # Without its claim an attempt must not run under at-most-once: then the failure is the run's.
    return record() if at_most_once else unless_unavailable(record, None)


def _end(attempt: Attempt | None, state: AttemptState, reason: str = "") -> None:
    if attempt is not None:
        unless_unavailable(lambda: attempt.end(state, reason), None)


def _reason(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


@cache
def _function() -> Callable[..., Any]:
    """The function of the repository, imported once for a container."""
    path, _, name = os.environ[TARGET_VARIABLE].partition("::")
    root = repository()
    os.chdir(root)
    # In the order in which planning looks for imports.
    places = dict.fromkeys((str(root), str((root / path).parent), str(root / SRC)))
    sys.path[:0] = [place for place in places if place not in sys.path]
    function: Callable[..., Any] = getattr(_module(root, path), name)
    return function


def repository() -> Path:
    """Where the repository's files are in this container."""
    (package,) = reconciler.__path__
    return Path(package).parent / FOLDER


def _module(root: Path, path: str) -> ModuleType:
    file = root / path
    inside = path.removeprefix(f"{SRC}/")
    dotted = inside.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    if all(part.isidentifier() for part in dotted.split(".")):
        try:
            found = importlib.import_module(dotted)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{dotted}.".startswith(f"{error.name}."):
                raise  # the file was found: it imports something that the image lacks
        else:
            if found.__file__ is not None and Path(found.__file__).samefile(file):
                return found
    # A package of the image has that name.
    spec = importlib.util.spec_from_file_location(dotted.replace(".", "_"), file)
    assert spec is not None, "it is a Python file"
    assert spec.loader is not None, "it is a Python file"
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
