"""An image that installs packages gets an environment of its own, made once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.engine.packages import slow_sdist, wheel
from tests.engine.test_private import loose
from tests.engine_fixture import RunningEngine, until


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is all of the world's packages."""
    folder = tmp_path_factory.mktemp("world") / "wheels"
    wheel(folder, "tinyone", "1.0")
    wheel(folder, "tinyone", "1.1")
    wheel(folder, "tinytwo", "2.0", "tinyone")
    return folder


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Iterator[RunningEngine]:
    """An engine whose machine is set up to take packages from that folder alone."""
    with pytest.MonkeyPatch.context() as patch:
        set_up(patch, wheels)
        running = RunningEngine(tmp_path_factory.mktemp("images") / "state").start()
    yield running
    running.stop()


def set_up(patch: pytest.MonkeyPatch, wheels: Path) -> None:
    patch.setenv("PIP_CONFIG_FILE", "/dev/null")
    patch.setenv("PIP_NO_INDEX", "1")
    patch.setenv("PIP_FIND_LINKS", str(wheels))
    patch.setenv("UV_OFFLINE", "1")
    patch.setenv("UV_NO_INDEX", "1")
    patch.setenv("UV_FIND_LINKS", str(wheels))


def app(folder: Path, name: str, **images: str) -> str:
    """Write an app with a function per image, which says what can be imported; returns its path.

    An image is written as what follows ``modal.Image.debian_slim()``.
    """
    text = f'import modal\napp = modal.App("{name}")\n'
    for function, image in images.items():
        text += dedent(f"""
            image = modal.Image.debian_slim(){image}

            @app.function(image=image, serialized=True, name="{function}")
            def _{function}():
                import importlib.util, sys
                names = ["tinyone", "tinytwo", "yaml", "modal", "pytest"]
                found = [name for name in names if importlib.util.find_spec(name)]
                versions = [__import__(n).VERSION for n in found if n.startswith("tiny")]
                return found, versions, sys.executable
            """)
    path = folder / f"{name}.py"
    path.write_text(text)
    return str(path)


def result(engine: RunningEngine, name: str, function: str) -> Any:
    code = f"import modal; print(modal.Function.from_name({name!r}, {function!r}).remote())"
    return eval(engine.python("-c", code))


def made(engine: RunningEngine) -> list[Path]:
    return sorted(engine.state.glob("environments/*/*/complete.json"))


