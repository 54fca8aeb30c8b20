"""The API in a container of the engine, deployed by the unmodified client and asked by curl."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.web.auth.credentials import new_token, token_entry
from reconciler.web.auth.principal import Scope
from reconciler.web.auth.webhooks import sign
from tests.end_to_end.curl import curl
from tests.end_to_end.project import Project
from tests.engine_fixture import until

DEPLOY = Path(__file__).with_name("web_deploy.py")
KEY = b"k" * 32
AT_ONCE = 50
JOBS = int(os.environ.get("WEB_JOBS", "150"))
"""Jobs of the test of many; `WEB_JOBS=1000` plays more."""
JSON = ("-H", "Content-Type: application/json")


@dataclass
class Deployed:
    """An endpoint, and a token of every scope."""

    project: Project
    url: str
    token: str

    def curl(self, path: str, *options: str) -> tuple[int, str]:
        """Status and body of an answer."""
        return curl(self.url + path, *options)

    def ask(self, path: str, *options: str) -> tuple[int, Any]:
        """The same with the token, and a body of JSON."""
        status, body = self.curl(path, "-H", f"Authorization: Bearer {self.token}", *options)
        return status, json.loads(body)


@pytest.fixture(scope="module")
def deployed(make_module_project: Callable[..., Project]) -> Deployed:
    project = make_module_project()
    project.hourly("a", "b")
    project.applied()
    token = new_token()
    entries = dict([token_entry("test", token, list(Scope))])
    entries["WEB_WEBHOOK_WORKER"] = f"wake whsec_{base64.b64encode(KEY).decode()}"
    values = [f"{key}={value}" for key, value in entries.items()]
    project.engine.modal("secret", "create", "web", *values)
    project.engine.modal("deploy", str(DEPLOY))
    url = project.in_modal(
        """
        import modal
        answer = modal.Function.from_name("schedule-reconciler-web", "web").get_web_url()
        """
    )
    return Deployed(project, url, token)


def test_it_answers_what_the_command_line_answers(deployed: Deployed) -> None:
    status, found = deployed.ask("/api/v1/status")
    printed = json.loads(deployed.project.reconcile("status", "--format", "json").out)
    assert (status, found) == (200, printed)


def test_without_a_credential_it_answers_nothing(deployed: Deployed) -> None:
    status, body = deployed.curl("/api/v1/status")
    assert (status, json.loads(body)["title"]) == (401, "No credentials")
    status, body = deployed.curl("/api/v1/status", "-H", "Authorization: Bearer wrong")
    assert (status, json.loads(body)["title"]) == (401, "Token")


def test_a_job_runs_once_and_its_result_is_fetched(deployed: Deployed) -> None:
    sent = ("-X", "POST", *JSON, "-H", "Idempotency-Key: k", "-d")
    body = json.dumps({"args": {"occurrence": "deployed"}})
    first = deployed.ask("/api/v1/jobs/shop/sync", *sent, body)
    assert deployed.ask("/api/v1/jobs/shop/sync", *sent, body) == first
    call = first[1]["call"]
    until(lambda: deployed.ask(f"/api/v1/jobs/{call}")[0] == 200, 60)
    assert deployed.ask(f"/api/v1/jobs/{call}")[1]["value"] == "deployed"
    assert deployed.project.marks().count("deployed") == 1


def test_a_signed_message_wakes_the_dispatcher_once(deployed: Deployed) -> None:
    now, body = int(time.time()), '{"source":"worker"}'
    signed = [
        *("-X", "POST", *JSON, "-d", body),
        *("-H", f"webhook-id: msg-{now}", "-H", f"webhook-timestamp: {now}"),
        *("-H", f"webhook-signature: {sign(KEY, f'msg-{now}', now, body.encode())}"),
    ]
    first, again = deployed.curl("/wake", *signed), deployed.curl("/wake", *signed)
    assert first[0] == 202
    assert again == first
    altered = [*signed[:-1], signed[-1][:-4] + "AAA="]
    assert deployed.curl("/wake", *altered)[0] == 401


def test_a_large_body_is_refused_by_the_application(deployed: Deployed, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b" " * 3_000_000)
    status, found = deployed.ask("/wake", "-X", "POST", *JSON, "--data-binary", f"@{large}")
    assert (status, found["title"]) == (413, "Body too large")


def test_metrics_are_text(deployed: Deployed) -> None:
    status, body = deployed.curl("/metrics", "-H", f"Authorization: Bearer {deployed.token}")
    assert status == 200
    assert body.startswith("# HELP reconcile_schedules")


@dataclass
class Load:
    """Jobs that are submitted and polled at the same time, each under a key of its own.

    Attributes:
        accepted: call to the job's number.
        values: call to its value, once it is done.
        unknown: the jobs of which the API says that they may have started.
    """

    deployed: Deployed
    accepted: dict[str, int] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)

    def play(self, count: int, killed_at: Collection[int] = ()) -> None:
        """Submit so many jobs and poll each until it is done.

        Args:
            killed_at: after so many jobs were accepted the endpoint's container is killed.
        """
        asyncio.run(self._play(count, set(killed_at)))

    async def _play(self, count: int, killed_at: set[int]) -> None:
        limit = asyncio.Semaphore(AT_ONCE)
        headers = {"Authorization": f"Bearer {self.deployed.token}"}
        async with httpx.AsyncClient(
            base_url=self.deployed.url, headers=headers, timeout=120
        ) as client:

            async def one(number: int) -> None:
                async with limit:
                    place = await self._submit(client, number)
                    if len(self.accepted) in killed_at:
                        killed_at.discard(len(self.accepted))
                        self._kill()
                    if place is not None:
                        await self._poll(client, place)

            await asyncio.gather(*map(one, range(count)))

    async def _submit(self, client: httpx.AsyncClient, number: int) -> str | None:
        answer = await _answered(
            client,
            "POST",
            "/api/v1/jobs/shop/sync",
            json={"args": {"occurrence": f"{id(self)} {number}"}},
            headers={"Idempotency-Key": f"{id(self)} {number}"},
        )
        if answer.status_code == 409:
            self.unknown.add(number)
            return None
        assert answer.status_code == 202, answer.text
        self.accepted[answer.json()["call"]] = number
        return answer.headers["location"]

    async def _poll(self, client: httpx.AsyncClient, place: str) -> None:
        while (answer := await _answered(client, "GET", place)).status_code == 202:
            await asyncio.sleep(0.2)
        assert answer.status_code == 200, answer.text
        self.values[answer.json()["call"]] = answer.json()["value"]

    def _kill(self) -> None:
        pids = self.deployed.project.engine.status()["pids_by_function"].get("web", [])
        assert pids
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    def check(self, count: int) -> None:
        """Every accepted job is done, and none ran twice."""
        marks = Counter(self.deployed.project.marks())
        for call, number in self.accepted.items():
            assert self.values[call] == f"{id(self)} {number}"
            assert marks[f"{id(self)} {number}"] == 1
        assert len(set(self.accepted.values())) == len(self.accepted)
        assert set(self.accepted.values()) | self.unknown == set(range(count))
        for number in self.unknown:
            assert marks[f"{id(self)} {number}"] <= 1


async def _answered(
    client: httpx.AsyncClient, method: str, path: str, **given: Any
) -> httpx.Response:
    """The application's answer: a request whose container was killed is sent again, and so is one
    that comes too often."""
    while True:
        try:
            answer = await client.request(method, path, **given)
        except httpx.TransportError:
            continue
        if answer.status_code == 429:
            await asyncio.sleep(float(answer.headers["retry-after"]))
        elif answer.status_code < 500:
            return answer


def test_of_many_jobs_at_once_none_is_lost_and_none_runs_twice(deployed: Deployed) -> None:
    load = Load(deployed)
    load.play(JOBS)
    load.check(JOBS)
    assert not load.unknown


def test_a_killed_container_loses_no_accepted_job_and_doubles_none(deployed: Deployed) -> None:
    load = Load(deployed)
    load.play(JOBS, killed_at=(JOBS // 3, 2 * JOBS // 3))
    load.check(JOBS)
    assert len(load.accepted) >= JOBS - 2 * AT_ONCE
