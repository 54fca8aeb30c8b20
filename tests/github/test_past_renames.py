"""Renames in commits that were never applied, as git's objects have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.deploy import past_renames
from reconciler.deploy.past_renames import read_renames
from reconciler.plan.past import Hop, Past, RenameStep, way
from tests.github.repository import GitRepository
from tests.github.team import Team
from tests.github.test_offline_plans import created, planned

MISSING = "b" * 40


def manifest(name: str, *keys: str) -> str:
    lines = [f"name: {name}", 'schedule: "0 * * * *"', "function: shop/sync", *keys]
    return "\n".join(lines) + "\n"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    found = GitRepository.create(tmp_path / "origin")
    found.write("schedules/one.yaml", manifest("old"))
    found.write("schedules/other.yaml", manifest("other"))
    found.commit()
    return found


def head(repository: GitRepository) -> str:
    return repository.git("rev-parse", "HEAD")


def renamed(repository: GitRepository, name: str, *keys: str) -> str:
    repository.write("schedules/one.yaml", manifest(name, *keys))
    return repository.commit()


def read(
    repository: GitRepository,
    live: str,
    commit: str = "HEAD",
    *,
    root: str = ".",
    environment: str = "production",
) -> Past:
    top = repository.root / root
    planned_ = repository.git("rev-parse", commit)
    return read_renames(top, top / "schedules", environment, planned_, live)


def test_each_commit_that_renames_is_read_newest_first(repository: GitRepository) -> None:
    live = head(repository)
    mid = renamed(repository, "mid", "formerly: old")
    repository.write("README", "other work")
    repository.commit()
    new = renamed(repository, "new", "formerly: [mid, old]")
    assert read(repository, live) == Past(
        since=(RenameStep(new, "new", ("mid", "old")), RenameStep(mid, "mid", ("old",)))
    )


def test_the_commits_of_a_rollback_are_read_oldest_first(repository: GitRepository) -> None:
    back = head(repository)
    mid = renamed(repository, "mid", "formerly: old")
    new = renamed(repository, "new", "formerly: mid")
    assert read(repository, new, back) == Past(
        undone=(RenameStep(mid, "mid", ("old",)), RenameStep(new, "new", ("mid",)))
    )


def test_renames_on_a_branch_that_was_merged_are_read(repository: GitRepository) -> None:
    live = head(repository)
    repository.git("checkout", "-q", "-b", "branch")
    mid = renamed(repository, "mid", "formerly: old")
    new = renamed(repository, "new", "formerly: mid")
    repository.git("checkout", "-q", "main")
    repository.write("schedules/other.yaml", manifest("other", "owner: ops"))
    repository.commit()
    repository.git("merge", "-q", "--no-ff", "--no-edit", "branch")
    assert [step.commit for step in read(repository, live).since] == [new, mid]


def test_a_rename_that_only_a_merge_makes_is_read(repository: GitRepository) -> None:
    live = head(repository)
    repository.git("checkout", "-q", "-b", "branch")
    renamed(repository, "old", "owner: ops")
    repository.git("checkout", "-q", "main")
    renamed(repository, "old", "owner: jobs")
    repository.git("merge", "-q", "--no-commit", "-s", "ours", "branch")
    merged = renamed(repository, "mid", "formerly: old")
    renamed(repository, "new", "formerly: mid")
    assert RenameStep(merged, "mid", ("old",)) in read(repository, live).since


def test_of_a_file_with_many_schedules_those_with_earlier_names_are_read(
    repository: GitRepository,
) -> None:
    live = head(repository)
    others = [manifest(f"s{number}") for number in range(5)]
    repository.write(
        "schedules/all.yaml", "---\n".join([*others, manifest("mid", "formerly: old")])
    )
    commit = repository.commit()
    assert read(repository, live).since == (RenameStep(commit, "mid", ("old",)),)


@pytest.mark.parametrize(
    "broken",
    [
        "name: mid\nformerly: [old\n",
        "name: mid\nformerly: old\n\tschedule: x\n",
        "- formerly\n",
        "name: [mid]\nformerly: old\n",
        "name: mid\nformerly: {a: old}\n",
        "formerly: old\n",
        "name: mid\nformerly: mid\n",
        "formerly: &a [*a]\nname: mid\n",
        f"{'[' * 200}formerly",
        "",
    ],
)
def test_a_commit_whose_manifest_cannot_be_read_is_passed_over(
    repository: GitRepository, broken: str
) -> None:
    live = head(repository)
    mid = renamed(repository, "mid", "formerly: old")
    repository.write("schedules/one.yaml", broken)
    repository.commit()
    (repository.root / "schedules" / "two.yaml").write_bytes(b"name: \xff\nformerly: old\n")
    repository.commit()
    new = renamed(repository, "new", "formerly: mid")
    steps = (RenameStep(new, "new", ("mid",)), RenameStep(mid, "mid", ("old",)))
    assert read(repository, live) == Past(since=steps)


def test_a_document_that_can_be_read_counts_beside_one_that_cannot(
    repository: GitRepository,
) -> None:
    live = head(repository)
    text = "name: x\nformerly: [\n---\n" + manifest("mid", "formerly: old")
    repository.write("schedules/one.yaml", text)
    commit = repository.commit()
    assert read(repository, live).since == (RenameStep(commit, "mid", ("old",)),)


def test_manifests_of_other_environments_and_other_files_are_not_read(
    repository: GitRepository,
) -> None:
    live = head(repository)
    renamed(repository, "mid", "formerly: old", "environments: [staging]")
    for name in ("schedules/.hidden.yaml", "schedules/notes.txt", "elsewhere/one.yaml"):
        repository.write(name, manifest("mid", "formerly: other"))
    (repository.root / "schedules" / "link.yaml").symlink_to("formerly.yaml")
    repository.commit()
    assert read(repository, live) == Past()
    assert [step.name for step in read(repository, live, environment="staging").since] == ["mid"]


def test_file_names_are_not_read_as_patterns_or_escapes(repository: GitRepository) -> None:
    repository.write("[a]*/schedules/ü \\ x.yaml", manifest("old"))
    live = repository.commit()
    repository.write("[a]*/schedules/ü \\ x.yaml", manifest("mid", "formerly: old"))
    repository.write("a/schedules/x.yaml", manifest("wrong", "formerly: old"))
    commit = repository.commit()
    assert read(repository, live, root="[a]*").since == (RenameStep(commit, "mid", ("old",)),)


def test_beyond_the_bound_it_is_said_that_more_was_not_read(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = head(repository)
    renamed(repository, "mid", "formerly: old")
    new = renamed(repository, "new", "formerly: mid")
    monkeypatch.setattr(past_renames, "COMMITS", 1)
    past = read(repository, live)
    assert past.since == (RenameStep(new, "new", ("mid",)),)
    assert past.gap == "only the newest 1 commits that change manifests were read"
    monkeypatch.undo()
    monkeypatch.setattr(past_renames, "BYTES", 10)
    assert read(repository, live) == Past(gap="only 0 MiB of manifests were read")


def test_a_live_commit_that_is_not_in_the_clone_is_not_known(repository: GitRepository) -> None:
    assert read(repository, MISSING).gap == (
        f"the commits since the live commit {MISSING[:12]} are not known: it is not in this clone"
    )
    assert "are not known" in read(repository, "--output=x").gap
    assert not (repository.root / "x").exists()


def test_in_a_shallow_clone_what_was_cut_off_is_not_known(
    repository: GitRepository, tmp_path: Path
) -> None:
    live = head(repository)
    renamed(repository, "mid", "formerly: old")
    renamed(repository, "new", "formerly: mid")
    source = f"file://{repository.root}"
    repository.git("clone", "-q", "--depth", "1", source, str(tmp_path / "clone"))
    clone = GitRepository(tmp_path / "clone")
    assert read(clone, live).gap.endswith("this clone is shallow")
    clone.git("fetch", "-q", "--depth", "3")
    assert [step.name for step in read(clone, live).since] == ["new", "mid"]


def test_outside_git_nothing_is_known(tmp_path: Path) -> None:
    past = read_renames(tmp_path, tmp_path / "schedules", "production", MISSING, MISSING)
    assert past.gap == "the commits since the live one are not known: not a git repository"


def test_an_offline_plan_follows_a_chain(repository: GitRepository) -> None:
    repository.git("checkout", "-q", "-b", "branch")
    repository.write("reconciler.yaml", "environments: {production: {modal: main}}\n")
    mid = renamed(repository, "mid", "formerly: old")
    renamed(repository, "new", "formerly: mid")
    done = planned(repository, "--format", "json", "--env", "production")
    assert created(done) == [("rename", "new")], done.out
    assert f"was old, which became mid in commit {mid[:12]} and became new in" in done.out


def test_schedules_that_were_renamed_twice_before_an_apply_keep_their_history(team: Team) -> None:
    project, git = team.project, team.git
    git.write("schedules/one.yaml", manifest("old"))
    first = git.commit()
    project.applied()
    git.write("schedules/one.yaml", manifest("mid", "formerly: old"))
    mid = git.commit()
    git.write("schedules/one.yaml", manifest("new", "formerly: mid"))
    git.commit()
    shown = project.reconcile("--dry-run").out
    assert f"was old, which became mid in commit {mid[:12]} and became new in commit" in shown
    project.applied()
    assert "Nothing to do" in project.reconcile("--dry-run").out
    back = project.reconcile("--at", mid, "--yes")
    assert "was new, which was mid before commit" in back.out, back.err
    again = project.reconcile("--at", first, "--yes")
    assert "old" in again.out
    assert "its history moves along" in again.out, again.err


FOLDERS = pytest.mark.parametrize("to", ["ops/crons", "schedules/all", "crons"])


def move(repository: GitRepository, old: str, new: str) -> str:
    """Move a folder in a commit of its own."""
    (repository.root / "moving").mkdir(exist_ok=True)
    repository.git("mv", old, "moving/it")
    (repository.root / new).parent.mkdir(parents=True, exist_ok=True)
    repository.git("mv", "moving/it", new)
    return repository.commit()


@FOLDERS
@pytest.mark.parametrize("rewritten", [False, True])
def test_a_folder_that_was_moved_is_followed(
    repository: GitRepository, to: str, rewritten: bool
) -> None:
    live = head(repository)
    mid = renamed(repository, "mid", "formerly: old")
    if rewritten:  # in the commit that moves it
        repository.write("schedules/other.yaml", manifest("other", "retries: 3"))
    move(repository, "schedules", to)
    move(repository, to, "last")
    repository.write("last/one.yaml", manifest("new", "formerly: mid"))
    new = repository.commit()
    top = repository.root
    past = read_renames(top, top / "last", "production", new, live)
    found = past.trace("new", ("mid",))
    assert way(found, "old", "new") == (Hop("mid", mid), Hop("new", new))
    assert past.gap == ""


def test_beside_a_folder_that_was_moved_no_other_is_read(repository: GitRepository) -> None:
    live = head(repository)
    repository.write("elsewhere/one.yaml", manifest("new", "formerly: old"))
    repository.commit()
    move(repository, "schedules", "last")
    top = repository.root
    found = read_renames(top, top / "last", "production", head(repository), live)
    assert found == Past()


def test_a_rollback_across_a_move_follows_the_folder_forward(repository: GitRepository) -> None:
    back = head(repository)
    move(repository, "schedules", "crons")
    repository.write("crons/one.yaml", manifest("new", "formerly: old"))
    new = repository.commit()
    assert read(repository, new, back) == Past(undone=(RenameStep(new, "new", ("old",)),))


def test_a_folder_whose_files_git_does_not_know_again_is_named(repository: GitRepository) -> None:
    live = head(repository)
    repository.git("rm", "-rq", "schedules")
    repository.commit()
    repository.write("crons/one.yaml", "# written anew\n" * 40 + manifest("new", "formerly: mid"))
    new = repository.commit()
    top = repository.root
    past = read_renames(top, top / "crons", "production", new, live)
    assert past.since == (RenameStep(new, "new", ("mid",)),)
    assert past.gap == (
        f"the manifests were in another folder than crons at the live commit {live[:12]}, and git "
        "does not show in which"
    )
