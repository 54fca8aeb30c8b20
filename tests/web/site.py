"""The application over the in-memory ports, asked as a client asks it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx
from starlette.types import ASGIApp

from reconciler.deploy.fakes import FakeOutput
from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeTaskFiles
from reconciler.manifest import Schedule
from reconciler.manifest.web_settings import WebSettings
from reconciler.model.backfill import (
    Backfill,
    BackfillState,
    Progress,
    progress_key,
    state_entry,
    state_key,
)
from reconciler.model.runs_file import RunRecord, RunState, WakeLog
from reconciler.plan.state import Actual
from reconciler.query.ports import QueryPorts
from reconciler.query.status import DeploymentFinding
from reconciler.web.app import create_app
from reconciler.web.auth.credentials import Credentials, of_token
from reconciler.web.fakes import FakeKeySets, FakeResults
from reconciler.web.ports import WebPorts
from reconciler.web.serving import Serving, loopback_hosts
from tests.deploy.scenario import World
from tests.plan.scenario import desired

PORT = 8700
ORIGIN = f"http://127.0.0.1:{PORT}"
TOKEN = "a token that only this test knows"


Sent: TypeAlias = tuple[str, str, str | None, dict[str, str], dict[str, Any]]
"""Path, method, token, headers, and what else :meth:`httpx.AsyncClient.request` takes."""


def nothing_found(_actual: Actual) -> Iterable[DeploymentFinding]:
    """The deployment is as the last apply left it."""
    return ()


@dataclass
class TestSite:
    """An application, and the world that it shows.

    Attributes:
        settings: of the environment.
        serving: fields of :class:`~reconciler.web.serving.Serving`, over those of loopback.
        logged: the lines of the access log.
    """

    __test__ = False

    world: World = field(default_factory=World)
    caller: FakeCaller = field(default_factory=FakeCaller)
    results: FakeResults = field(default_factory=FakeResults)
    key_sets: FakeKeySets = field(default_factory=FakeKeySets)
    settings: dict[str, Any] = field(default_factory=dict)
    serving: dict[str, Any] = field(default_factory=dict)
    logged: list[str] = field(default_factory=list)
    _app: ASGIApp | None = None

    def apply(self, *schedules: Schedule) -> None:
        """Apply these schedules."""
        self.world.apply(schedules, **self.settings)

    def write(self, log: WakeLog) -> None:
        """Let a wake have happened."""
        self.world.files.files[log.path] = log.encode()

    def backfill(
        self, plan: Backfill, started: int = 0, state: BackfillState = BackfillState.RUNNING
    ) -> None:
        """Let a person have approved a backfill, and wakes have started some of its runs."""
        self.world.files.files[plan.path] = plan.encode()
        entries = self.world.claims.entries
        entries[state_key(plan.digest)] = state_entry(state, plan.by, plan.at)
        entries[progress_key(plan.digest)] = Progress(started).to_json()

    @property
    def app(self) -> ASGIApp:
        """The application; the same one for all requests."""
        if self._app is None:
            self._app = create_app(self.ports(), self.how_served(), self.logged.append)
        return self._app

    def use(self, app: ASGIApp) -> None:
        """Ask this application instead."""
        self._app = app

    def ports(self) -> WebPorts:
        world = self.world
        modal = QueryPorts(
            apps=world.apps,
            files=world.files,
            claims=world.claims,
            caller=self.caller,
            output=FakeOutput(),
            tasks=FakeTaskFiles(world.files.files),
            clock=world.clock,
            workers=world.workers,
        )
        return WebPorts(
            modal=modal, results=self.results, key_sets=self.key_sets, find=nothing_found
        )

    def how_served(self) -> Serving:
        values: dict[str, Any] = {
            "environment": desired((), **self.settings).settings,
            "web": WebSettings(),
            "hosts": loopback_hosts(PORT),
            "https": False,
            "loopback": True,
            "credentials": of_token(TOKEN),
        }
        return Serving(**{**values, **self.serving})

    def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        token: str | None = TOKEN,
        headers: dict[str, str] | None = None,
        **given: Any,
    ) -> httpx.Response:
        """Send one request."""
        return self.ask_all([(path, method, token, headers or {}, given)])[0]

    def ask_all(self, requests: Iterable[Sent]) -> list[httpx.Response]:
        """Send requests at the same time."""

        async def send() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
                return await asyncio.gather(
                    *(
                        client.request(method, path, headers={**_bearer(token), **headers}, **given)
                        for path, method, token, headers, given in requests
                    )
                )

        return asyncio.run(send())


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def wake_log(started: str, *lines: RunRecord, wake: str | None = None) -> WakeLog:
    """The log of a wake of the slot ``poller`` that began then (``2026-11-20T12:00:00Z``)."""
    return WakeLog(
        wake=wake or f"fc-{started}",
        slot="poller",
        started=started,
        now=max((line.times[-1] for line in lines), default=0),
        generation="0" * 64,
        through=None,
        pending={},
        records=lines,
    )


def problem(response: httpx.Response) -> dict[str, Any]:
    """The problem that a response names."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    found: dict[str, Any] = json.loads(response.content)
    assert found["status"] == response.status_code
    return found


__all__ = ["Credentials", "RunRecord", "RunState", "TestSite", "problem", "wake_log"]
