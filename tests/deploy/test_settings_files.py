"""Two settings files of one repository that name one app: an apply of each undoes the other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.deploy.settings_files import require_app_of_its_own
from reconciler.manifest import ManifestError, load_settings
from tests.github.repository import GitRepository

PRODUCTION = "environments: {production: {modal: main}}\n"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.fixture
def mono(tmp_path: Path) -> GitRepository:
    return GitRepository.create(tmp_path / "mono")


def team(mono: GitRepository, folder: str, settings: str) -> None:
    """A folder with settings and a manifest; the root for an empty name."""
    below = f"{folder}/" if folder else ""
    mono.write(f"{below}reconciler.yaml", settings)
    mono.write(f"{below}schedules/a.yaml", "name: a")


def problems(mono: GitRepository, folder: str, commit: str | None = None) -> list[str]:
    settings = load_settings(mono.root / folder)
    ours = f"{folder}/reconciler.yaml" if folder else "reconciler.yaml"
    try:
        require_app_of_its_own(mono.root, ours, settings, commit)
    except ManifestError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("", "", "schedule-reconciler in any Modal environment"),
        ("crons: 1\n", PRODUCTION, "schedule-reconciler in Modal environment `main`"),
        (PRODUCTION, "", "schedule-reconciler in Modal environment `main`"),
        (PRODUCTION, PRODUCTION, "schedule-reconciler in Modal environment `main`"),
        (
            "app: x\nenvironments: {a: {modal: main}}\n",
            "environments: {b: {modal: main, app: x}}\n",
            "x in Modal environment `main`",
        ),
        ("environments: {local: {app: x}}\n", "", "schedule-reconciler in any Modal environment"),
        ("app: x\n", "app: y\n", None),
        (PRODUCTION, "environments: {production: {modal: other}}\n", None),
        (f"app: x\n{PRODUCTION}", PRODUCTION, None),
        (
            "app: x\nenvironments: {local: {app: z}, a: {modal: m}}\n",
            "app: y\nenvironments: {local: {app: z}, a: {modal: m}}\n",
            None,
        ),
    ],
)
def test_settings_that_share_an_app_in_a_modal_environment_are_an_error_that_names_both(
    mono: GitRepository, one: str, other: str, shared: str | None
) -> None:
    team(mono, "team-a", one)
    team(mono, "team-b", other)
    commit = mono.commit()
    for here, there in (("team-a", "team-b"), ("team-b", "team-a")):
        found = problems(mono, here)
        assert problems(mono, here, commit) == found
        if shared is None:
            assert found == []
        else:
            (text,) = found
            assert text.startswith(
                f"{here}/reconciler.yaml: names the same app as {there}/reconciler.yaml, {shared}: "
                "each would delete the schedules of the other"
            )


def test_the_root_and_a_folder_share_an_app_too(mono: GitRepository) -> None:
    team(mono, "", "")
    team(mono, "deep/er/team", "")
    mono.commit()
    assert len(problems(mono, "")) == 1
    assert len(problems(mono, "deep/er/team")) == 1


def test_settings_that_git_does_not_track_do_not_count(mono: GitRepository) -> None:
    team(mono, "team-a", "")
    mono.commit()
    team(mono, "team-b", "")
    assert problems(mono, "team-a") == []
    assert len(problems(mono, "team-b")) == 1


@pytest.mark.parametrize("settings", ["", "environments: {'@ENVIRONMENT@': {modal: main}}\n"])
def test_a_template_without_manifests_does_not_count(mono: GitRepository, settings: str) -> None:
    team(mono, "", "")
    mono.write("templates/reconciler.yaml", settings)
    commit = mono.commit()
    assert problems(mono, "") == []
    assert problems(mono, "", commit) == []


def test_the_folder_of_manifests_is_the_one_that_the_other_settings_name(
    mono: GitRepository,
) -> None:
    team(mono, "team-a", "")
    mono.write("team-b/reconciler.yaml", "schedules: crons\n")
    mono.write("team-b/schedules/README.md", "x")
    mono.commit()
    assert problems(mono, "team-a") == []
    mono.write("team-b/crons/a.yaml", "name: a")
    mono.commit()
    assert len(problems(mono, "team-a")) == 1


def test_settings_that_a_sparse_checkout_leaves_out_count(mono: GitRepository) -> None:
    team(mono, "team-a", "")
    team(mono, "team-b", "")
    mono.commit()
    mono.git("sparse-checkout", "set", "team-a")
    assert not (mono.root / "team-b").exists()
    assert len(problems(mono, "team-a")) == 1


def test_settings_that_cannot_be_read_cannot_be_applied_and_do_not_count(
    mono: GitRepository,
) -> None:
    team(mono, "team-a", "")
    team(mono, "team-b", "app: [\n")
    mono.commit()
    assert problems(mono, "team-a") == []


def test_a_commit_is_looked_at_and_not_the_work_tree(mono: GitRepository) -> None:
    team(mono, "team-a", "")
    team(mono, "team-b", "")
    shared = mono.commit()
    team(mono, "team-b", "app: other\n")
    mono.commit()
    assert problems(mono, "team-a") == []
    assert len(problems(mono, "team-a", shared)) == 1


def test_outside_git_there_are_no_other_settings(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("")
    assert problems(GitRepository(tmp_path), "") == []


def test_our_own_repository_and_its_template_share_nothing() -> None:
    root = Path(__file__).parents[2]
    require_app_of_its_own(root, "reconciler.yaml", load_settings(root))
