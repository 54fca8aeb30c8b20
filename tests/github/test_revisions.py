"""Schedules as a commit has them, without a checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.deploy.repository import read_revision
from reconciler.deploy.revisions import merge_base, read_commit
from reconciler.errors import ReconcileError, RefusedError
from tests.github.repository import GitRepository

SETTINGS = "reconciler.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository.create(tmp_path / "origin")


def names(root: Path, revision: str, folder: str = "schedules") -> list[str]:
    return sorted(name for name, _ in read_commit(root, revision, SETTINGS).manifests(folder))


def test_a_commit_is_read_while_another_is_checked_out(repository: GitRepository) -> None:
    repository.hourly("a")
    repository.write(SETTINGS, "app: mine\n")
    first = repository.commit()
    repository.hourly("b")
    repository.write("schedules/deep/.hidden.yaml", "x")
    repository.write("schedules/deep/more.yml", "x")
    repository.write("schedules/README.md", "x")
    repository.commit()
    files = read_commit(repository.root, first, SETTINGS)
    assert (files.commit, files.author, files.settings) == (first, "Ada", b"app: mine\n")
    ((name, content),) = files.manifests("schedules")
    assert name == "schedules/hourly.yaml"
    assert content.startswith(b"name: a\n")
    assert names(repository.root, "HEAD") == ["schedules/deep/more.yml", "schedules/hourly.yaml"]


def test_a_manifest_is_named_from_the_root_of_the_repository(
    repository: GitRepository,
) -> None:
    repository.write("team/schedules/a.yaml", "x")
    repository.commit()
    assert names(repository.root / "team", "HEAD") == ["team/schedules/a.yaml"]


def test_a_commit_without_the_folder_has_no_manifests(repository: GitRepository) -> None:
    repository.write("README.md", "x")
    repository.commit()
    assert names(repository.root, "main") == []


def test_a_symbolic_link_is_refused_as_in_the_work_tree(repository: GitRepository) -> None:
    repository.hourly("a")
    (repository.root / "schedules" / "b.yaml").symlink_to("hourly.yaml")
    repository.commit()
    with pytest.raises(ReconcileError, match="a symbolic link is not followed"):
        names(repository.root, "HEAD")


def test_settings_that_a_commit_has_as_a_link_or_a_folder_are_refused(
    repository: GitRepository,
) -> None:
    repository.write("ops/settings.yaml", "app: mine\n")
    (repository.root / SETTINGS).symlink_to("ops/settings.yaml")
    repository.commit()
    linked = repository.git("rev-parse", "HEAD")
    (repository.root / SETTINGS).unlink()
    repository.write(f"{SETTINGS}/more.yaml", "app: mine\n")
    repository.commit()
    for commit in (linked, "HEAD"):
        with pytest.raises(
            ReconcileError, match=r"reconciler.yaml: is not an ordinary file at commit"
        ):
            read_commit(repository.root, commit, SETTINGS)


def test_an_unknown_commit_is_an_error_and_in_a_shallow_clone_a_refusal(
    repository: GitRepository, tmp_path: Path
) -> None:
    repository.hourly("a")
    first = repository.commit()
    repository.hourly("b")
    repository.commit()
    with pytest.raises(ReconcileError, match="there is no commit `nope` in this repository"):
        read_commit(repository.root, "nope", SETTINGS)
    clone = tmp_path / "shallow"
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.root}", str(clone))
    with pytest.raises(RefusedError, match="which is shallow") as caught:
        read_commit(clone, first, SETTINGS)
    assert "git fetch --unshallow" in str(caught.value)


def test_a_branch_is_compared_with_where_it_left_not_with_what_came_after(
    repository: GitRepository,
) -> None:
    repository.hourly("a")
    base = repository.commit()
    repository.git("checkout", "-q", "-b", "feature")
    repository.hourly("a", "b")
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.hourly("a", "c")
    repository.commit()
    assert merge_base(repository.root, "main", "feature") == base


def test_branches_without_a_commit_in_common_cannot_be_compared(repository: GitRepository) -> None:
    repository.hourly("a")
    repository.commit()
    repository.git("checkout", "-q", "--orphan", "other")
    repository.hourly("b")
    repository.commit()
    with pytest.raises(ReconcileError, match="no commit that main and other have in common"):
        merge_base(repository.root, "other", "main")


def test_outside_git_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(ReconcileError, match="not a git repository"):
        read_commit(tmp_path, "HEAD", SETTINGS)


def is_dirty(repository: GitRepository) -> bool:
    return read_revision(repository.root, repository.root / "schedules").dirty


def test_settings_and_manifests_that_are_read_and_in_no_commit_make_the_tree_dirty(
    repository: GitRepository,
) -> None:
    repository.hourly("a")
    repository.write(
        ".gitignore", "schedules/mine.yaml\nschedules/.cache\n*.log\nreconciler.yaml\n"
    )
    repository.commit()
    repository.write("schedules/.cache/x.yaml", "x")
    repository.write("schedules/a.log", "x")
    assert not is_dirty(repository)
    repository.write("schedules/mine.yaml", "x")
    assert is_dirty(repository)
    (repository.root / "schedules" / "mine.yaml").unlink()
    repository.write(SETTINGS, "crons: 1\n")
    assert is_dirty(repository)


def test_a_folder_outside_the_repository_is_in_no_commit(
    repository: GitRepository, tmp_path: Path
) -> None:
    repository.hourly("a")
    repository.commit()
    assert read_revision(repository.root, tmp_path / "elsewhere").dirty
