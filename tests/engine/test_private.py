"""Nobody but its user sees what is in the engine's state folder, however the engine is started."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import SAMPLE
from tests.engine_fixture import RunningEngine, until


def loose(state: Path) -> list[str]:
    """What others than the user may read, write or enter below the folder.

    What containers write is left out: it is theirs, in a folder that only the user enters.
    """
    found = []
    for folder, folders, names in os.walk(state):
        if Path(folder).name == "containers":
            folders.clear()
        for path in (Path(folder), *(Path(folder, name) for name in (*folders, *names))):
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & 0o077:
                found.append(f"{path.relative_to(state)} {stat.filemode(mode)}")
    return sorted(set(found))


@pytest.fixture
def without_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("without_umask")
def test_all_is_private_without_any_umask(start_engine: Callable[..., RunningEngine]) -> None:
    running = start_engine("--firing", "request")
    (running.state / "output.log").chmod(0o600)  # the tests' own
    running.modal("deploy", str(SAMPLE))
    running.modal("secret", "create", "password", "WORD=hunter2")
    assert running.python("-c", _CALL).strip() == "49"
    assert {path.name for path in running.state.iterdir()} >= {
        "engine.db",
        "engine.db-shm",
        "engine.db-wal",
        "server.json",
        "sources",
        "blobs",
        "modal.toml",
        "lock",
    }
    assert loose(running.state) == []
    sockets = (running.state / "sockets").resolve()
    assert loose(sockets) == []


@pytest.mark.usefixtures("without_umask")
def test_a_folder_of_an_older_version_is_tightened(
    start_engine: Callable[..., RunningEngine], tmp_path: Path
) -> None:
    state = tmp_path / "engine"
    (state / "blobs" / "ab").mkdir(parents=True)
    for name in ("engine.log", "blobs/ab/cd", "output.log"):
        (state / name).write_text("secret")
    assert loose(state)
    assert loose(start_engine().state) == []


def test_one_that_a_command_starts_is_private_too(tmp_path: Path) -> None:
    (tmp_path / "schedules").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "engine"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        umask=0,
    )
    state = tmp_path / ".reconciler" / "engine"
    try:
        until(lambda: (state / "server.json").exists())
        assert loose(state) == []
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


def test_a_container_has_the_umask_that_modals_have(
    start_engine: Callable[..., RunningEngine], tmp_path: Path
) -> None:
    running = start_engine()
    (tmp_path / "masked.py").write_text(
        "import os\nimport modal\napp = modal.App('masked')\n"
        "@app.function()\ndef mask():\n    return os.umask(0)\n"
    )
    running.modal("deploy", str(tmp_path / "masked.py"))
    code = "import modal; print(modal.Function.from_name('masked', 'mask').remote())"
    assert running.python("-c", code).strip() == str(0o022)


_CALL = "import modal; print(modal.Function.from_name('sample', 'square').remote(7))"
