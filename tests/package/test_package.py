"""The package as users install it: built, installed in a fresh environment, used as a hook."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Final

import pytest
import uv
import yaml

ROOT: Final = Path(__file__).parents[2]
GIT: Final = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
OF_THIS_PROJECT: Final = {"CI", "PYTHONPATH", "VIRTUAL_ENV"}
REPOSITORY: Final = "https://github.com/acme/schedules"
GOOD: Final = 'name: nightly\nschedule: "0 3 * * *"\nfunction: jobs/nightly\n'


def run(
    *command: str | Path, cwd: Path, code: int = 0, more: Mapping[str, str] | None = None
) -> str:
    """Run a command as outside of this project; returns what it printed."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_THIS_PROJECT}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**kept, **GIT, **(more or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this checkout that git knows or would take, as a repository of their own; a
    release has named it in them."""
    listed = run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=ROOT)
    copy = tmp_path_factory.mktemp("source")
    for name in filter(None, listed.split("\0")):
        file = ROOT / name
        if file.is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes(file.read_bytes())
            (copy / name).chmod(file.stat().st_mode)
    release = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    (step,) = (one for one in release["jobs"]["build"]["steps"] if "REPOSITORY" in str(one))
    named = {"REPOSITORY": REPOSITORY, "TAG": "v1.2.3"}
    run("bash", "-euc", step["run"], cwd=copy, more=named)
    run("git", "init", "-q", cwd=copy)
    run("git", "add", "-A", cwd=copy)
    run("git", "commit", "-q", "-m", "All", cwd=copy)
    return copy


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    out = tmp_path_factory.mktemp("dist")
    run(uv.find_uv_bin(), "build", "--quiet", "--out-dir", out, cwd=source)
    return out


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment that holds the wheel alone."""
    folder = tmp_path_factory.mktemp("fresh")
    run(uv.find_uv_bin(), "venv", "--quiet", "--python", sys.executable, "env", cwd=folder)
    (wheel,) = built.glob("*.whl")
    constraints = ROOT / "constraints.txt"
    install = ("pip", "install", "--quiet", "-c", constraints, f"{wheel}[web]")
    run(uv.find_uv_bin(), *install, cwd=folder, more={"VIRTUAL_ENV": str(folder / "env")})
    return folder / "env" / "bin"


def test_the_sdist_holds_all_that_git_holds(built: Path, source: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    known = set(filter(None, run("git", "ls-files", "-z", cwd=source).split("\0")))
    assert {name for name in known if not name.startswith((".ci/", ".github/"))} <= names


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(
    built: Path, source: Path
) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    ours = run("git", "ls-files", "-z", "reconciler", cwd=source).split("\0")
    assert names == set(filter(None, ours))


def test_an_index_shows_the_readme_with_links_into_the_repository_at_the_tag(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    links = re.findall(r"\]\(([^)]*)\)", str(metadata.get_payload()))
    outside = [link for link in links if not link.startswith(f"{REPOSITORY}/blob/v1.2.3/")]
    assert outside == [f"{REPOSITORY}/raw/v1.2.3/docs/pictures/attention.png"]
    assert f"Repository, {REPOSITORY}" in (metadata.get_all("Project-URL") or ())


def test_from_a_fresh_installation_to_the_first_run(installed: Path, tmp_path: Path) -> None:
    reconcile = installed / "reconcile"
    run("git", "init", "-q", cwd=tmp_path)
    run(reconcile, "init", cwd=tmp_path)
    run("git", "add", "-A", cwd=tmp_path)
    run("git", "commit", "-q", "-m", "Schedules", cwd=tmp_path)
    run(reconcile, "validate", cwd=tmp_path)
    assert "Applied" in run(reconcile, "apply", cwd=tmp_path)
    woken = run(reconcile, "trigger", "morning-greeting", "--wait", cwd=tmp_path)
    assert "succeeded" in woken


def test_the_hooks_run_under_pre_commit(source: Path, tmp_path: Path) -> None:
    hooks = [hook["id"] for hook in yaml.safe_load((source / ".pre-commit-hooks.yaml").read_text())]
    revision = run("git", "rev-parse", "HEAD", cwd=source).strip()
    used = {"repo": str(source), "rev": revision, "hooks": [{"id": hook} for hook in hooks]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [used]}))
    manifest = tmp_path / "schedules" / "nightly.yaml"
    manifest.parent.mkdir()
    manifest.write_text(GOOD)
    run("git", "init", "-q", cwd=tmp_path)
    run("git", "add", "-A", cwd=tmp_path)
    command = (Path(sys.executable).parent / "pre-commit", "run", "--all-files")
    home = {"PRE_COMMIT_HOME": str(tmp_path / ".git" / "hooks-home")}
    passed = run(*command, cwd=tmp_path, more=home)
    assert passed.count("Passed") == len(hooks)

    manifest.write_text(GOOD.replace("0 3 * * *", "0 25 * * *"))
    failed = run(*command, cwd=tmp_path, code=1, more=home)
    assert "schedules/nightly.yaml:2:" in failed
