"""Whether our app is there at all: a wrong name must not look like an app without tasks.

What an apply leaves behind is a pointer on the Volume of the app's name, and a Dict of that name.
The app itself may be stopped; its tasks are there all the same.
"""

from __future__ import annotations

import asyncio

import modal

from reconciler.client.task_errors import UnknownAppError
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.modal_calls import translated_errors
from reconciler.dispatch.pointer import POINTER_PATH
from reconciler.dispatch.ports import TaskFiles
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
    place = "" if environment is None else f" in Modal environment `{environment}`"
    there = [
        name if where == environment else f"{name} in environment `{where}`"
        for where, name in await _apps()
    ]
    suggestion = f"{what_was_meant(app, there, _name)} " if there else ""
    raise UnknownAppError(
        f"there is no app `{app}`{place} that schedules were applied to",
        remedy=f"{suggestion}Correct the name, or run reconcile there first.",
    )


def _name(shown: str) -> str:
    return shown.partition(" ")[0]


async def _apps() -> list[tuple[str, str]]:
    """Environments, and the names in them that a Volume and a Dict bear, as an app of ours does.

    Nothing is decided by them: where they cannot be listed, none is suggested.
    """
    try:
        with translated_errors():
            environments = await modal.Environment.objects.list.aio()
        names = [str(environment.name) for environment in environments]
        found = await asyncio.gather(*map(_in, names))
    except UnavailableError:
        return []
    return [(where, name) for where, apps in zip(names, found, strict=True) for name in apps]


async def _in(environment: str) -> list[str]:
    with translated_errors():
        volumes, dicts = await asyncio.gather(
            modal.Volume.objects.list.aio(environment_name=environment),
            modal.Dict.objects.list.aio(environment_name=environment),
        )
    return sorted({str(one.name) for one in volumes} & {str(one.name) for one in dicts})
