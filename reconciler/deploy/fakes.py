"""The workspace's ports in memory.

Each call yields to other tasks between what it does and its answer, as a call to Modal does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reconciler.deploy.ports import (
    CallGoneError,
    CronLimitError,
    DeployedApp,
    DeployedFunction,
    Deployment,
    ImageNotBuiltError,
    MissingObjectError,
    MissingSecretError,
    OutputLine,
    Secrets,
    UnknownAccountError,
)
from reconciler.manifest.code_target import NamedSecret
from reconciler.model.generation import CRONLESS, Slot
from reconciler.plan import Rates, Standing, Touch
from reconciler.plan.code_targets import PlannedTarget
from reconciler.plan.price import LIST_PRICE
from reconciler.plan.read_back import asked_for
from reconciler.plan.state import LiveAccount, SeenWorker, WorkerAttempts
from reconciler.plan.tags import VOLUME_TAG
from reconciler.plan.web_app import PlannedWeb
from reconciler.plan.worker import PlannedWorker


@dataclass
class FakeApps:
    """A workspace with a cron limit.

    Attributes:
        environment, name: of our app.
        limit: crons that the workspace allows.
        apps: what is deployed.
        prices: what the workspace pays, None when it is not known.
        secrets: the Secrets that there are, each with its keys.
        stops: id to who stopped that app.
        files: the Volume that our functions mount.
        unbuildable: functions of the repository whose image cannot be built.
        lost: Secrets that are not there when a code target names them.
        built, deploys: the apps of code targets, in the order in which their images were built and
            they were deployed.
        busy: apps of which calls are open.
        stored: the Secrets that an apply has made, each with its entries.
    """

    environment: str = "main"
    name: str = "schedule-reconciler"
    limit: int = 5
    apps: list[DeployedApp] = field(default_factory=list)
    prices: Rates | None = LIST_PRICE
    secrets: dict[str, set[str]] = field(default_factory=dict)
    stops: dict[str, Touch] = field(default_factory=dict)
    files: FakeFiles = field(default_factory=lambda: FakeFiles())
    unbuildable: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    built: list[str] = field(default_factory=list)
    deploys: list[str] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    stored: dict[str, dict[str, str]] = field(default_factory=dict)

    def stop(self, touch: Touch) -> None:
        """A person stops our app."""
        self.stops |= {app.id: touch for app in self.apps if self._is_own(app)}
        self.apps = [app for app in self.apps if not self._is_own(app)]

    async def deployed(self) -> Sequence[DeployedApp]:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        found = tuple(self.apps)
        await asyncio.sleep(0)
        return found

    async def own_schedules(
        self, functions: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], str]:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        found = {
            (app.name, function.name): function.schedule
            for app in self.apps
            if app.environment == self.environment
            for function in app.functions
            if function.schedule is not None and (app.name, function.name) in functions
        }
        await asyncio.sleep(0)
        return found

    async def own(self) -> DeployedApp | None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        found = next((app for app in self.apps if self._is_own(app)), None)
        await asyncio.sleep(0)
        return found

    async def rates(self) -> Rates | None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        found = self.prices
        await asyncio.sleep(0)
        return found

    async def stopped(self, id_: str) -> Touch | None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        found = self.stops.get(id_)
        await asyncio.sleep(0)
        return found

    async def require_secrets(self, secrets: Secrets) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        for name, keys in secrets.items():
            if not set(keys) <= self.secrets.get(name, set()):
                raise MissingSecretError(name, keys, self.environment)
        await asyncio.sleep(0)

    async def deploy(
        self, slots: Sequence[Slot], tags: Mapping[str, str], secrets: Secrets
    ) -> Deployment:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        await self.require_secrets(secrets)
        others = [app for app in self.apps if not self._is_own(app)]
        held = sum(function.schedule is not None for app in others for function in app.functions)
        if held + len(slots) > self.limit:
            raise CronLimitError(f"reached limit of {self.limit} cron jobs")
        functions = tuple(
            DeployedFunction(slot.name, slot, f"{slot.cron} ({slot.timezone})") for slot in slots
        )
        every = (*functions, *map(DeployedFunction, CRONLESS))
        id_ = f"ap-{self.name}-{len(self.stops)}"
        volume = self.files.make()
        app = DeployedApp(self.environment, self.name, every, {**tags, VOLUME_TAG: volume}, id=id_)
        self.apps = [*others, app]
        await asyncio.sleep(0)
        return Deployment(id_, volume)

    async def set_tags(self, tags: Mapping[str, str]) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        self.apps = [
            replace(app, tags=dict(tags)) if self._is_own(app) else app for app in self.apps
        ]
        await asyncio.sleep(0)

    async def build_image(self, planned: PlannedTarget, where: str) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        if planned.record.code in self.unbuildable:
            raise ImageNotBuiltError(
                f"the image of {planned.record.code} cannot be built", where=where
            )
        self.built.append(planned.record.app)
        await asyncio.sleep(0)

    async def require_objects(self, planned: PlannedTarget, places: Mapping[str, str]) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        await asyncio.sleep(0)
        for secret in planned.target.options.secrets or ():
            if isinstance(secret, NamedSecret) and secret.name in self.lost:
                where = places["secrets"]
                raise MissingObjectError(f"there is no Modal Secret {secret.name}", where=where)

    async def deploy_target(
        self, planned: PlannedTarget, tags: Mapping[str, str], values: Mapping[str, str], where: str
    ) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        del where  # nothing can be missing here
        record = planned.record
        if values:
            self.secrets.setdefault(record.app, set()).update(values)
        function = DeployedFunction(record.function, options=asked_for(record))
        app = DeployedApp(
            self.environment, record.app, (function,), dict(tags), id=f"ap-{record.app}"
        )
        await asyncio.sleep(0)
        self.apps = [one for one in self.apps if not self._is(one, record.app)] + [app]
        self.deploys.append(record.app)
        await asyncio.sleep(0)

    async def deploy_web(self, planned: PlannedWeb, tags: Mapping[str, str]) -> str:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        functions = tuple(map(DeployedFunction, planned.functions))
        app = DeployedApp(
            self.environment, planned.app, functions, dict(tags), id=f"ap-{planned.app}"
        )
        await asyncio.sleep(0)
        self.apps = [one for one in self.apps if not self._is(one, planned.app)] + [app]
        self.deploys.append(planned.app)
        return f"https://{planned.app}.example.com"

    async def web_address(self, app: str) -> str:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        await asyncio.sleep(0)
        return f"https://{app}.example.com"

    async def secrets_among(self, names: Collection[str]) -> frozenset[str]:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        found = frozenset(names).intersection(self.secrets)
        await asyncio.sleep(0)
        return found

    async def store_secret(self, name: str, entries: Mapping[str, str]) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        await asyncio.sleep(0)
        self.secrets[name] = {*entries}
        self.stored[name] = dict(entries)

    async def remove_secret(self, name: str) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        await asyncio.sleep(0)
        self.secrets.pop(name, None)

    async def remove_target(self, app: str) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        self.apps = [one for one in self.apps if not self._is(one, app)]
        self.secrets.pop(app, None)
        await asyncio.sleep(0)

    async def is_busy(self, app: str, functions: Mapping[str, Any]) -> bool:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        found = app in self.busy and bool(functions)
        await asyncio.sleep(0)
        return found

    def _is(self, app: DeployedApp, name: str) -> bool:
        return (app.environment, app.name) == (self.environment, name)

    def _is_own(self, app: DeployedApp) -> bool:
        return (app.environment, app.name) == (self.environment, self.name)


@dataclass
class FakeWorkers:
    """A Cloudflare account.

    Attributes:
        unknown: why it does not answer; None while it does.
        tags, crons: of each Worker, by its name.
        keys: the secret bindings of each Worker.
        deploys: what was deployed, the last one last.
        attempts: what a Worker recorded.
    """

    unknown: str | None = None
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    crons: dict[str, tuple[str, ...]] = field(default_factory=dict)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    deploys: list[PlannedWorker] = field(default_factory=list)
    attempts: tuple[WorkerAttempts, ...] = ()

    async def look(self, account: str, name: str, since: datetime) -> SeenWorker:
        """See :class:`~reconciler.deploy.ports.Workers`."""
        del account
        attempts = tuple(one for one in self.attempts if one.last > since)
        found = SeenWorker(self.tags.get(name), self.crons.get(name, ()), attempts)
        await asyncio.sleep(0)
        if self.unknown is not None:
            raise UnknownAccountError(self.unknown)
        return found if name in self.tags else SeenWorker(None)

    async def observe(self, account: str, name: str) -> LiveAccount:
        """See :class:`~reconciler.deploy.ports.Workers`."""
        del account  # there is one
        found = LiveAccount(self.tags.get(name), dict(self.crons))
        await asyncio.sleep(0)
        if self.unknown is not None:
            raise UnknownAccountError(self.unknown)
        return found

    async def deploy(
        self,
        planned: PlannedWorker,
        url: str,
        keys: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        """See :class:`~reconciler.deploy.ports.Workers`."""
        say(f"calls {url}")
        await asyncio.sleep(0)
        self.tags[planned.name] = planned.tags
        self.crons[planned.name] = planned.crons
        self.keys.setdefault(planned.name, {}).update(keys)
        self.deploys.append(planned)

    async def tag(self, account: str, name: str, tags: Sequence[str]) -> None:
        """See :class:`~reconciler.deploy.ports.Workers`."""
        del account
        await asyncio.sleep(0)
        self.tags[name] = tuple(tags)

    async def delete(self, account: str, name: str, owners: Iterable[str]) -> None:
        """See :class:`~reconciler.deploy.ports.Workers`."""
        del account, owners
        await asyncio.sleep(0)
        for held in (self.tags, self.crons, self.keys):
            held.pop(name, None)


@dataclass
class FakeCheckout:
    """A clone in memory.

    Attributes:
        history: HEAD and the commits before it.
        shallow: whether there may be more of them.
        folders: those that hold manifests.
    """

    history: set[str] = field(default_factory=set)
    shallow: bool = False
    folders: set[str] = field(default_factory=set)

    def standing(self, live: str | None, old: str | None, new: str) -> Standing:
        """See :class:`~reconciler.deploy.ports.Checkout`."""
        descends = live in self.history or (None if self.shallow and live is not None else False)
        vacated = old is not None and old not in self.folders - {new}
        return Standing(descends=descends, vacated=vacated)


@dataclass
class FakeFiles:
    """A Volume in memory.

    Attributes:
        now: when what is written is written.
        id: of the Volume, None while there is none.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    now: str = "2026-11-20T15:00:00Z"
    times: dict[str, str] = field(default_factory=dict)
    id: str | None = None
    _made: int = 0

    def make(self) -> str:
        """Make the Volume if it is not there; its id."""
        if self.id is None:
            self._made += 1
            self.id = f"vo-{self._made}"
        return self.id

    def delete(self) -> None:
        """A person deletes the Volume, with all that is on it."""
        self.id = None
        self.files.clear()
        self.times.clear()

    async def volume(self) -> str | None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        found = self.id
        await asyncio.sleep(0)
        return found

    async def read(self, path: str) -> bytes | None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        found = self.files.get(path)
        await asyncio.sleep(0)
        return found

    async def write(self, path: str, content: bytes) -> None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        self.make()
        self.files[path] = content
        self.times[path] = self.now
        await asyncio.sleep(0)

    async def written_at(self, path: str) -> str | None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        found = self.times.get(path, self.now) if path in self.files else None
        await asyncio.sleep(0)
        return found

    async def list(self, folder: str) -> Sequence[str]:
        """See :class:`~reconciler.deploy.ports.Files`."""
        return sorted(await self.written(folder))

    async def written(self, folder: str) -> Mapping[str, str]:
        """See :class:`~reconciler.deploy.ports.Files`."""
        inside = (path[len(folder) + 1 :] for path in self.files if path.startswith(f"{folder}/"))
        below = {f"{folder}/{path.split('/')[0]}" for path in inside}
        found = {path: self.times.get(path, self.now) for path in below}
        await asyncio.sleep(0)
        return found

    async def sizes(self, folder: str) -> Mapping[str, int]:
        """See :class:`~reconciler.deploy.ports.Files`."""
        below = f"{folder}/"
        found = {path: len(one) for path, one in self.files.items() if path.startswith(below)}
        await asyncio.sleep(0)
        return found

    async def remove(self, path: str) -> None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        self.files.pop(path, None)
        self.times.pop(path, None)
        await asyncio.sleep(0)


@dataclass
class FakeOutput:
    """What calls printed.

    Attributes:
        lines: of each call. All of these have ended.
    """

    lines: dict[str, list[OutputLine]] = field(default_factory=dict)

    async def kept(self, call: str) -> AsyncIterator[OutputLine]:
        """See :class:`~reconciler.deploy.ports.CallOutput`."""
        await asyncio.sleep(0)
        if call not in self.lines:
            raise CallGoneError(call)
        for line in self.lines[call]:
            yield line

    async def follow(self, call: str) -> AsyncIterator[OutputLine]:
        """See :class:`~reconciler.deploy.ports.CallOutput`."""
        async for line in self.kept(call):
            await asyncio.sleep(0)
            yield line
