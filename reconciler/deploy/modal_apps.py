"""The apps of a Modal workspace, through the public SDK."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, TypeVar

import modal
from modal.exception import InvalidError, NotFoundError
from modal.types import AppState

from reconciler.deploy.deployment import build_app
from reconciler.deploy.modal_secrets import ModalSecrets
from reconciler.deploy.modal_targets import ModalTargets, read_back
from reconciler.deploy.ports import (
    CronLimitError,
    DeployedApp,
    DeployedFunction,
    Deployment,
    MissingSecretError,
    Secrets,
)
from reconciler.deploy.schedule_texts import UnknownScheduleTextError, read_schedule
from reconciler.deploy.web_app import Endpoints, deploy_web
from reconciler.dispatch.adapters.at_once import together
from reconciler.dispatch.adapters.modal_calls import translated_errors
from reconciler.dispatch.adapters.modal_failures import describe
from reconciler.dispatch.answers import FailureKind, ModalError, UnavailableError
from reconciler.errors import UnknownEnvironmentError
from reconciler.manifest.code_target import IMAGE_PYTHON
from reconciler.model.generation import Slot
from reconciler.model.runs_file import format_time
from reconciler.plan import Rates, Touch
from reconciler.plan.tags import VOLUME_TAG
from reconciler.plan.target_names import beginning
from reconciler.plan.web_app import FUNCTION, PlannedWeb

T = TypeVar("T")
U = TypeVar("U")

AT_ONCE: Final = 32
"""Calls to Modal under way at the same time."""

_LIMIT: Final = re.compile(r"reached limit of \d+ (?:cron jobs|scheduled functions)[^\n]*")
_STOPPING: Final = frozenset(
    {
        FailureKind.AUTHENTICATION,
        FailureKind.OUTDATED,
        FailureKind.EXHAUSTED,
        FailureKind.LOCAL,
    }
)
"""Refusals that are not about the one object that was asked for, so that they stop a plan."""


class ModalApps:
    """The deployed apps of the workspace that the client's credentials belong to."""

    def __init__(
        self,
        name: str,
        environment: str,
        image_python: str = IMAGE_PYTHON,
        endpoints: Endpoints = MappingProxyType({}),
    ) -> None:
        """
        Args:
            name: of our app.
            environment: the Modal environment that it is in.
            image_python: the Python version of the images of code targets that name none.
            endpoints: the functions of the HTTP API, for one that may be asked to deploy them.
        """
        self._endpoints = endpoints
        self._name = name
        self._environment = environment
        secrets = ModalSecrets(environment)
        self.secrets_among = secrets.secrets_among
        self.store_secret = secrets.store_secret
        self.remove_secret = secrets.remove_secret
        self._targets = ModalTargets(name, environment, image_python)
        self.build_image = self._targets.build_image
        self.require_objects = self._targets.require_objects
        self.deploy_target = self._targets.deploy_target
        self.remove_target = self._targets.remove_target
        self.is_busy = self._targets.is_busy

    async def deploy_web(self, planned: PlannedWeb, tags: Mapping[str, str]) -> str:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        return await deploy_web(planned, tags, self._environment, self._endpoints)

    async def web_address(self, app: str) -> str:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        with translated_errors(f"read the address of {app}"):
            found: modal.Function[..., Any, Any] = modal.Function.from_name(
                app, FUNCTION, environment_name=self._environment
            )
            return await found.get_web_url.aio() or ""

    async def deployed(self) -> Sequence[DeployedApp]:
        """See :class:`~reconciler.deploy.ports.Apps`.

        Raises:
            UnknownEnvironmentError: our environment does not exist.
            UnknownScheduleTextError: a function of our app has a schedule of no known form.
        """
        free = asyncio.Semaphore(AT_ONCE)
        environments = await _read(_environments(), _unlisted, foreign=True)
        if isinstance(environments, DeployedApp):
            own = modal.Environment.from_name(self._environment)
            return [environments, *await self._of(own, self._environment, free)]
        if self._environment not in environments:
            raise UnknownEnvironmentError(self._environment, environments)
        found = await together(
            *(self._of(environment, name, free) for name, environment in environments.items())
        )
        return [app for apps in found for app in apps]

    async def own_schedules(
        self, functions: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], str]:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        free = asyncio.Semaphore(AT_ONCE)
        # Only a plain function can have one; of a class's method Modal's client refuses it.
        plain = sorted(one for one in functions if "." not in one[1])
        found = await together(*(self._own_schedule(*one, free) for one in plain))
        return {one: text for one, text in zip(plain, found, strict=True) if text is not None}

    async def _own_schedule(self, app: str, name: str, free: asyncio.Semaphore) -> str | None:
        async def described() -> modal.types.FunctionInfo:
            async with free:
                with translated_errors(f"read the function {app}/{name}"):
                    function: modal.Function[..., Any, Any] = modal.Function.from_name(
                        app, name, environment_name=self._environment
                    )
                    return await function.info.aio()

        info = await _read(described(), lambda _why: None, foreign=True)
        return None if info is None else read_schedule(name, info.schedule).schedule

    async def own(self) -> DeployedApp | None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        with translated_errors(f"look up the app {self._name}"):
            try:
                app = await modal.App.lookup.aio(self._name, environment_name=self._environment)
            except NotFoundError:
                return None
        return await self._describe(app, self._environment, asyncio.Semaphore(AT_ONCE))

    async def rates(self) -> Rates | None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        return await workspace_rates()

    async def stopped(self, id_: str) -> Touch | None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        with translated_errors(f"look up the app {id_}"):
            try:
                # Stopped apps are in no list; by its id one is found for as long as Modal has it.
                app = await modal.App.lookup.aio(id_)
            except NotFoundError:
                return None
            info = await app.info.aio()
        return _touch(info.lifecycle.stopped_by, info.lifecycle.stopped_at)

    async def require_secrets(self, secrets: Secrets) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        for name, keys in secrets.items():
            with translated_errors(f"look up the Secret {name}"):
                try:
                    await self._secret(name, keys).hydrate.aio()
                except NotFoundError as error:
                    raise MissingSecretError(name, keys, self._environment) from error

    async def deploy(
        self, slots: Sequence[Slot], tags: Mapping[str, str], secrets: Secrets
    ) -> Deployment:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        await self.require_secrets(secrets)
        volume = modal.Volume.from_name(
            self._name, environment_name=self._environment, create_if_missing=True
        )
        with translated_errors(f"look up the Volume {self._name}"):
            await volume.hydrate.aio()
        # The id of the handle that is mounted: the tag cannot name another Volume.
        mounted = str(volume.object_id)
        carried = [self._secret(name, keys) for name, keys in secrets.items()]
        app = build_app(self._name, slots, {**tags, VOLUME_TAG: mounted}, volume, carried)
        try:
            asked = f"deploy the app {self._name} to {self._environment}"
            with translated_errors(asked, patient=True):
                await app.deploy.aio(environment_name=self._environment)
        except Exception as error:
            refused = _LIMIT.search(str(error))
            if refused is None:
                raise
            raise CronLimitError(refused.group()) from error
        assert app.app_id is not None, "it was deployed"
        return Deployment(app.app_id, mounted)

    async def set_tags(self, tags: Mapping[str, str]) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        with translated_errors(f"set the tags of the app {self._name}"):
            app = await modal.App.lookup.aio(self._name, environment_name=self._environment)
            await app.set_tags.aio(dict(tags))

    def _secret(self, name: str, keys: Sequence[str]) -> modal.Secret:
        return modal.Secret.from_name(
            name, environment_name=self._environment, required_keys=list(keys)
        )

    async def _of(
        self, environment: modal.Environment, name: str, free: asyncio.Semaphore
    ) -> list[DeployedApp]:
        async def listed() -> list[modal.App]:
            with translated_errors(f"list the apps of the Modal environment {name}"):
                return list(await environment.apps.list.aio())

        def unread(why: str) -> DeployedApp:
            return DeployedApp(name, "", unread=why)

        apps = await _read(listed(), unread, foreign=name != self._environment)
        if isinstance(apps, DeployedApp):
            return [apps]
        found = await together(*(self._describe(app, name, free) for app in apps))
        return [app for app in found if app is not None]

    async def _describe(
        self, app: modal.App, environment: str, free: asyncio.Semaphore
    ) -> DeployedApp | None:
        shown = app.name or "without a name"

        async def described() -> modal.types.AppInfo:
            with translated_errors(f"read the app {shown} of the Modal environment {environment}"):
                return await app.info.aio()

        def unread(why: str) -> DeployedApp:
            return DeployedApp(environment, shown, unread=why)

        # An app that does not even say its name may be ours.
        foreign = environment != self._environment or app.name not in (self._name, None, "")
        info = await _read(described(), unread, foreign=foreign)
        if isinstance(info, DeployedApp):
            return info
        if info.lifecycle.state is not AppState.DEPLOYED:
            return None
        name = app.name or info.description
        own = (environment, name) == (self._environment, self._name)
        target = environment == self._environment and name.startswith(beginning(self._name))
        functions = await together(
            *(
                self._describe_function(function, id_, name, free, foreign=not own, whole=target)
                for function, id_ in sorted(info.functions.items())
                if function not in info.servers
            )
        )
        servers = [DeployedFunction(server, server=True) for server in sorted(info.servers)]
        tags, touch = {}, None
        if own or target:
            with translated_errors(f"read the tags of the app {name}"):
                tags = await app.get_tags.aio()
            touch = _touch(info.lifecycle.deployed_by, info.lifecycle.deployed_at)
        return DeployedApp(environment, name, (*functions, *servers), tags, touch, info.app_id)

    async def _describe_function(
        self,
        name: str,
        id_: str,
        app: str,
        free: asyncio.Semaphore,
        *,
        foreign: bool,
        whole: bool,
    ) -> DeployedFunction:
        def unread(why: str) -> DeployedFunction:
            return DeployedFunction(name, unread=why)

        found = await _read(_function(name, id_, app, free, whole=whole), unread, foreign=foreign)
        if found.unread is not None and not foreign:
            raise UnknownScheduleTextError(app, name, found.unread)
        return found


