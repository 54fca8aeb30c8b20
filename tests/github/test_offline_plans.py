"""Plans between two commits, of which one differs in more than its schedules."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.forked import Done, Forked
from tests.github.repository import GitRepository


def planned(repository: GitRepository, *arguments: str, against: str = "main") -> Done:
    variables = {"HOME": str(repository.root), "PATH": os.environ["PATH"]}
    return Forked(repository.root, variables).reconcile("--against", against, *arguments)


def created(done: Done) -> list[tuple[str, str]]:
    assert done.code == 0, done.err
    changes = json.loads(done.out)["changes"]
    return [(change["action"], change["name"]) for change in changes if change["file"]]


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """A branch that left main, on which nothing was changed yet."""
    found = GitRepository.create(tmp_path / "origin")
    found.hourly("a")
    found.write("reconciler.yaml", "environments: {staging: {}}\n")
    found.commit()
    found.git("checkout", "-q", "-b", "branch")
    return found


def test_the_folder_is_the_same_one_however_it_is_named(repository: GitRepository) -> None:
    repository.hourly("a", "b")
    repository.commit()
    for folder in ("schedules", "schedules/", f"{repository.root}/schedules"):
        done = planned(repository, "--format", "json", "--schedules", folder)
        assert created(done) == [("create", "b")]
        done = planned(repository, "--format", "json", "--schedules", folder, "--at", "HEAD")
        assert created(done) == [("create", "b")]
        assert '"schedules/hourly.yaml"' in done.out


def test_a_folder_outside_the_repository_is_not_taken_for_one_that_was_empty(
    repository: GitRepository, tmp_path: Path
) -> None:
    other = GitRepository.create(tmp_path / "other")
    other.hourly("a")
    done = planned(repository, "--schedules", str(other.root / "schedules"))
    assert (done.code, done.out) == (1, "")
    assert "is outside the repository, and so in none of its commits" in done.err


def test_a_submodule_is_not_taken_for_a_folder_that_was_empty(
    repository: GitRepository, tmp_path: Path
) -> None:
    other = GitRepository.create(tmp_path / "other")
    other.hourly("a")
    other.commit()
    allowed = ("-c", "protocol.file.allow=always")
    repository.git(*allowed, "submodule", "add", "-q", str(other.root), "shared")
    repository.commit()
    done = planned(repository, "--schedules", "shared/schedules", against="HEAD")
    assert (done.code, done.out) == (3, "")
    assert "shared: is a submodule" in done.err


def test_an_environment_that_a_branch_adds_had_nothing_before(repository: GitRepository) -> None:
    repository.write("reconciler.yaml", "environments: {staging: {}, production: {}}\n")
    repository.commit()
    done = planned(repository, "--env", "production", "--format", "json")
    assert created(done) == [("create", "a")]


def test_what_is_wrong_in_another_commit_is_named_as_git_names_files_of_commits(
    repository: GitRepository,
) -> None:
    repository.write("schedules/hourly.yaml", "name: a\n\nschedul: 1h\nfunction: a/b\n")
    broken = repository.commit()
    repository.hourly("a")
    repository.commit()
    done = planned(repository, against="HEAD~1")
    assert done.code == 1
    assert f"{broken[:12]}:schedules/hourly.yaml:3:1: unknown key `schedul`" in done.err


def test_settings_that_are_a_link_are_refused_as_in_the_work_tree(
    repository: GitRepository,
) -> None:
    (repository.root / "reconciler.yaml").unlink()
    (repository.root / "reconciler.yaml").symlink_to("other.yaml")
    linked = repository.commit()
    (repository.root / "reconciler.yaml").unlink()
    repository.commit()
    done = planned(repository, against="HEAD~1")
    assert done.code == 1
    assert f"reconciler.yaml: is not an ordinary file at commit {linked[:12]}" in done.err


def test_a_commit_that_is_named_in_a_way_we_do_not_know_is_an_error(
    repository: GitRepository,
) -> None:
    done = planned(repository, against="HEAD@{yesterday}")
    assert done.code == 1
    assert "`HEAD@{yesterday}` is not understood as a commit" in done.err
