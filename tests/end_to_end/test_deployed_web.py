"""The API in a container of the engine, deployed by the unmodified client and asked by curl."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.web.auth.credentials import new_token, token_entry
from reconciler.web.auth.principal import Scope
from reconciler.web.auth.webhooks import sign
from tests.end_to_end.project import Project
from tests.engine_fixture import until

DEPLOY = Path(__file__).with_name("web_deploy.py")
KEY = b"k" * 32
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
        curl = shutil.which("curl")
        assert curl is not None, "curl is not installed"
        done = subprocess.run(
            [curl, "-sS", "--max-time", "60", "-w", "\n%{http_code}", *options, self.url + path],
            capture_output=True,
            text=True,
            check=True,
        )
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

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


async def submitted_and_polled(deployed: Deployed, count: int, at_once: int) -> dict[str, str]:
    """Submit so many jobs at a time, poll each until it is done; its value by call."""
    found: dict[str, str] = {}
    limit = asyncio.Semaphore(at_once)
    headers = {"Authorization": f"Bearer {deployed.token}"}
    async with httpx.AsyncClient(base_url=deployed.url, headers=headers, timeout=120) as client:

        async def ask(method: str, path: str, **given: Any) -> httpx.Response:
            """A request that is refused for its rate is sent again, as its answer says."""
            while (answer := await client.request(method, path, **given)).status_code == 429:
                await asyncio.sleep(float(answer.headers["retry-after"]))
            return answer

        async def one(number: int) -> None:
            async with limit:
                answer = await ask(
                    "POST",
                    "/api/v1/jobs/shop/sync",
                    json={"args": {"occurrence": f"load {number}"}},
                    headers={"Idempotency-Key": f"load {number}"},
                )
                assert answer.status_code == 202, answer.text
                place = answer.headers["location"]
                while (answer := await ask("GET", place)).status_code == 202:
                    await asyncio.sleep(0.2)
                assert answer.status_code == 200, answer.text
                found[answer.json()["call"]] = answer.json()["value"]

        await asyncio.gather(*map(one, range(count)))
    return found


def test_of_many_jobs_at_once_none_is_lost_and_none_runs_twice(deployed: Deployed) -> None:
    found = asyncio.run(submitted_and_polled(deployed, JOBS, 50))
    expected = {f"load {number}" for number in range(JOBS)}
    assert len(found) == JOBS
    assert set(found.values()) == expected
    marks = [mark for mark in deployed.project.marks() if mark in expected]
    assert len(marks) == JOBS
