"""Starting, stopping, crashing, starting again; and who is kept apart from whom."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.conftest import SAMPLE
from tests.engine_fixture import RunningEngine, until

SPAWN = """
import modal
wait = modal.Function.from_name("sample", "wait")
print(wait.spawn(0.1).object_id, wait.spawn(30).object_id)
"""
FILL = """
import io, modal
notes = modal.Dict.from_name("notes", create_if_missing=True)
notes["kept"] = "yes"
files = modal.Volume.from_name("files", create_if_missing=True)
with files.batch_upload() as batch:
    batch.put_file(io.BytesIO(b"kept"), "/kept")
square = modal.Function.from_name("sample", "square")
call = square.spawn(12)
call.get()
print(call.object_id)
"""
CHECK = """
import modal, sys
assert modal.Dict.from_name("notes")["kept"] == "yes"
assert b"".join(modal.Volume.from_name("files").read_file("/kept")) == b"kept"
assert modal.FunctionCall.from_id(sys.argv[1]).get() == 144
assert modal.Function.from_name("sample", "square").remote(5) == 25
assert modal.App.lookup("sample").get_tags() == {"a": "b"}
"""
TAG = "import modal; modal.App.lookup('sample').set_tags({'a': 'b'})"


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_the_state_outlives_the_engine(
    start_engine: Callable[..., RunningEngine], how: str
) -> None:
    engine = start_engine()
    engine.modal("deploy", str(SAMPLE))
    engine.python("-c", TAG)
    call = engine.python("-c", FILL).strip()
    getattr(engine, how)()
    engine.start()
    engine.python("-c", CHECK, call)


def test_an_engine_that_is_emptied_is_as_one_that_was_just_started(
    start_engine: Callable[..., RunningEngine],
) -> None:
    engine = start_engine("--crons", "1")

    def seen() -> list[object]:
        listed = [("app",), ("volume",), ("dict",), ("secret",), ("environment",)]
        found = [engine.modal(*kind, "list", "--json") for kind in listed]
        engine.forget_calls()
        return [found, engine.status(), engine.control("GET", "/faults"), engine.calls()]

    new = seen()
    engine.modal("environment", "create", "other")
    engine.modal("secret", "create", "mine", "A=b")
    engine.modal("deploy", str(SAMPLE))
    engine.python("-c", FILL)
    engine.python("-c", SPAWN)
    engine.fault("AppList", "fail", nth=9)
    until(lambda: len(engine.status()["container_pids"]) == 3)
    pids, before = engine.status()["container_pids"], engine.env

    engine.empty()
    assert not any(alive(pid) for pid in pids)
    assert seen() == new
    assert engine.env.keys() == before.keys()
    assert engine.record.token_secret != before["MODAL_TOKEN_SECRET"]
    engine.modal("deploy", str(SAMPLE))
    engine.python("-c", FILL)


def test_a_call_that_was_running_is_run_again_after_a_crash(
    start_engine: Callable[..., RunningEngine],
) -> None:
    engine = start_engine()
    engine.modal("deploy", str(SAMPLE))
    spawned = "import modal; print(modal.Function.from_name('sample', 'wait').spawn(1).object_id)"
    call = engine.python("-c", spawned).strip()
    until(lambda: engine.status()["container_pids"])
    engine.kill()
    engine.start()
    fetch = f"import modal; print(modal.FunctionCall.from_id('{call}').get(timeout=20))"
    assert engine.python("-c", fetch).strip() == "rested"


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_no_container_outlives_the_engine(
    start_engine: Callable[..., RunningEngine], how: str
) -> None:
    engine = start_engine()
    engine.modal("deploy", str(SAMPLE))
    engine.python("-c", SPAWN)
    until(lambda: len(engine.status()["container_pids"]) == 2)
    pids = engine.status()["container_pids"]
    getattr(engine, how)()
    until(lambda: not any(alive(pid) for pid in pids))


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_nothing_that_a_container_started_outlives_the_engine(
    start_engine: Callable[..., RunningEngine], tmp_path: Path, how: str
) -> None:
    engine, noted = start_engine(), tmp_path / "pid"
    engine.modal("deploy", str(SAMPLE))
    spawn = f"import modal; modal.Function.from_name('sample', 'start_child').spawn('{noted}')"
    engine.python("-c", spawn)
    until(lambda: noted.exists() and noted.read_text())
    getattr(engine, how)()
    until(lambda: not alive(int(noted.read_text())))


def test_the_engine_ends_with_its_parent(tmp_path: Path, client: RunningEngine) -> None:
    state = tmp_path / "state"
    client.python(
        "-c",
        "import subprocess, sys, os, time, pathlib\n"
        "state = pathlib.Path(sys.argv[1])\n"
        "subprocess.Popen([sys.executable, '-m', 'reconciler.engine', 'serve', '--state',"
        " str(state), '--parent-pid', str(os.getpid())], start_new_session=True,"
        " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "while not (state / 'server.json').exists(): time.sleep(0.02)",
        str(state),
    )
    until(lambda: not (state / "server.json").exists())


def test_a_second_engine_on_the_same_state_names_the_first(
    start_engine: Callable[..., RunningEngine],
) -> None:
    engine = start_engine()
    said = engine.python(
        "-m", "reconciler.engine", "serve", "--state", str(engine.state), check=False
    )
    assert f"process {engine.process.pid} runs an engine on this folder" in said


def test_the_record_is_for_its_user_only_and_goes_away(
    start_engine: Callable[..., RunningEngine],
) -> None:
    engine = start_engine()
    record = engine.state / "server.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert json.loads(record.read_text())["pid"] == engine.process.pid
    engine.stop()
    assert not record.exists()
    assert engine.process.returncode == 0


def test_what_a_killed_engine_leaves_is_not_taken_for_a_running_one(
    start_engine: Callable[..., RunningEngine],
) -> None:
    engine = start_engine()
    engine.kill()
    command = ("-m", "reconciler.engine", "env", "--state", str(engine.state))
    assert "no engine is running" in engine.python(*command, check=False)


def test_a_wrong_token_is_refused(client: RunningEngine) -> None:
    env = client.env | {"MODAL_TOKEN_SECRET": "as-wrong"}
    said = client.python("-c", LIST, check=False, env=env)
    assert "AuthError" in said


LIST = "import modal; print(modal.Environment.objects.list())"


def test_containers_get_a_clean_environment(
    start_engine: Callable[..., RunningEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_KEY", "do not leak")
    engine = start_engine()
    engine.modal("deploy", str(SAMPLE))
    show = (
        "import modal, json;"
        "print(json.dumps(modal.Function.from_name('sample', 'surroundings').remote()))"
    )
    seen = json.loads(engine.python("-c", show))
    assert seen["GREETING"] == "hello 'world'"
    assert seen["PASSWORD"] == "swordfish"
    assert not {"DEPLOY_KEY", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"} & seen.keys()


@pytest.mark.skipif(os.name != "posix" or not Path("/proc/self/ns/mnt").exists(), reason="Linux")
def test_sources_are_where_modal_puts_them(sample: str) -> None:
    import modal

    seen = modal.Function.from_name("sample", "surroundings").remote()
    assert (seen["file"], seen["cwd"]) == ("/root/sample_app.py", "/root")


def test_without_mounts_a_variable_says_where_volumes_are(
    start_engine: Callable[..., RunningEngine], tmp_path: Path
) -> None:
    app = tmp_path / "fallback.py"
    app.write_text(
        "import json, os, pathlib, modal\n"
        "app = modal.App('fallback')\n"
        "shelf = modal.Volume.from_name('shelf', create_if_missing=True)\n"
        "@app.function(volumes={'/shelf': shelf})\n"
        "def write():\n"
        "    path = json.loads(os.environ['MODAL_ENGINE_VOLUMES'])['/shelf']\n"
        "    pathlib.Path(path, 'file').write_text('x')\n"
        "    shelf.commit()\n"
    )
    engine = start_engine("--mounts", "environment")
    engine.modal("run", str(app))
    assert "file" in engine.modal("volume", "ls", "shelf")


@pytest.mark.parametrize("python", ["/no/such/python", "/bin/false"])
def test_a_python_that_cannot_run_containers_is_refused_at_the_start(
    client: RunningEngine, tmp_path: Path, python: str
) -> None:
    serve = ("-m", "reconciler.engine", "serve", "--state", str(tmp_path), "--python", python)
    said = client.python(*serve, check=False)
    assert f"Error: {python}: containers cannot start" in said
    assert "Traceback" not in said
