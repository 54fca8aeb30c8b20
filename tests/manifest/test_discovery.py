"""The settings are in the current folder or above it, up to the repository's root."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.manifest.discovery import repository_root, settings_root, shown_from


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "team" / "schedules" / "deep").mkdir(parents=True)
    return root


def test_the_nearest_settings_count(repository: Path) -> None:
    (repository / "reconciler.yaml").touch()
    assert settings_root(repository / "team" / "schedules" / "deep") == repository
    (repository / "team" / "reconciler.yaml").touch()
    assert settings_root(repository / "team" / "schedules" / "deep") == repository / "team"
    assert settings_root(repository) == repository


def test_settings_above_the_repository_do_not_count(repository: Path) -> None:
    (repository.parent / "reconciler.yaml").touch()
    assert settings_root(repository / "team") == repository / "team"


def test_a_worktree_or_submodule_whose_git_is_a_file_is_a_repository(repository: Path) -> None:
    (repository / "reconciler.yaml").touch()
    (repository / "team" / ".git").touch()
    assert repository_root(repository / "team" / "schedules") == repository / "team"
    assert settings_root(repository / "team" / "schedules") == repository / "team"


def test_without_settings_the_nearest_folder_of_manifests_counts(repository: Path) -> None:
    assert settings_root(repository / "team" / "schedules" / "deep") == repository / "team"
    assert settings_root(repository) == repository
    (repository / "reconciler.yaml").touch()
    assert settings_root(repository / "team" / "schedules") == repository, "settings come first"


def test_outside_git_only_the_current_folder_counts(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").touch()
    (tmp_path / "below").mkdir()
    assert repository_root(tmp_path) is None
    assert settings_root(tmp_path / "below") == tmp_path / "below"
    assert settings_root(tmp_path) == tmp_path


def test_a_file_is_shown_from_the_root_of_the_repository(repository: Path) -> None:
    assert shown_from(repository, repository / "team" / "a.yaml") == "team/a.yaml"
    assert shown_from(repository, repository) == "."
    assert shown_from(repository, Path("/elsewhere/a.yaml")) == "/elsewhere/a.yaml"
