"""Whose schedules a clone holds, asked of real repositories."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.deploy.owner import GitCheckout, read_owner
from reconciler.errors import ReconcileError
from reconciler.plan import Owner, Standing
from tests.github.repository import GitRepository

JOBS = "github.com/acme/jobs"
GITHUB = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/jobs"}
GITLAB = {"CI_PROJECT_URL": "https://gitlab.com/acme/payments/jobs"}
NOTHING: Mapping[str, str] = {}


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.fixture
def clone(tmp_path: Path) -> GitRepository:
    made = GitRepository.create(tmp_path / "clone")
    made.hourly("a")
    made.commit()
    return made


def owner(clone: GitRepository, variables: Mapping[str, str] = NOTHING, below: str = "") -> Owner:
    root = clone.root / below
    return read_owner(root, root / "schedules", variables)


# Which address counts


def test_origin_counts_whatever_else_is_there(clone: GitRepository) -> None:
    clone.git("remote", "add", "fork", "https://github.com/ada/jobs")
    clone.git("remote", "add", "origin", "git@github.com:Acme/Jobs.git")
    found = owner(clone, GITLAB)
    assert str(found.identity) == f"{JOBS}//schedules"
    assert found.names == ("Acme/Jobs", "clone")


def test_the_only_remote_counts_by_any_name(clone: GitRepository) -> None:
    clone.git("remote", "add", "upstream", "https://github.com/acme/jobs.git")
    assert owner(clone, GITLAB).identity.repository == JOBS


def test_two_names_of_one_repository_are_one_remote(clone: GitRepository) -> None:
    clone.git("remote", "add", "https", "https://github.com/acme/jobs.git")
    clone.git("remote", "add", "ssh", "ssh://git@ssh.github.com:443/acme/jobs.git")
    assert owner(clone).identity.repository == JOBS


def test_the_job_chooses_among_several_remotes(clone: GitRepository) -> None:
    clone.git("remote", "add", "fork", "https://github.com/ada/jobs")
    clone.git("remote", "add", "upstream", "https://github.com/acme/jobs.git")
    assert owner(clone, GITHUB).identity.repository == JOBS


@pytest.mark.parametrize("variables", [NOTHING, GITLAB])
def test_several_remotes_among_which_nothing_chooses_are_an_error(
    clone: GitRepository, variables: Mapping[str, str]
) -> None:
    clone.git("remote", "add", "fork", "https://github.com/ada/jobs")
    clone.git("remote", "add", "upstream", "https://t0ken@github.com/acme/jobs.git")
    with pytest.raises(ReconcileError) as caught:
        owner(clone, variables)
    assert caught.value.what == (
        "this clone has several remotes, and none is named origin: fork (github.com/ada/jobs), "
        "upstream (github.com/acme/jobs)"
    )
    assert "git remote rename NAME origin" in str(caught.value)
    assert read_owner(
        clone.root, clone.root / "schedules", variables, must_be_named=False
    ).identity.is_local


@pytest.mark.parametrize(
    ("variables", "repository"),
    [
        (GITHUB, JOBS),
        ({"GITHUB_REPOSITORY": "acme/jobs"}, JOBS),
        ({**GITHUB, "GITHUB_SERVER_URL": "https://ghe.example"}, "ghe.example/acme/jobs"),
        ({**GITHUB, "GITHUB_SERVER_URL": ""}, JOBS),
        ({**GITLAB, "GITHUB_REPOSITORY": ""}, "gitlab.com/acme/payments/jobs"),
        (GITLAB, "gitlab.com/acme/payments/jobs"),
    ],
)
def test_the_job_stands_in_for_a_missing_remote(
    clone: GitRepository, tmp_path: Path, variables: Mapping[str, str], repository: str
) -> None:
    assert owner(clone, variables).identity.repository == repository
    assert read_owner(tmp_path, tmp_path / "schedules", variables).identity.repository == repository


def test_a_variable_that_is_empty_names_no_repository(clone: GitRepository) -> None:
    assert owner(clone, {"GITHUB_REPOSITORY": "", "CI_PROJECT_URL": ""}).identity.is_local


def test_a_remote_without_an_address_is_none(clone: GitRepository) -> None:
    clone.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    clone.git("remote", "add", "upstream", "https://github.com/acme/jobs.git")
    assert owner(clone).identity.repository == JOBS


def test_git_says_what_insteadof_makes_of_an_address(clone: GitRepository) -> None:
    clone.git("config", "url.https://t0ken@github.com/.insteadOf", "gh:")
    clone.git("remote", "add", "origin", "gh:acme/jobs.git")
    assert owner(clone).identity.repository == JOBS


def test_a_path_is_the_same_relative_absolute_and_as_a_url(clone: GitRepository) -> None:
    origin = clone.root.parent / "origin"
    found = set()
    clone.git("remote", "add", "origin", str(origin))
    for address in (f"{origin}.git/", "../origin", f"file://{origin}"):
        clone.git("remote", "set-url", "origin", address)
        found.add(owner(clone).identity)
    (identity,) = found
    assert identity.repository == str(origin)
    assert identity.is_path


# The folder


def test_the_folder_is_named_from_the_root_of_the_repository(clone: GitRepository) -> None:
    clone.git("remote", "add", "origin", "https://github.com/acme/jobs")
    (clone.root / "team-a").mkdir()
    assert str(owner(clone, below="team-a").identity) == f"{JOBS}//team-a/schedules"
    root = read_owner(clone.root, clone.root / ".", NOTHING).identity
    assert str(root) == f"{JOBS}//."


def test_a_worktree_and_a_link_to_the_clone_are_the_same_owner(clone: GitRepository) -> None:
    expected = owner(clone).identity
    clone.git("worktree", "add", "-q", "../tree")
    (clone.root.parent / "link").symlink_to(clone.root)
    for place in ("tree", "link"):
        assert owner(GitRepository(clone.root.parent / place)).identity == expected


# Without any address


def test_a_clone_without_a_remote_keeps_a_random_id_in_its_configuration(
    clone: GitRepository, tmp_path: Path
) -> None:
    first = owner(clone)
    assert first == owner(clone)
    assert first.identity.repository == f"local:{clone.git('config', '--local', 'reconciler.id')}"
    assert first.names == ("clone",)
    other = GitRepository.create(tmp_path / "elsewhere" / "clone")
    assert owner(other).identity != first.identity


def test_the_id_is_held_when_a_remote_is_added(clone: GitRepository) -> None:
    before = owner(clone).identity
    clone.git("remote", "add", "origin", "https://github.com/acme/jobs")
    after = owner(clone)
    assert (after.identity.repository, after.held) == (JOBS, before)


def test_outside_git_the_id_is_in_a_file_and_stays_when_the_folder_becomes_a_repository(
    tmp_path: Path,
) -> None:
    before = read_owner(tmp_path, tmp_path / "schedules", NOTHING).identity
    assert before.repository == f"local:{(tmp_path / '.reconciler/id').read_text().strip()}"
    assert read_owner(tmp_path, tmp_path / "schedules", NOTHING).identity == before
    repository = GitRepository.create(tmp_path)
    assert owner(repository).identity == before
    repository.git("remote", "add", "origin", "https://github.com/acme/jobs")
    assert owner(repository).held == before


def test_an_id_that_cannot_be_kept_is_an_error(clone: GitRepository) -> None:
    (clone.root / ".git" / "config.lock").touch()  # as a git that writes to it would hold it
    with pytest.raises(ReconcileError, match="an id cannot be kept in git's configuration"):
        owner(clone)


# What history says of what is live


def standing(clone: GitRepository, live: str | None, old: str | None = None) -> Standing:
    return GitCheckout(clone.root).standing(live, old, "ops/crons")


def test_head_descends_from_itself_and_from_what_came_before(clone: GitRepository) -> None:
    first = clone.git("rev-parse", "HEAD")
    clone.hourly("a", "b")
    second = clone.commit()
    assert standing(clone, first).descends is True
    assert standing(clone, second).descends is True
    clone.git("checkout", "-q", first)
    assert standing(clone, second).descends is False


@pytest.mark.parametrize("live", [None, "f" * 40, "--output=x", "HEAD", ""])
def test_a_commit_that_is_not_there_or_is_none_proves_nothing(
    clone: GitRepository, live: str | None
) -> None:
    assert standing(clone, live).descends is False


def test_a_shallow_clone_knows_its_own_commits_and_not_whether_others_are_its_own(
    clone: GitRepository, tmp_path: Path
) -> None:
    first = clone.git("rev-parse", "HEAD")
    clone.hourly("a", "b")
    second = clone.commit()
    shallow = GitRepository(tmp_path / "shallow")
    clone.git("clone", "-q", "--depth", "1", f"file://{clone.root}", str(shallow.root))
    assert standing(shallow, second).descends is True
    assert standing(shallow, first).descends is None
    shallow.git("fetch", "-q", "--unshallow")
    assert standing(shallow, first).descends is True


def test_a_folder_is_vacated_when_neither_the_commit_nor_the_disk_holds_a_manifest_in_it(
    clone: GitRepository,
) -> None:
    assert standing(clone, None, "schedules").vacated is False
    clone.write("schedules/README.md", "moved")
    clone.write("schedules/.hidden.yaml", "x")
    (clone.root / "ops").mkdir()
    clone.git("mv", "schedules/hourly.yaml", "ops/hourly.yaml")
    assert standing(clone, None, "schedules").vacated is False, "the commit still holds it"
    clone.commit()
    assert standing(clone, None, "schedules").vacated is True
    clone.hourly("b")
    assert standing(clone, None, "schedules").vacated is False, "the disk holds one"


@pytest.mark.parametrize(
    ("old", "new"), [(".", "schedules"), ("schedules", "."), ("schedules", "schedules/prod")]
)
def test_a_folder_that_moves_into_or_out_of_another_is_vacated_all_the_same(
    clone: GitRepository, old: str, new: str
) -> None:
    if new == "schedules/prod":
        (clone.root / new).mkdir()
        clone.git("mv", "schedules/hourly.yaml", f"{new}/hourly.yaml")
        clone.commit()
    assert GitCheckout(clone.root).standing(None, old, new).vacated is True


def test_the_commit_that_is_planned_decides_and_not_the_disk(clone: GitRepository) -> None:
    first = clone.git("rev-parse", "HEAD")
    (clone.root / "ops").mkdir()
    clone.git("mv", "schedules/hourly.yaml", "ops/hourly.yaml")
    second = clone.commit()
    at_first = GitCheckout(clone.root, first).standing(None, "schedules", "ops")
    assert at_first.vacated is False
    clone.git("checkout", "-q", first)
    assert GitCheckout(clone.root, second).standing(None, "schedules", "ops").vacated is True


def test_outside_git_the_disk_alone_decides(tmp_path: Path) -> None:
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "a.yaml").touch()
    checkout = GitCheckout(tmp_path)
    assert checkout.standing(None, "schedules", "ops") == Standing(descends=False, vacated=False)
    (tmp_path / "schedules" / "a.yaml").unlink()
    assert checkout.standing("c" * 40, "schedules", "ops") == Standing(descends=False, vacated=True)
