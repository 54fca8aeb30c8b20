"""The examples of functions in the repository, run on the engine as their manifests say."""

from __future__ import annotations

import shutil
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.project import Project

EXAMPLES = Path(__file__).parents[2] / "examples"
NIGHT, HOUR = "2036-12-01T03:00Z", "2036-12-01T09:00Z"
LATER = "2036-12-01T09:01Z"
REQUESTS = '''
import json
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen


def get(url, params, headers, timeout):
    """As much of requests as the examples use."""
    try:
        asked = Request(f"{url}?{urlencode(params)}", headers=headers)
        with urlopen(asked, timeout=timeout) as answer:
            body = answer.read()
    except HTTPError as error:
        def raise_for_status(error=error):
            raise RuntimeError(f"{error.code} for {params['base']}")
        return SimpleNamespace(raise_for_status=raise_for_status)
    return SimpleNamespace(raise_for_status=lambda: None, json=lambda: json.loads(body))
'''


@dataclass
class Exchange:
    """A service of exchange rates that fails as often as it is asked to."""

    url: str = ""
    failures: int = 0
    keys: list[str] = field(default_factory=list)


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    service = Exchange()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service.keys.append(self.headers["Authorization"])
            failed = service.failures > 0
            service.failures -= failed
            self.send_response(503 if failed else 200)
            self.end_headers()
            self.wfile.write(b'{"rates": {"USD": 1.08, "JPY": 163.2}}')

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield service
    server.shutdown()
    server.server_close()


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose pip takes packages from one folder alone, in which `requests` is."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    info = "requests-2.32.5.dist-info"
    with zipfile.ZipFile(wheels / "requests-2.32.5-py3-none-any.whl", "w") as file:
        file.writestr("requests.py", REQUESTS)
        file.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: requests\nVersion: 2.32.5\n"
        )
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        file.writestr(f"{info}/WHEEL", tags)
        file.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))


@pytest.fixture
def example(
    offline: None, exchange: Exchange, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Project]:
    """An example in a repository with its Secret and its Volume; its engine takes no network."""
    project = Project.create(tmp_path / "project")
    shutil.copytree(EXAMPLES / request.param, project.root, dirs_exist_ok=True)
    for command in (
        ("secret", "create", "exchange-api", f"EXCHANGE_URL={exchange.url}", "EXCHANGE_API_KEY=k1"),
        ("volume", "create", "review-results"),
    ):
        project.engine.modal(*command)
    yield project
    project.engine.stop()


def run_of(project: Project, name: str, at: str) -> dict[str, Any]:
    (run,) = project.reconcile("runs", f"{name}@{at}", "--format", "json").json["runs"]
    assert isinstance(run, dict)
    return run


@pytest.mark.parametrize("example", ["code", "code-in-python"], indirect=True)
def test_the_examples_run_as_their_manifests_say(example: Project, exchange: Exchange) -> None:
    shown = example.reconcile("--dry-run").out
    assert "+ create  target code-example-" in shown
    assert shown.count("+ create  target") == 2
    done = example.applied()
    assert "2 of 2" in done.err
    exchange.failures = 2
    example.reconcile("wake", "--at", HOUR, "--wait")
    run = run_of(example, "exchange-rates", HOUR)
    assert run["result"] == '{"base": "EUR", "rates": {"USD": 1.08, "JPY": 163.2}}'
    assert [line.split()[2] for line in run["tries"]] == ["failed", "failed", "succeeded"]
    assert exchange.keys == ["Bearer k1"] * 3
    example.reconcile("wake", "--at", NIGHT, "--wait")
    assert run_of(example, "nightly-inference", NIGHT)["result"] == '{"judged": 3, "positive": 2}'


@pytest.mark.parametrize("example", ["code"], indirect=True)
def test_the_failing_case_is_retried_three_times_and_recorded(
    example: Project, exchange: Exchange
) -> None:
    example.applied()
    exchange.failures = 9
    example.reconcile("wake", "--at", HOUR, "--wait")
    run = run_of(example, "exchange-rates", HOUR)
    assert (run["state"], len(run["tries"])) == ("failed", 4)
    assert all("503 for EUR" in line for line in run["tries"])
    assert len(exchange.keys) == 4


@pytest.mark.parametrize("example", ["code"], indirect=True)
def test_an_image_that_the_platform_refuses_is_named_with_its_manifest(example: Project) -> None:
    manifest = example.root / "schedules" / "exchange-rates.yaml"
    manifest.write_text(manifest.read_text().replace("image: {", 'image: {python: "3.99", '))
    refused = example.reconcile("--yes")
    assert refused.code == 1
    assert "schedules/exchange-rates.yaml:9:1: Modal refused jobs/rates.py::refresh" in refused.err


@pytest.mark.parametrize("example", ["code"], indirect=True)
def test_an_image_that_cannot_be_built_is_named_with_its_layer(example: Project) -> None:
    example.applied()
    manifest = example.root / "schedules" / "exchange-rates.yaml"
    manifest.write_text(manifest.read_text().replace("2.32.5", "9.9.9"))
    refused = example.reconcile("--yes")
    assert refused.code == 1
    assert "schedules/exchange-rates.yaml:9:1" in refused.err
    assert "cannot be built, at the layer `pip: requests==9.9.9`" in refused.err
    manifest.write_text(manifest.read_text().replace("9.9.9", "2.32.5"))
    assert "Nothing to do" in example.reconcile("--dry-run").out, "all is as it was"
