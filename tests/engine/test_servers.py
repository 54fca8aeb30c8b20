"""Servers: an app with one deploys and is listed; it is not run."""

from __future__ import annotations

import pytest

from tests.engine_fixture import RunningEngine

APP = """
import subprocess
import modal

app = modal.App("site")

@app.server(port=8080, routing_region="us-east")
class Site:
    @modal.enter()
    def start(self):
        self.process = subprocess.Popen(["python3", "-m", "http.server", "8080"])

@app.cls()
class Mailer:
    @modal.method()
    def send(self):
        return "sent"

@app.function()
def plain():
    return "plain"
"""


@pytest.fixture(scope="module")
def site(client: RunningEngine, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("site")
    (folder / "site_app.py").write_text(APP)
    client.modal("deploy", "site_app.py", cwd=folder)
    return "site"


def test_a_server_is_listed_and_known_as_one(site: str) -> None:
    import modal

    info = modal.App.lookup(site).info()
    assert sorted(info.functions) == ["Mailer.*", "Site", "plain"]
    assert list(info.servers) == ["Site"]
    with pytest.raises(modal.exception.InvalidError, match="is a Server"):
        modal.Function.from_id(info.functions["Site"]).info()
    assert modal.Server.from_id(info.servers["Site"]).info().port == 8080
    assert modal.Function.from_id(info.functions["plain"]).remote() == "plain"
    assert modal.Function.from_id(info.functions["Mailer.*"]).info().schedule is None


def test_a_call_of_a_server_is_refused_by_name(site: str) -> None:
    import modal

    with pytest.raises(modal.exception.UnimplementedError, match="running the Server Site"):
        modal.Function.from_name(site, "Site").spawn()


def test_the_modal_command_line_lists_it(site: str, client: RunningEngine) -> None:
    assert "Site" in client.modal("app", "info", site)
