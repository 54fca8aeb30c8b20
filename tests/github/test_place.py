"""The first block of the action: where the plan is kept, and whether there is anything to plan."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.github.runner import ACTION, ROOT

BLOCK = yaml.safe_load((ROOT / ACTION).read_text())["runs"]["steps"][0]["run"]
IDENTITY = {
    f"GIT_{who}_{what}": "ci@example.org"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits, of which the second changes `my folder/schedules` only."""
    root = tmp_path / "a repository"
    manifest = root / "my folder" / "schedules" / "a.yaml"
    manifest.parent.mkdir(parents=True)
    (root / "README").write_text("one")
    git(root, "init", "-q", "-b", "main")
    for text in ("one", "two"):
        manifest.write_text(text)
        git(root, "add", "--all")
        git(root, "commit", "-q", "-m", text)
    return root


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    environ = {**os.environ, **IDENTITY}
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environ
    ).stdout.strip()


def outputs(repository: Path, **variables: str) -> dict[str, str]:
    """What the block sets for the blocks after it."""
    temporary = repository.parent / "temporary files"
    temporary.mkdir(exist_ok=True)
    written = temporary / "output"
    written.write_text("")
    environ = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": str(temporary / "gitconfig"),
        "GITHUB_WORKSPACE": str(repository),
        "GITHUB_OUTPUT": str(written),
        "GITHUB_STEP_SUMMARY": str(temporary / "summary"),
        "RUNNER_TEMP": str(temporary),
        "ENVIRONMENT": "production",
        "FOLDER": ".",
        "ARTIFACT": "",
        "PATHS": "",
        "COMMAND": "plan",
        "EVENT": "pull_request",
        "BASE": git(repository, "rev-parse", "HEAD^"),
        **variables,
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", BLOCK]
    subprocess.run(command, check=True, cwd=repository, env=environ)
    return dict(line.split("=", 1) for line in written.read_text().splitlines())


@pytest.mark.parametrize(
    ("environment", "folder", "name"),
    [
        ("production", ".", "production"),
        ("production", "", "production"),
        ("production", "./", "production"),
        ("production", "teams/search", "production+teams+search"),
        ("production", "./teams/search/", "production+teams+search"),
        ("production", "my folder", "production+my-folder+0b038fdb"),
        ("production", "./my folder/", "production+my-folder+0b038fdb"),
        ('prod uction/é"$x', ".", "prod-uction+----x+a85c65d4"),
    ],
)
def test_the_artifact_is_named_by_environment_and_folder(
    repository: Path, environment: str, folder: str, name: str
) -> None:
    found = outputs(repository, ENVIRONMENT=environment, FOLDER=folder)
    assert found["artifact"] == f"schedules-plan-{name}"
    assert Path(found["kept"]).is_dir()


def test_no_two_places_share_an_artifact(repository: Path) -> None:
    places = [
        *(("prod", "eu/x"), ("prod-eu", "x"), ("prod", "eu-x"), ("prod", "eu+x"), ("prod", "eu x")),
        *(("prod", "eu"), ("prod-eu", "."), ("prod/eu", "."), ("prod+eu", "."), ("prod", "é/x")),
        *(("prod", "-/x"), ("prod", "--/x"), ("prod", "ü/x")),
    ]
    found = [outputs(repository, ENVIRONMENT=name, FOLDER=folder) for name, folder in places]
    for key in ("artifact", "kept"):
        assert len({one[key] for one in found}) == len(places)
    assert found[0]["artifact"] == "schedules-plan-prod+eu+x"
    assert found[1]["artifact"] == "schedules-plan-prod-eu+x"
    # What GitHub accepts in the name of an artifact.
    assert not any(set('":<>|*?\r\n\\/') & set(one["artifact"]) for one in found)


@pytest.mark.parametrize(
    ("paths", "touched"),
    [
        ("my folder/schedules\n", "true"),
        ("README\n", "false"),
        ("\n  \n", "true"),
        ("  my folder/schedules  \n", "true"),
        ("\tREADME \r\n", "false"),
        ("README\nmy folder", "true"),
        ("scheduels\n", "true"),
        (":(bad)x\n", "true"),
    ],
)
def test_a_pull_request_is_planned_unless_it_certainly_touches_none_of_the_paths(
    repository: Path, paths: str, touched: str
) -> None:
    assert outputs(repository, PATHS=paths)["touched"] == touched


def test_a_base_that_the_clone_does_not_have_is_planned(repository: Path) -> None:
    assert outputs(repository, PATHS="README", BASE="0" * 40)["touched"] == "true"
