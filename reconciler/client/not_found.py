"""Whether our app is there at all: a wrong name must not look like an app without tasks.

What an apply leaves behind is a pointer on the Volume of the app's name, and a Dict of that name.
The app itself may be stopped; its tasks are there all the same.
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
from reconciler.words import what_was_meant


async def require_applied(files: TaskFiles, app: str, environment: str | None) -> bytes:
    """The pointer that the last apply to an app of ours has left.

    Args:
        files: of that app.
        environment: None for the one that the program is in.

    Raises:
        UnknownAppError: nothing was ever applied to it.
        UnavailableError: Modal did not answer.
    """
    pointer = await files.read(POINTER_PATH)
    if pointer is not None:
        return pointer
    environments = await _environments()
    if environment is not None and environments and environment not in environments:
        unknown = UnknownEnvironmentError(environment, environments)
        raise UnknownAppError(unknown.what, remedy=unknown.remedy)
    there = [
        name if where == environment else f"{name} in environment `{where}`"
        for where, name in await _apps(environments)
    ]
    suggestion = f"{what_was_meant(app, there, _name)} " if there else ""
    raise UnknownAppError(
        f"there is no app `{app}`{_place(environment)} that schedules were applied to",
        remedy=f"{suggestion}Correct the name, or run reconcile there first.",
    )


def _name(shown: str) -> str:
    return shown.partition(" ")[0]


async def missing_function(error: TargetMissingError, environment: str | None) -> ReconcileError:
    """What to say of a function that is not there: it may be its whole environment that is not."""
    environments = await _environments()
    if environment is not None and environments and environment not in environments:
        return UnknownEnvironmentError(environment, environments)
    return ReconcileError(f"{error}{_place(environment)}", remedy="Deploy it, or correct its name.")


def _place(environment: str | None) -> str:
    return "" if environment is None else f" in Modal environment `{environment}`"


async def _environments() -> list[str]:
    """The Modal environments; where they cannot be listed, none, and nothing is said of them."""
    try:
        with translated_errors("list the Modal environments"):
            environments = await modal.Environment.objects.list.aio()
    except UnavailableError:
        return []
    return [str(environment.name) for environment in environments]


async def _apps(environments: Sequence[str]) -> list[tuple[str, str]]:
    """Environments, and the names in them that a Volume and a Dict bear, as an app of ours does.

    Nothing is decided by them: where they cannot be listed, none is suggested.
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
