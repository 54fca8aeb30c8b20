"""The engine: its parts, its start and its shutdown."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from grpclib.server import Server
from modal_proto import api_pb2

from reconciler.engine import compat, limits
from reconciler.engine.addresses import Addresses
from reconciler.engine.apps import AppStore
from reconciler.engine.calls import Calls
from reconciler.engine.catalog import Catalog
from reconciler.engine.containers.fleet import Fleet
from reconciler.engine.containers.interpreters import Interpreters
from reconciler.engine.containers.launcher import Launcher
from reconciler.engine.containers.output import Output
from reconciler.engine.containers.pool import Pool
from reconciler.engine.containers.sources import Sources
from reconciler.engine.containers.starter import Places, Starter
from reconciler.engine.cron_runner import CronRunner
from reconciler.engine.entries import variables
from reconciler.engine.events import Events
from reconciler.engine.fault_injection import FaultInjector
from reconciler.engine.http import wire
from reconciler.engine.http.content_urls import ContentUrls
from reconciler.engine.http.handler import ControlHandler
from reconciler.engine.idempotency import IdempotentCalls
from reconciler.engine.images.builds import Builds
from reconciler.engine.images.virtual_environments import ImageEnvironments
from reconciler.engine.logs import LogStore
from reconciler.engine.quota import Quota
from reconciler.engine.rpc.apps import AppObjects
from reconciler.engine.rpc.billing import Billing
from reconciler.engine.rpc.calls import FunctionCalls
from reconciler.engine.rpc.containers import ContainerCalls
from reconciler.engine.rpc.contents import Contents
from reconciler.engine.rpc.dicts import Dicts
from reconciler.engine.rpc.environments import Environments
from reconciler.engine.rpc.functions import Functions
from reconciler.engine.rpc.images import Images
from reconciler.engine.rpc.listener import ClientToken, for_clients, for_container, start
from reconciler.engine.rpc.logs import LogCalls
from reconciler.engine.rpc.proxy_tokens import ProxyTokenCalls
from reconciler.engine.rpc.routes import Routes
from reconciler.engine.rpc.secrets import Secrets
from reconciler.engine.rpc.volumes import VolumeObjects
from reconciler.engine.server_file import ServerFile, client_environment, config_file
from reconciler.engine.storage.blobs import Blobs
from reconciler.engine.storage.database import Database
from reconciler.engine.time_source import Sleep, TimeSource
from reconciler.engine.volumes import Volumes
from reconciler.engine.web.directory import Directory
from reconciler.engine.web.exchanges import Exchanges
from reconciler.engine.web.listeners import Listeners
from reconciler.engine.web.proxy_tokens import ProxyTokens
from reconciler.errors import ReconcileError

_FREE_ONE = "Leave --port out to get a free one."
_HOUSEKEEPING = 10.0


def _failed(done: asyncio.Future[bool]) -> bool:
    return not done.cancelled() and done.exception() is not None


@dataclass(frozen=True)
class Options:
    """``port`` 0: a free one. ``real_paths`` None: where possible.

    ``by_clock``: crons fire at their times; otherwise only when that is asked for. ``events``:
    say a line for each cron that fires and each run that ends.
    """

    state: Path
    python: str
    port: int = 0
    quota: Quota = field(default_factory=Quota)
    containers: int = limits.CONTAINERS
    real_paths: bool | None = None
    by_clock: bool = True
    events: bool = False


def _short_folder(link: Path) -> Path:
    """A folder whose path is short enough for sockets; ``link`` remembers it beyond a crash."""
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink()
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    link.symlink_to(folder)
    return folder


class Engine:
    """Everything that one state folder needs. Must be the only one on it; see ``record.sole``.

    ``say`` receives lines for the person who runs it.
    """

    def __init__(
        self,
        options: Options,
        clock: TimeSource,
        launcher: Launcher,
        sleep: Sleep = asyncio.sleep,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        state = options.state.absolute()
        self._options = options
        self._state = state
        self._clock = clock
        self._sockets = _short_folder(state / "sockets")
        shutil.rmtree(state / "containers", ignore_errors=True)
        for name in ("containers", "sources"):
            (state / name).mkdir(exist_ok=True)
        self._database = Database(state / "engine.db")
        (state / "engine.db").chmod(0o600)
        self._token = ClientToken(f"ak-{secrets.token_hex(11)}", f"as-{secrets.token_hex(11)}")
        self._address = ContentUrls(secrets.token_urlsafe(24))
        self._blobs = Blobs(state / "blobs")
        self._volumes = Volumes(self._database)
        self._catalog = Catalog(self._database, clock)
        self._addresses = Addresses(self._database)
        self._apps = AppStore(self._database, clock, self._addresses)
        self._calls = Calls(self._database, clock)
        self._answered = IdempotentCalls(self._database, clock)
        self._logs = LogStore(self._database, clock)
        self._faults = FaultInjector()
        self._emptied = asyncio.Event()
        self._launcher = launcher
        places = Places(state / "containers", self._sockets, config_file(state), options.real_paths)
        environments = ImageEnvironments(state / "environments", options.python, self._catalog)
        self._builds = Builds(environments, partial(variables, self._catalog))
        self._interpreters = Interpreters(launcher, self._builds)
        self._starter = Starter(
            places,
            self._interpreters,
            self._catalog,
            self._apps,
            self._volumes,
            self._blobs,
            Sources(self._catalog, self._blobs, state / "sources"),
        )
        self._events = Events(self._apps, clock, say if options.events else None)
        output = Output(self._logs, self._events)
        self._fleet = Fleet(self._starter, output, options.containers)
        self._pool = Pool(self._apps, self._calls, self._fleet, output, self._events)
        self._faults.kill = self._fleet.kill
        self._say = say
        self._directory = Directory(self._apps, self._addresses)
        self._app_objects = AppObjects(
            self._apps,
            self._catalog,
            self._pool,
            self._fleet,
            self._logs,
            options.quota,
            self._say_endpoints,
        )
        self._exchanges = Exchanges(self._calls, self._pool, self._blobs)
        self._proxy_tokens = ProxyTokens(self._database, clock)
        self._listeners = Listeners(
            self._addresses,
            self._directory,
            self._proxy_tokens,
            self._exchanges,
            sleep,
        )

    async def serve(self, ready: Callable[[ServerFile], None], stop: asyncio.Event) -> bool:
        """Serve until ``stop``; ``ready`` is called once connections are accepted.

        Returns whether the caller must start another engine on the emptied state.
        """
        try:
            await self._serve(ready, stop)
        finally:
            self._database.close()
            shutil.rmtree(self._sockets, ignore_errors=True)
            (self._state / "sockets").unlink(missing_ok=True)
        if stop.is_set():
            return False
        for suffix in ("", "-wal", "-shm"):
            (self._state / f"engine.db{suffix}").unlink(missing_ok=True)
        return True

    def _empty(self) -> None:
        """End soon, with an empty state. The contents that were uploaded stay."""
        ServerFile.remove(self._state)
        self._emptied.set()

    def _routes(self) -> Routes:
        return Routes(
            (
                Environments(self._catalog),
                Billing(),
                self._app_objects,
                Functions(
                    self._apps,
                    self._catalog,
                    self._pool,
                    self._fleet,
                    self._addresses,
                    self._listeners,
                    self._events,
                ),
                FunctionCalls(self._apps, self._calls, self._pool, self._answered, self._exchanges),
                ProxyTokenCalls(self._catalog, self._proxy_tokens),
                ContainerCalls(self._pool, self._fleet),
                LogCalls(self._apps, self._logs, self._fleet),
                Contents(self._catalog, self._blobs, self._address),
                Images(self._catalog, self._builds),
                VolumeObjects(
                    self._catalog, self._volumes, self._blobs, self._address, self._clock
                ),
                Dicts(self._catalog, self._database, self._clock),
                Secrets(self._catalog),
            ),
            self._faults,
        )

    async def _serve(self, ready: Callable[[ServerFile], None], stop: asyncio.Event) -> None:
        table = self._routes().table()
        self._starter.serve(partial(for_container, table))
        answers = ControlHandler(
            self._address,
            self._token.secret,
            self._blobs,
            self._faults,
            self._proxy_tokens,
            self._fire,
            self._status,
            self._empty,
        )
        controls = await wire.serve(answers.answer)
        self._address.port = controls.sockets[0].getsockname()[1]
        listener = for_clients(table, self._token)
        port = await self._listen(listener)
        self._pool.resume()
        await self._listeners.start()
        jobs = [asyncio.create_task(self._keep_house())]
        if self._options.by_clock:
            firing = CronRunner(self._apps, self._clock, self._run_by_clock)
            jobs.append(asyncio.create_task(firing.keep_firing()))
        warming = asyncio.create_task(self._launcher.can_mount())
        warming.add_done_callback(lambda done: stop.set() if _failed(done) else None)
        ready(self._record(f"http://127.0.0.1:{port}"))
        self._say_endpoints("")
        ends = [asyncio.create_task(event.wait()) for event in (stop, self._emptied)]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for job in (*jobs, *ends):
            job.cancel()
        await self._builds.close()
        await self._listeners.close()
        await self._fleet.close(at_once=not stop.is_set())
        await self._interpreters.stop()
        listener.close()
        controls.close()
        if not warming.cancel():
            await warming

    def _say_endpoints(self, app: str) -> None:
        for line in self._directory.lines(app):
            self._say(line)

    def _record(self, url: str) -> ServerFile:
        identity = (url, self._token.id, self._token.secret)
        return ServerFile(
            pid=os.getpid(),
            url=url,
            http=self._address.base,
            token_id=self._token.id,
            token_secret=self._token.secret,
            version=compat.protocol_version(),
            started=time.time(),
            variables=client_environment(*identity, self._state),
        )

    async def _listen(self, listener: Server) -> int:
        try:
            return await start(listener, self._options.port)
        except OverflowError as error:
            raise ReconcileError(
                f"{self._options.port} is not a port", remedy="Ports are 1 to 65535. " + _FREE_ONE
            ) from error
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            why = "is in use" if in_use else f"cannot be listened on: {error.strerror}"
            raise ReconcileError(f"port {self._options.port} {why}", remedy=_FREE_ONE) from error

    def _fire(self, app_name: str, name: str, environment: str) -> str:
        app = self._apps.deployed(self._catalog.environment(environment), app_name)
        for spec in self._apps.specs(app.id) if app else ():
            if spec.name == name:
                return self._run(spec.id)
        raise ReconcileError(
            f"no function {name!r} in a deployed app {app_name!r}",
            where=self._catalog.environment(environment),
            remedy="See `modal app list`.",
        )

    def _run_by_clock(self, function: str) -> None:
        self._events.fired(function)
        self._run(function)

    def _run(self, function: str) -> str:
        """Call a function as its schedule does: without arguments."""
        item = api_pb2.FunctionPutInputsItem(
            input=api_pb2.FunctionInput(args=b"", data_format=api_pb2.DATA_FORMAT_PICKLE)
        )
        asynchronous = api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC
        call, inputs = self._calls.begin(function, asynchronous, [item])
        self._pool.submit(inputs)
        return call

    def _status(self) -> dict[str, Any]:
        containers = self._fleet.containers()
        pids: dict[str, list[int]] = {}
        for container in containers:
            if container.process:
                pids.setdefault(container.spec.name, []).append(container.process.pid)
        return {
            "apps": len(self._apps.live()),
            "containers": len(containers),
            "unfinished_inputs": self._calls.unfinished,
            "container_pids": [pid for some in pids.values() for pid in some],
            "pids_by_function": pids,
        }

    async def _keep_house(self) -> None:
        while True:
            self._app_objects.stop_silent(self._clock.now() - limits.APP_HEARTBEAT)
            self._calls.expire()
            self._answered.expire()
            await asyncio.sleep(_HOUSEKEEPING)