def test_a_function_sees_what_its_image_installs_and_modal_alone(
    offline: RunningEngine, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text("tinytwo\n")
    images = {
        "pip": '.pip_install("tinyone<1.1")',
        "requirements": '.pip_install_from_requirements("requirements.txt")',
        "uv": '.uv_pip_install("tinyone", requirements=["requirements.txt"])',
        "layers": '.pip_install("tinyone==1.0").pip_install("tinytwo")',
        "none": "",
    }
    offline.modal("deploy", app(tmp_path, "seen", **images), cwd=tmp_path)
    one, both = ["tinyone", "modal"], ["tinyone", "tinytwo", "modal"]
    expected = {
        "pip": (one, ["1.0"]),
        "requirements": (both, ["1.1", "2.0"]),
        "uv": (both, ["1.1", "2.0"]),
        "layers": (both, ["1.0", "2.0"]),
    }
    assert {f: result(offline, "seen", f)[:2] for f in expected} == expected
    assert result(offline, "seen", "none")[2] == sys.executable
    assert loose(offline.state) == []


def test_uv_sync_installs_what_the_project_depends_on(
    offline: RunningEngine, tmp_path: Path
) -> None:
    project = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.10"\n'
    (tmp_path / "pyproject.toml").write_text(project + 'dependencies = ["tinytwo"]\n')
    offline.modal("deploy", app(tmp_path, "synced", sync=".uv_sync()"), cwd=tmp_path)
    assert result(offline, "synced", "sync")[:2] == (
        ["tinyone", "tinytwo", "modal"],
        ["1.1", "2.0"],
    )


def test_a_missing_requirement_fails_the_deploy_with_the_words_of_pip(
    offline: RunningEngine, tmp_path: Path
) -> None:
    path = app(tmp_path, "failing", f='.pip_install("tinyone").pip_install("no-such-package")')
    said = offline.modal("deploy", path, check=False)
    assert "the layer `python -m pip install no-such-package` failed with exit code 1" in said
    assert "ERROR: No matching distribution found for no-such-package" in said
    assert "failing" not in offline.modal("app", "list")


def test_an_environment_is_made_once_and_needs_no_package_again(
    offline: RunningEngine, tmp_path: Path, wheels: Path
) -> None:
    wheel(wheels, "brief", "1.0")
    path = app(tmp_path, "cached", f='.pip_install("brief==1.0")')
    assert "Successfully installed brief-1.0" in offline.modal("deploy", path)
    (wheels / "brief-1.0-py3-none-any.whl").unlink()
    before = made(offline)
    other = app(tmp_path, "other", f='.pip_install("brief==1.0")')
    assert "RUN" not in offline.modal("deploy", other)
    assert made(offline) == before
    forced = app(tmp_path, "forced", f='.pip_install("brief==1.0", force_build=True)')
    assert "No matching distribution" in offline.modal("deploy", forced, check=False)
    assert made(offline) == before


def test_an_image_of_what_every_container_has_needs_no_environment(
    offline: RunningEngine, tmp_path: Path
) -> None:
    before = made(offline)
    offline.forget_calls()
    path = app(tmp_path, "plain", f=f'.pip_install("tzdata=={version("tzdata")}")')
    offline.modal("deploy", path)
    assert made(offline) == before
    assert "ImageJoinStreaming" not in offline.calls()


def test_what_is_not_emulated_is_listed_when_it_is_deployed(
    offline: RunningEngine, tmp_path: Path
) -> None:
    path = tmp_path / "listed.py"
    path.write_text(
        dedent("""
        import modal
        app = modal.App("listed")
        image = modal.Image.debian_slim().apt_install("git", "curl").run_commands("make all")

        @app.function(image=image, gpu="L4:2", region="us-east", serialized=True)
        def f(): pass
        """)
    )
    said = " ".join(offline.modal("deploy", str(path)).split())
    for one in ("apt git curl", "run make all", "gpu L4:2", "region us-east"):
        assert one in said
    assert "does not emulate" in said


def test_two_builds_of_one_digest_wait_for_one(
    start_engine: Callable[..., RunningEngine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go = tmp_path / "started", tmp_path / "go"
    slow_sdist(tmp_path / "wheels", "slow", started, go)
    set_up(monkeypatch, tmp_path / "wheels")
    engine = start_engine()
    paths = [app(tmp_path, name, f='.pip_install("slow")') for name in ("first", "second")]
    deploys = [deploy(engine, path) for path in paths]
    until(started.exists)
    until(lambda: engine.calls().get("ImageJoinStreaming") == 2)
    go.touch()
    for process in deploys:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0, out
        assert "Successfully installed slow-1.0" in out
    assert started.read_text() == "x"
    assert len(made(engine)) == 1


def test_a_crash_half_way_leaves_no_environment_that_counts(
    start_engine: Callable[..., RunningEngine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go = tmp_path / "started", tmp_path / "go"
    slow_sdist(tmp_path / "wheels", "slow", started, go)
    set_up(monkeypatch, tmp_path / "wheels")
    engine = start_engine()
    path = app(tmp_path, "crashed", f='.pip_install("slow")')
    interrupted = deploy(engine, path)
    until(started.exists)
    (begun,) = engine.state.glob("environments/*/*/pyvenv.cfg")
    engine.kill()
    interrupted.kill()
    interrupted.communicate()
    engine.start()
    assert not begun.exists()
    go.touch()
    assert "Successfully installed slow-1.0" in engine.modal("deploy", path)
    assert result(engine, "crashed", "f")[2].startswith(str(made(engine)[0].parent))


def test_an_environment_that_was_removed_is_made_again_for_the_next_container(
    start_engine: Callable[..., RunningEngine],
    tmp_path: Path,
    wheels: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_up(monkeypatch, wheels)
    engine = start_engine()
    engine.modal("deploy", app(tmp_path, "again", f='.pip_install("tinyone==1.0")'))
    (mark,) = made(engine)
    mark.unlink()
    assert result(engine, "again", "f")[1] == ["1.0"]
    assert len(made(engine)) == 1


def deploy(engine: RunningEngine, path: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "modal", "deploy", path],
        env=engine.env | {"TERM": "dumb", "COLUMNS": "300"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
