"""Links and submodules on the way to the manifests are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.deploy.revisions import read_commit
from reconciler.errors import ReconcileError, RefusedError
from reconciler.manifest.files import read_folder
from reconciler.manifest.problem import Problem
from tests.github.checkout_scenario import SETTINGS, refusal, revision
from tests.github.repository import GitRepository


def test_a_folder_that_is_a_link_is_named_with_the_folder_itself(
    repository: GitRepository,
) -> None:
    repository.git("mv", "schedules", "crons")
    (repository.root / "schedules").symlink_to("crons")
    repository.commit()
    assert refusal(repository) == (
        "schedules: is a symbolic link: git stores only its target path, so no commit contains "
        "the manifests below it\n  Name the folder itself: `schedules: crons` in reconciler.yaml."
    )
    assert not revision(repository, "crons").dirty
    with pytest.raises(RefusedError, match="is a symbolic link"):
        read_commit(repository.root, "HEAD", SETTINGS).manifests("schedules")


def test_so_is_a_link_on_the_way_to_the_folder(repository: GitRepository) -> None:
    (repository.root / "ops").symlink_to(".")
    repository.commit()
    assert refusal(repository, "ops/schedules").startswith("ops: is a symbolic link")
    with pytest.raises(RefusedError, match="is a symbolic link"):
        read_commit(repository.root, "HEAD", SETTINGS).manifests("ops/schedules")


def test_a_link_to_a_folder_below_is_refused_in_a_commit_as_in_the_work_tree(
    repository: GitRepository,
) -> None:
    (repository.root / "schedules" / "more").symlink_to("../shared")
    repository.write("shared/c.yaml", "name: c\n")
    repository.commit()
    with pytest.raises(ReconcileError) as caught:
        read_commit(repository.root, "HEAD", SETTINGS).manifests("schedules")
    assert str(caught.value) == (
        "schedules/more: a symbolic link is not followed, because git stores only its target path\n"
        "  Commit the folder itself in its place, or name another commit."
    )
    found = read_folder(repository.root / "schedules", "schedules")
    (problem,) = (one for one in found if isinstance(one, Problem))
    assert str(caught.value).startswith(f"schedules/more: {problem.message}\n")


def test_a_link_to_a_file_that_is_no_manifest_does_not_matter(
    repository: GitRepository,
) -> None:
    (repository.root / "schedules" / "README.md").symlink_to("../README.md")
    repository.write("README.md", "x")
    repository.commit()
    assert not revision(repository).dirty
    assert len(read_commit(repository.root, "HEAD", SETTINGS).manifests("schedules")) == 2


@pytest.fixture
def with_submodule(repository: GitRepository, tmp_path: Path) -> GitRepository:
    repository.write("schedules/README.md", "listed before the submodule")
    inner = GitRepository.create(tmp_path / "inner")
    inner.write("schedules/c.yaml", "name: c\n")
    inner.commit()
    repository.git(
        *("-c", "protocol.file.allow=always", "submodule", "--quiet", "add"),
        *(str(inner.root), "schedules/sub"),
    )
    repository.commit()
    return repository


def test_a_submodule_among_the_manifests_is_named(with_submodule: GitRepository) -> None:
    assert refusal(with_submodule) == (
        "schedules/sub: is a submodule: a commit of this repository holds no more than its id\n"
        "  Keep the manifests in the repository itself."
    )
    with pytest.raises(ReconcileError, match="schedules/sub: is a submodule"):
        read_commit(with_submodule.root, "HEAD", SETTINGS).manifests("schedules")


def test_so_is_one_that_holds_the_folder(with_submodule: GitRepository) -> None:
    assert refusal(with_submodule, "schedules/sub/schedules").startswith(
        "schedules/sub: is a submodule"
    )
    with pytest.raises(ReconcileError, match="schedules/sub: is a submodule"):
        read_commit(with_submodule.root, "HEAD", SETTINGS).manifests("schedules/sub/schedules")


def test_a_submodule_beside_the_folder_of_the_manifests_does_not_matter(
    with_submodule: GitRepository,
) -> None:
    assert not revision(with_submodule, "schedules/team1").dirty


def test_a_repository_within_the_folder_that_git_ignores_makes_it_dirty(
    repository: GitRepository,
) -> None:
    repository.write(".gitignore", "nested/\n")
    repository.commit()
    GitRepository.create(repository.root / "schedules/nested").write("c.yaml", "name: c\n")
    assert repository.git("status", "--short") == ""
    assert revision(repository).dirty


def test_a_name_in_other_capitals_is_the_same_file(repository: GitRepository) -> None:
    """As on file systems that do not tell them apart."""
    repository.git("update-index", "--skip-worktree", "schedules/team1/a.yaml")
    (repository.root / "schedules/team1/a.yaml").rename(repository.root / "schedules/team1/A.yaml")
    assert revision(repository).dirty, "it is read under a name that the commit does not have"
