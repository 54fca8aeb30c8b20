"""What git, or the library that reads it, has against a clone: each is named, with what to do.

Such a clone must not pass for a folder outside git, whose schedules are planned without a commit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.forked import Done, Forked
from tests.github.repository import GitRepository


def untouched(_repository: GitRepository) -> None:
    """Git is told by a variable of its own tests that the clone belongs to another user."""


def without_objects(repository: GitRepository) -> None:
    shutil.rmtree(repository.root / ".git" / "objects")
    (repository.root / ".git" / "objects").mkdir()


def writing(name: str, content: str) -> Callable[[GitRepository], None]:
    def damage(repository: GitRepository) -> None:
        (repository.root / ".git" / name).write_text(content)

    return damage


def gone(repository: GitRepository) -> None:
    shutil.rmtree(repository.root / ".git")
    (repository.root / ".git").write_text("gitdir: /nonexistent/worktree\n")


def with_sha256(repository: GitRepository) -> None:
    shutil.rmtree(repository.root / ".git")
    repository.git("init", "-q", "-b", "main", "--object-format=sha256")
    repository.commit()


def with_reftable(repository: GitRepository) -> None:
    with (repository.root / ".git" / "config").open("a") as config:
        config.write("[extensions]\n\trefstorage = reftable\n")


CASES = {
    "another user": (untouched, "belongs to another user", "--add safe.directory {root}"),
    "SHA-256": (with_sha256, "commits are named by SHA256, which", "git fast-export --all"),
    "reftable": (with_reftable, "branches are kept as `reftable`", "--ref-format=files"),
    "no objects": (without_objects, "is checked out and cannot be read", "git fsck"),
    "index": (writing("index", "garbage"), "index file smaller than expected", "git status"),
    "HEAD": (writing("HEAD", "garbage"), "the repository is damaged", "git status"),
    "config": (writing("config", "[garbage"), "bad config line", "git status"),
    "work tree gone": (gone, "that this file names is gone", "git worktree repair"),
}


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository.create(tmp_path / "clone")
    made.hourly("a")
    made.commit()
    made.git("branch", "base")
    made.hourly("a", "b")
    made.commit()
    return made


def reconcile(root: Path, *arguments: str, path: str, **more: str) -> Done:
    variables = {"PATH": path, "HOME": str(root.parent), "GIT_CONFIG_GLOBAL": os.devnull, **more}
    return Forked(root, variables).reconcile(*arguments)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("arguments", [("--against", "base"), ("--at", "HEAD", "--dry-run")])
def test_a_clone_that_cannot_be_read_is_named_with_what_to_do(
    repository: GitRepository, case: str, arguments: tuple[str, ...]
) -> None:
    damage, what, remedy = CASES[case]
    damage(repository)
    more = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"} if damage is untouched else {}
    done = reconcile(repository.root, *arguments, path=os.environ["PATH"], **more)
    assert done.code == 1
    assert what in done.err
    assert remedy.format(root=repository.root) in done.err
    assert "defect" not in done.err
    assert done.out == ""


def test_without_git_it_is_named_and_what_works_all_the_same(repository: GitRepository) -> None:
    done = reconcile(repository.root, "--against", "base", path="/nonexistent")
    assert done.code == 1
    assert done.err == (
        "reconcile: git is not installed, or not on PATH\n"
        "  Install git 2.30 or newer. `validate`, `lint` and `next` need no git.\n"
    )
    for command in ("validate", "lint", "next"):
        done = reconcile(repository.root, command, path="/nonexistent")
        assert done.code == 0, done.err


def test_the_way_from_sha256_that_is_named_works(repository: GitRepository) -> None:
    with_sha256(repository)
    new = repository.root.parent / "new"
    repository.git("init", "-q", "-b", "main", "--object-format=sha1", str(new))
    done = subprocess.run(
        "git fast-export --all | git -C ../new fast-import --quiet && git -C ../new checkout main",
        shell=True,
        cwd=repository.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert GitRepository(new).git("status", "--short") == ""
    planned = reconcile(new, "--against", "main", path=os.environ["PATH"])
    assert "Fetch it" not in planned.err
    assert "SHA" not in planned.err


def test_a_folder_outside_git_and_one_before_its_first_commit_are_none_of_these(
    tmp_path: Path,
) -> None:
    from reconciler.deploy.repository import read_revision

    (tmp_path / "schedules").mkdir()
    assert read_revision(tmp_path, tmp_path / "schedules").commit is None
    made = GitRepository.create(tmp_path)
    assert read_revision(made.root, tmp_path / "schedules").commit is None
