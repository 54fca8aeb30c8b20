"""``reconcile dashboard`` on the engine, asked by curl, which shares no code with it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.curl import curl
from tests.end_to_end.project import Project
from tests.engine_fixture import until


@dataclass
class Dashboard:
    """A dashboard that runs."""

    project: Project
    process: subprocess.Popen[str]
    origin: str
    token: str

    def curl(self, path: str, *options: str) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        status, body = curl(self.origin + path, *options)
        return status, json.loads(body) if body else None

    def ask(self, path: str, *options: str) -> tuple[int, Any]:
        """The same with the token."""
        return self.curl(path, "-H", f"Authorization: Bearer {self.token}", *options)


@pytest.fixture(scope="module")
def dashboard(make_module_project: Callable[..., Project]) -> Iterator[Dashboard]:
    project = make_module_project()
    project.hourly("a", "b")
    (project.root / "reconciler.yaml").write_text(
        "web: {functions: [shop/*], submit: shop/accept}\n"
    )
    project.applied()
    process = project.start("dashboard", "--no-browser")
    assert process.stdout is not None
    url = urlsplit(process.stdout.readline().split()[-1])
    yield Dashboard(project, process, f"{url.scheme}://{url.netloc}", url.query.split("=")[1])
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0, "Ctrl-C is how it ends"


def test_it_answers_what_the_command_line_answers(dashboard: Dashboard) -> None:
    status, found = dashboard.ask("/api/v1/status")
    printed = json.loads(dashboard.project.reconcile("status", "--format", "json").out)
    assert (status, found) == (200, printed)


def test_without_the_token_it_answers_nothing(dashboard: Dashboard) -> None:
    status, found = dashboard.curl("/api/v1/status")
    assert (status, found["title"]) == (401, "No credentials")


def post(dashboard: Dashboard, path: str, body: object, *options: str) -> tuple[int, Any]:
    sent = ("-H", "Content-Type: application/json", "-d", json.dumps(body), *options)
    return dashboard.ask(path, "-X", "POST", *sent)


def ended(dashboard: Dashboard, path: str) -> tuple[int, Any]:
    """The answer once it is no longer 202."""
    found: list[tuple[int, Any]] = []

    def done() -> bool:
        found.append(dashboard.ask(path))
        return found[-1][0] != 202

    until(done, 60)
    return found[-1]


def test_a_job_is_started_once_and_its_result_fetched(dashboard: Dashboard) -> None:
    body = {"args": {"occurrence": "over http"}}
    key = ("-H", "Idempotency-Key: k1")
    status, job = post(dashboard, "/api/v1/jobs/shop/sync", body, *key)
    assert status == 202
    assert post(dashboard, "/api/v1/jobs/shop/sync", body, *key) == (202, job)
    status, found = ended(dashboard, f"/api/v1/jobs/{job['call']}")
    assert (status, found["state"], found["value"]) == (200, "done", "over http")
    assert dashboard.project.marks().count("over http") == 1


def test_a_job_that_fails_says_why(dashboard: Dashboard) -> None:
    _, job = post(dashboard, "/api/v1/jobs/shop/fail", {"args": {"occurrence": "x"}})
    status, found = ended(dashboard, f"/api/v1/jobs/{job['call']}")
    assert (status, found["state"], found["error"]) == (200, "failed", "ValueError: no rows")


def test_the_result_of_a_call_that_the_command_line_submitted_is_shown(
    dashboard: Dashboard,
) -> None:
    arguments = json.dumps({"occurrence": "by command"})
    done = dashboard.project.reconcile("submit", "shop/sync", "--args", arguments)
    status, found = ended(dashboard, f"/api/v1/jobs/{done.out.strip()}")
    assert (status, found["value"]) == (200, "by command")


def test_the_two_routes_of_the_well_known_example(dashboard: Dashboard) -> None:
    status, submitted = dashboard.ask("/submit?data=hello", "-X", "POST")
    assert status == 200
    assert ended(dashboard, f"/result/{submitted['call_id']}") == (200, ["data"])
    assert dashboard.ask("/result/fc-unknown") == (404, "")


def test_a_wake_processes_what_is_due_and_the_history_says_who_asked(
    dashboard: Dashboard,
) -> None:
    status, wake = post(dashboard, "/wake", {"source": "curl"})
    assert status == 202
    dashboard.project.in_modal(
        f"""
        import modal
        answer = modal.FunctionCall.from_id({wake["wake"]!r}).get(timeout=60)
        """
    )


def test_a_trigger_that_means_no_occurrence_is_refused(dashboard: Dashboard) -> None:
    status, found = post(dashboard, "/trigger", {"job": "a", "execution_id": "a@2020-01-01T00:00Z"})
    assert (status, found["title"]) == (422, "Nominal time")
    status, found = post(dashboard, "/trigger", {"job": "aa"})
    assert (status, found["remedy"]) == (404, "Did you mean a?")


def test_a_large_body_and_a_foreign_host_are_refused(dashboard: Dashboard, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b" " * 300_000)
    sent = ("-X", "POST", "-H", "Content-Type: application/json", "--data-binary", f"@{large}")
    assert dashboard.ask("/wake", *sent)[0] == 413
    assert dashboard.ask("/api/v1/status", "-H", "Host: evil.example")[0] == 421


def test_a_port_that_is_taken_is_named(dashboard: Dashboard) -> None:
    port = dashboard.origin.rpartition(":")[2]
    done = dashboard.project.reconcile("dashboard", "--no-browser", "--port", port)
    assert (done.code, f"cannot listen at 127.0.0.1:{port}" in done.err) == (1, True)


def test_without_the_extra_it_says_how_to_install_it(tmp_path: Path) -> None:
    code = (
        "import importlib.util as util, sys\n"
        "real = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'uvicorn' else real(name, *more)\n"
        "from reconciler.cli.main import call\n"
        "sys.exit(call(['dashboard']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "the dashboard needs uvicorn, which is not installed" in done.stderr
    assert "pip install 'schedule-reconciler[web]'" in done.stderr


def test_neither_the_help_nor_a_wake_loads_any_of_it() -> None:
    code = (
        "import sys, contextlib\n"
        "import reconciler.dispatch.wake.entrypoint, reconciler.cli.main as main\n"
        "with contextlib.suppress(SystemExit): main.call(['--help'])\n"
        "print('loaded:', [n for n in sys.modules if n.partition('.')[0] in "
        "('starlette', 'jinja2', 'uvicorn', 'jwt') or n.startswith('reconciler.web')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"
