"""The apps of a Modal workspace, through the public SDK."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import modal
from modal.exception import NotFoundError
from modal.types import AppState

from reconciler.dispatch.at_once import together
from reconciler.dispatch.generation import Slot
from reconciler.dispatch.modal_calls import translated_errors
from reconciler.dispatch.runs import format_time
from reconciler.errors import ReconcileError, UnknownEnvironmentError
from reconciler.plan import Rates, Touch
from reconciler.workspace.deployment import build_app
from reconciler.workspace.modal_rates import workspace_rates
from reconciler.workspace.ports import (
    CronLimitError,
    DeployedApp,
    DeployedFunction,
    MissingSecretError,
    Secrets,
)

AT_ONCE: Final = 32
"""Calls to Modal under way at the same time."""

_LIMIT: Final = re.compile(r"reached limit of \d+ (?:cron jobs|scheduled functions)[^\n]*")
_CRON: Final = re.compile(r"Cron\((?P<cron>'[^']*'|\"[^\"]*\"), (?P<timezone>[^()]+)\)")
_PERIOD: Final = re.compile(r"Period\((?P<parts>[a-z]+=[0-9.]+(?:, [a-z]+=[0-9.]+)*)\)")


class UnknownScheduleTextError(ReconcileError):
    """The SDK shows a schedule in a form that this version does not know."""


class ModalApps:
    """The deployed apps of the workspace that the client's credentials belong to."""

    def __init__(self, name: str, environment: str) -> None:
        """Args: the name of our app, and the Modal environment that it is in."""
        self._name = name
        self._environment = environment

    async def deployed(self) -> Sequence[DeployedApp]:
        """See :class:`~reconciler.workspace.ports.Apps`.

        Raises:
            UnknownEnvironmentError: our environment does not exist.
            UnknownScheduleTextError: see there.
        """
        with translated_errors():
            environments = await modal.Environment.objects.list.aio()
        names = [environment.name for environment in environments]
        if self._environment not in names:
            raise UnknownEnvironmentError(self._environment, map(str, names))
        free = asyncio.Semaphore(AT_ONCE)
        found = await together(*(self._of(environment, free) for environment in environments))
        return [app for apps in found for app in apps]

    async def rates(self) -> Rates | None:
        """See :class:`~reconciler.workspace.ports.Apps`."""
        return await workspace_rates()

    async def stopped(self, id_: str) -> Touch | None:
        """See :class:`~reconciler.workspace.ports.Apps`."""
        with translated_errors():
            try:
                # Stopped apps are in no list; by its id one is found for as long as Modal has it.
                app = await modal.App.lookup.aio(id_)
            except NotFoundError:
                return None
            info = await app.info.aio()
        return _touch(info.lifecycle.stopped_by, info.lifecycle.stopped_at)

    async def require_secrets(self, secrets: Secrets) -> None:
        """See :class:`~reconciler.workspace.ports.Apps`."""
        for name, keys in secrets.items():
            with translated_errors():
                try:
                    await self._secret(name, keys).hydrate.aio()
                except NotFoundError as error:
                    raise MissingSecretError(name, keys, self._environment) from error

    async def deploy(self, slots: Sequence[Slot], tags: Mapping[str, str], secrets: Secrets) -> str:
        """See :class:`~reconciler.workspace.ports.Apps`."""
        await self.require_secrets(secrets)
        volume = modal.Volume.from_name(
            self._name, environment_name=self._environment, create_if_missing=True
        )
        carried = [self._secret(name, keys) for name, keys in secrets.items()]
        app = build_app(self._name, slots, tags, volume, carried)
        try:
            with translated_errors():
                await app.deploy.aio(environment_name=self._environment)
        except Exception as error:
            refused = _LIMIT.search(str(error))
            if refused is None:
                raise
            raise CronLimitError(refused.group()) from error
        assert app.app_id is not None, "it was deployed"
        return app.app_id

    async def set_tags(self, tags: Mapping[str, str]) -> None:
        """See :class:`~reconciler.workspace.ports.Apps`."""
        with translated_errors():
            app = await modal.App.lookup.aio(self._name, environment_name=self._environment)
            await app.set_tags.aio(dict(tags))

    def _secret(self, name: str, keys: Sequence[str]) -> modal.Secret:
        return modal.Secret.from_name(
            name, environment_name=self._environment, required_keys=list(keys)
        )

    async def _of(
        self, environment: modal.Environment, free: asyncio.Semaphore
    ) -> list[DeployedApp]:
        with translated_errors():
            apps = await environment.apps.list.aio()
        found = await together(*(self._describe(app, environment, free) for app in apps))
        return [app for app in found if app is not None]

    async def _describe(
        self, app: modal.App, environment: modal.Environment, free: asyncio.Semaphore
    ) -> DeployedApp | None:
        with translated_errors():
            info = await app.info.aio()
        if info.lifecycle.state is not AppState.DEPLOYED:
            return None
        functions = await together(
            *(_function(name, id_, free) for name, id_ in sorted(info.functions.items()))
        )
        name = app.name or info.description
        tags, touch = {}, None
        if (environment.name, name) == (self._environment, self._name):
            with translated_errors():
                tags = await app.get_tags.aio()
            touch = _touch(info.lifecycle.deployed_by, info.lifecycle.deployed_at)
        return DeployedApp(str(environment.name), name, tuple(functions), tags, touch, info.app_id)


async def _function(name: str, id_: str, free: asyncio.Semaphore) -> DeployedFunction:
    async with free:
        with translated_errors():
            info = await modal.Function.from_id(id_).info.aio()
    return read_schedule(name, info.schedule)


def _touch(by: str | None, at: datetime | None) -> Touch | None:
    """When and, if Modal tells it, who."""
    return None if at is None else Touch(by or None, format_time(at))


def read_schedule(name: str, text: str | None) -> DeployedFunction:
    """Read the schedule of a function as ``Function.info()`` shows it.

    That text is for display and its form is not promised: this is the one place that reads it.

    Raises:
        UnknownScheduleTextError: it is of no known form; taking it for no schedule would lose it.
    """
    if text is None:
        return DeployedFunction(name)
    if cron := _CRON.fullmatch(text):
        expression = str(ast.literal_eval(cron["cron"]))
        slot = Slot(name, expression, cron["timezone"])
        return DeployedFunction(name, slot, f"{slot.cron} ({slot.timezone})")
    if period := _PERIOD.fullmatch(text):
        parts = (part.partition("=") for part in period["parts"].split(", "))
        every = ", ".join(
            f"{number} {unit.removesuffix('s') if float(number) == 1 else unit}"
            for unit, _, number in parts
        )
        return DeployedFunction(name, None, f"every {every}")
    raise UnknownScheduleTextError(
        f"Modal shows the schedule of function {name} as {text!r}, which this version cannot read",
        remedy="Use a version of modal that schedule-reconciler was tested with, or report this.",
    )
