"""Opening a repository: what git or GitPython has against it, and what a folder outside git is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.deploy.opening import NoRepositoryError, open_repository, top_of
from reconciler.errors import ReconcileError
from tests.github.repository import GitRepository
from tests.github.test_git_refuses import CASES, untouched


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    made = GitRepository.create(tmp_path / "clone")
    made.hourly("a")
    made.commit()
    return made


def opened(root: Path) -> str:
    with open_repository(root) as repo:
        return str(repo.working_tree_dir)


@pytest.mark.parametrize("case", CASES)
def test_a_clone_that_cannot_be_read_is_named_with_what_to_do(
    repository: GitRepository, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage, what, remedy = CASES[case]
    damage(repository)
    if damage is untouched:
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(ReconcileError) as caught, open_repository(repository.root) as repo:
        repo.is_dirty()  # the index is read when something asks for it
    assert not isinstance(caught.value, NoRepositoryError)
    assert what in caught.value.what
    assert remedy.format(root=repository.root) in str(caught.value.remedy)


def test_a_repository_is_found_from_any_of_its_folders_and_before_its_first_commit(
    repository: GitRepository, tmp_path: Path
) -> None:
    assert opened(repository.root / "schedules") == opened(repository.root) == str(repository.root)
    empty = GitRepository.create(tmp_path / "empty")
    assert opened(empty.root) == str(empty.root)


def test_a_bare_repository_has_the_folder_for_its_root(
    repository: GitRepository, tmp_path: Path
) -> None:
    with open_repository(repository.root / "schedules") as repo:
        assert top_of(repo, repository.root / "schedules") == repository.root
    repository.git("clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    with open_repository(tmp_path / "bare") as repo:
        assert top_of(repo, tmp_path / "bare") == tmp_path / "bare"


@pytest.mark.parametrize("folder", [".", "missing"])
def test_a_folder_outside_git_is_no_damaged_repository(tmp_path: Path, folder: str) -> None:
    with pytest.raises(NoRepositoryError, match="not a git repository") as caught:
        opened(tmp_path / folder)
    assert caught.value.remedy == "Run it in a clone, or `git init`."


def test_a_repository_that_may_not_be_read_is_named(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator may read everything, so the system's answer is made here."""
    entry = repository.root / ".git"
    (entry / "HEAD").unlink()
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != entry)
    with pytest.raises(ReconcileError, match="no permission to read the repository") as caught:
        opened(repository.root)
    assert caught.value.where == str(entry)


def test_a_commit_that_is_checked_out_and_gone_is_named(repository: GitRepository) -> None:
    commit = repository.git("rev-parse", "HEAD")
    (repository.root / ".git/objects" / commit[:2] / commit[2:]).unlink()
    with pytest.raises(ReconcileError) as caught:
        opened(repository.root)
    assert caught.value.what == f"commit {commit[:12]} is checked out and cannot be read"


def test_what_cannot_be_read_within_the_block_is_named_as_well(repository: GitRepository) -> None:
    with pytest.raises(ReconcileError) as caught, open_repository(repository.root) as repo:
        repo.git.ls_tree("no-such-commit")
    assert caught.value.what.startswith("git cannot read the repository: ")
    assert caught.value.where == str(repository.root)
    tree = repository.git("rev-parse", "HEAD:schedules")
    (repository.root / ".git/objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(ReconcileError) as caught, open_repository(repository.root) as repo:
        list(repo.head.commit.tree.traverse())
    assert caught.value.what.startswith("git's files cannot be read: ")