async def _environments() -> Mapping[str, modal.Environment]:
    with translated_errors("list the Modal environments"):
        environments = await modal.Environment.objects.list.aio()
    return {str(environment.name): environment for environment in environments}


def _unlisted(why: str) -> DeployedApp:
    return DeployedApp("", "", unread=why)


async def _function(
    name: str, id_: str, where: str, free: asyncio.Semaphore, *, whole: bool
) -> DeployedFunction:
    async with free:
        with translated_errors(f"read the function {where}/{name}"):
            try:
                info = await modal.Function.from_id(id_).info.aio()
            except InvalidError:
                # Of a Server, which has no schedule, the client refuses it.
                await modal.Server.from_id(id_).info.aio()
                return DeployedFunction(name, server=True)
    found = read_schedule(name, info.schedule)
    return replace(found, options=read_back(info)) if whole else found


async def _read(job: Awaitable[T], unread: Callable[[str], U], *, foreign: bool) -> T | U:
    """The job's result. What is foreign and cannot be read is what ``unread`` makes of the reason.

    Silence stops a plan, and so does a refusal that is not about this one object.
    """
    try:
        return await job
    except ModalError as error:
        if not foreign or not error.answered or error.kind in _STOPPING:
            raise
        return unread(error.what)
    except Exception as error:
        # The client's own code, over an answer that it does not understand.
        if not foreign:
            raise
        return unread(describe(error))


