"""Errors for apps, functions and environments that do not exist.

A wrong app name must not look like an app without tasks. An apply leaves a pointer on the Volume of
the app's name, and a Dict of that name. Tasks exist also while the app itself is stopped.
"""

from __future__ import annotations

from collections.abc import Sequence

import modal

from reconciler.client.task_errors import UnknownAppError
from reconciler.dispatch.adapters.at_once import together
from reconciler.dispatch.adapters.modal_calls import translated_errors
from reconciler.dispatch.answers import TargetMissingError, UnavailableError
from reconciler.dispatch.ports import TaskFiles
from reconciler.errors import ReconcileError, UnknownEnvironmentError
from reconciler.model.pointer import POINTER_PATH
from reconciler.words import suggestion


async def require_applied(files: TaskFiles, app: str, environment: str | None) -> bytes:
    """The content of the app's pointer, which the last apply wrote.

    Args:
        files: the files on the app's Volume.
        environment: its Modal environment; None for the program's own.

    Raises:
        UnknownAppError: nothing was ever applied to the app.
        UnavailableError: Modal did not answer.
    """
    pointer = await files.read(POINTER_PATH)
    if pointer is not None:
        return pointer
    environments = await _environments()
    if environment is not None and environments and environment not in environments:
        unknown = UnknownEnvironmentError(environment, environments)
        raise UnknownAppError(unknown.what, remedy=unknown.remedy)
    candidates = [
        name if where == environment else f"{name} in environment `{where}`"
        for where, name in await _apps(environments)
    ]
    hint = f"{suggestion(app, candidates, _name)} " if candidates else ""
    raise UnknownAppError(
        f"no schedules were ever applied to an app `{app}`{_place(environment)}",
        remedy=f"{hint}Correct the name, or apply schedules to it first: reconcile",
    )


def _name(shown: str) -> str:
    return shown.partition(" ")[0]


async def missing_function(error: TargetMissingError, environment: str | None) -> ReconcileError:
    """The error for a function that does not exist, or whose Modal environment does not."""
    environments = await _environments()
    if environment is not None and environments and environment not in environments:
        return UnknownEnvironmentError(environment, environments)
    return ReconcileError(f"{error}{_place(environment)}", remedy="Deploy it, or correct its name.")


def _place(environment: str | None) -> str:
    return "" if environment is None else f" in Modal environment `{environment}`"


async def _environments() -> list[str]:
    """The names of the Modal environments; empty if they cannot be listed."""
    try:
        with translated_errors("list the Modal environments"):
            environments = await modal.Environment.objects.list.aio()
    except UnavailableError:
        return []
    return [str(environment.name) for environment in environments]


async def _apps(environments: Sequence[str]) -> list[tuple[str, str]]:
    """Environment and name of each pair of a Volume and a Dict of one name, as each app has them.

    They are used for suggestions only: empty if they cannot be listed.
    """
    try:
        found = await together(*map(_in, environments))
    except UnavailableError:
        return []
    return [(where, name) for where, apps in zip(environments, found, strict=True) for name in apps]


async def _in(where: str) -> list[str]:
    with translated_errors(f"list the Volumes and Dicts of the Modal environment {where}"):
        volumes, dicts = await together(
            modal.Volume.objects.list.aio(environment_name=where),
            modal.Dict.objects.list.aio(environment_name=where),
        )
    return sorted({str(one.name) for one in volumes} & {str(one.name) for one in dicts})
