"""Every port twice: the fake that ships in the package, and the real thing on the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import modal
import pytest

from reconciler.deploy.fakes import FakeApps, FakeFiles
from reconciler.deploy.ports import Apps, Files
from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeClaims, FakeRunLog, FakeTaskFiles
from reconciler.dispatch.adapters.volume_files import VolumeTaskFiles
from reconciler.dispatch.ports import Caller, Claims, RunLog, TaskFiles
from tests.end_to_end.project import SHOP
from tests.engine_fixture import RunningEngine


@pytest.fixture
def name() -> str:
    """The name of an app, Volume and Dict that no other test uses."""
    return f"ours-{uuid4().hex[:12]}"


@pytest.fixture(params=["fake", "engine"])
def claims(request: pytest.FixtureRequest, name: str) -> Claims:
    if request.param == "fake":
        return FakeClaims()
    request.getfixturevalue("client")
    from reconciler.dispatch.adapters.modal_calls import ModalClaims

    return ModalClaims(name)


@pytest.fixture(params=["fake", "engine"])
def files(request: pytest.FixtureRequest, name: str) -> Files:
    if request.param == "fake":
        return FakeFiles()
    request.getfixturevalue("client")
    from reconciler.deploy.modal_files import ModalFiles

    return ModalFiles(name, "main")


@pytest.fixture(params=["fake", "engine"])
def run_log(request: pytest.FixtureRequest, name: str) -> RunLog:
    if request.param == "fake":
        return FakeRunLog()
    request.getfixturevalue("client")
    from reconciler.deploy.modal_files import ModalFiles, RemoteRunLog

    return RemoteRunLog(ModalFiles(name, "main"))


@pytest.fixture(params=["fake", "engine"])
def caller(request: pytest.FixtureRequest) -> Caller:
    if request.param == "fake":
        return FakeCaller(missing={"shop/gone", "gone/sync", "shop/Mailer.gone"})
    engine: RunningEngine = request.getfixturevalue("client")
    engine.modal("deploy", str(SHOP))
    from reconciler.dispatch.adapters.modal_calls import ModalCaller

    return ModalCaller()


@pytest.fixture(params=["fake", "engine"])
def apps(request: pytest.FixtureRequest, name: str) -> Apps:
    if request.param == "fake":
        return FakeApps(environment="main", name=name, limit=100)
    request.getfixturevalue("client")
    from reconciler.deploy.modal_apps import ModalApps

    return ModalApps(name, "main")


class CommittedVolume:
    """A mounted Volume of which all is published at once."""

    @property
    def commit(self) -> Any:
        """Nothing is left to do."""

        class Commit:
            async def aio(self) -> None:
                return

        return Commit()


def mounted(folder: Path) -> VolumeTaskFiles:
    """The files of tasks on a Volume that is mounted there."""
    return VolumeTaskFiles(cast("modal.Volume", CommittedVolume()), folder)


@pytest.fixture(params=["fake", "mounted", "engine"])
def task_files(request: pytest.FixtureRequest, name: str, tmp_path: Path) -> TaskFiles:
    if request.param == "fake":
        return FakeTaskFiles()
    if request.param == "mounted":
        return mounted(tmp_path)
    request.getfixturevalue("client")
    from reconciler.client.task_files import ModalTaskFiles

    return ModalTaskFiles(name, "main")