def _touch(by: str | None, at: datetime | None) -> Touch | None:
    """When and, if Modal says it, who."""
    return None if at is None else Touch(by or None, format_time(at))


PATIENCE: Final = timedelta(seconds=5)
"""After which the list price will do: nothing depends on the rates but a figure in a plan."""

_CORE_HOUR: Final = "cpu_hour_cost"
_GIB_HOUR: Final = "mem_gib_hour_cost"
"""The names that Modal has for them. They are not documented, so a plan can do without."""


async def workspace_rates() -> Rates | None:
    """See :meth:`~reconciler.deploy.ports.Apps.rates`."""
    try:
        with translated_errors("read its rates"):
            async with asyncio.timeout(PATIENCE.total_seconds()):
                answer = await modal.Workspace.from_context().billing.rates.aio()
    except (UnavailableError, ArithmeticError):  # the second: a rate is no number to the client
        return None
    # Going through them leaves out those that are deprecated, which to look up would warn or raise.
    return read_rates(dict(answer.items()))


def read_rates(answer: Mapping[str, Decimal]) -> Rates | None:
    """What a container costs, None unless both parts are there and make sense."""
    core, gib = (float(answer.get(name, math.nan)) for name in (_CORE_HOUR, _GIB_HOUR))
    if not all(math.isfinite(rate) and rate >= 0 for rate in (core, gib)):
        return None
    return Rates(core_hour=core, gib_hour=gib)
