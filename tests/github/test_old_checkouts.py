"""How a checkout stands to the commit that is live: it contains it, or what it lacks came later."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.deploy.commit_ancestry import ancestry_of
from reconciler.errors import RefusedError
from reconciler.plan.ancestry import Ancestry, Relation, require_current
from tests.github.repository import GitRepository
from tests.github.team import Team


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository.create(tmp_path / "origin")
    made.hourly("a")
    made.commit("first")
    return made


def relation(repository: GitRepository, live: str, commit: str = "HEAD") -> Relation:
    root = repository.root
    return ancestry_of(root, root / "schedules", repository.git("rev-parse", commit), live).relation


def adding(repository: GitRepository, *names: str) -> str:
    repository.hourly(*names)
    return repository.commit(f"now {' '.join(names)}")


def test_a_commit_contains_itself_and_its_ancestors(repository: GitRepository) -> None:
    first = repository.git("rev-parse", "HEAD")
    assert relation(repository, first) is Relation.CONTAINS
    adding(repository, "a", "b")
    assert relation(repository, first) is Relation.CONTAINS


def test_an_ancestor_of_what_is_live_is_older(repository: GitRepository) -> None:
    first = repository.git("rev-parse", "HEAD")
    live = adding(repository, "a", "b")
    repository.git("checkout", "-q", first)
    assert relation(repository, live) is Relation.OLDER


def test_an_older_commit_with_the_same_manifests_contains_what_is_live(
    repository: GitRepository,
) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.write("src/code.py", "x")
    live = repository.commit()
    repository.git("checkout", "-q", first)
    assert relation(repository, live) is Relation.CONTAINS


def test_an_older_commit_is_older_also_when_an_ancestor_had_what_is_live(
    repository: GitRepository,
) -> None:
    """What is live takes back a deletion, which a run of the old commit would repeat."""
    adding(repository, "a", "b")
    deleted = adding(repository, "a")
    live = adding(repository, "a", "b")
    repository.git("checkout", "-q", deleted)
    assert relation(repository, live) is Relation.OLDER


def diverged(repository: GitRepository, *live: str) -> str:
    """Leave main on a branch, commit these there and come back; the branch's commit."""
    repository.git("checkout", "-q", "-b", "feature")
    made = adding(repository, *live)
    repository.git("checkout", "-q", "main")
    return made


def test_two_branches_have_diverged(repository: GitRepository) -> None:
    live = diverged(repository, "a", "b")
    adding(repository, "a", "c")
    assert relation(repository, live) is Relation.DIVERGED


def test_a_squash_merge_contains_what_it_merged_and_so_does_what_follows(
    repository: GitRepository,
) -> None:
    live = diverged(repository, "a", "b")
    repository.git("merge", "-q", "--squash", "feature")
    repository.commit("squashed")
    assert relation(repository, live) is Relation.CONTAINS
    adding(repository, "a", "c")
    assert relation(repository, live) is Relation.CONTAINS


def test_a_branch_that_changed_no_manifest_is_contained(repository: GitRepository) -> None:
    repository.git("checkout", "-q", "-b", "feature")
    repository.write("src/code.py", "x")
    live = repository.commit()
    repository.git("checkout", "-q", "main")
    adding(repository, "c")
    assert relation(repository, live) is Relation.CONTAINS


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("team/schedules/b.yaml", Relation.OLDER),
        ("team/reconciler.yaml", Relation.OLDER),
        ("schedules/b.yaml", Relation.CONTAINS),
        ("reconciler.yaml", Relation.CONTAINS),
        ("team/other/b.yaml", Relation.CONTAINS),
    ],
)
def test_in_a_folder_of_a_repository_its_own_settings_and_manifests_count(
    repository: GitRepository, changed: str, expected: Relation
) -> None:
    older = repository.git("rev-parse", "HEAD")
    repository.write(changed, "name: b\n")
    live = repository.commit()
    (repository.root / "team").mkdir(exist_ok=True)
    team = repository.root / "team"
    found = ancestry_of(team, Path("schedules"), older, live)
    assert found.relation is expected
    assert bool(found.lacks) is (expected is Relation.OLDER)


def test_manifests_in_the_root_are_all_that_the_repository_holds(
    repository: GitRepository,
) -> None:
    older = repository.git("rev-parse", "HEAD")
    repository.write("src/x.py", "x")
    live = repository.commit("code")
    found = ancestry_of(repository.root, Path(), older, live)
    assert found.relation is Relation.OLDER
    assert [lacking.partition(" ")[2] for lacking in found.lacks] == ["code"]
    assert relation(repository, live, older) is Relation.CONTAINS


def test_other_settings_are_not_the_same(repository: GitRepository) -> None:
    repository.git("checkout", "-q", "-b", "feature")
    repository.write("reconciler.yaml", "crons: 3\n")
    live = repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write("src/code.py", "x")
    repository.commit()
    assert relation(repository, live) is Relation.DIVERGED


def clone(repository: GitRepository, path: Path, *options: str) -> GitRepository:
    repository.git("clone", "-q", *options, f"file://{repository.root}", str(path))
    return GitRepository(path)


def test_in_a_shallow_clone_it_is_not_known_unless_both_are_there(
    repository: GitRepository, tmp_path: Path
) -> None:
    first = repository.git("rev-parse", "HEAD")
    second = adding(repository, "a", "b")
    third = adding(repository, "a", "b", "c")
    one = clone(repository, tmp_path / "one", "--depth", "1")
    assert relation(one, first) is Relation.SHALLOW
    two = clone(repository, tmp_path / "two", "--depth", "2")
    assert relation(two, second) is Relation.CONTAINS
    assert relation(two, third, second) is Relation.OLDER


def test_a_shallow_clone_does_not_take_two_histories_for_diverged(
    repository: GitRepository, tmp_path: Path
) -> None:
    live = diverged(repository, "a", "b")
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "feature")
    adding(repository, "a", "c")
    cut = clone(repository, tmp_path / "cut", "--depth", "1", "--no-single-branch")
    assert cut.git("cat-file", "-t", live) == "commit"
    assert relation(cut, live) is Relation.SHALLOW


@pytest.mark.parametrize("live", ["c" * 40, "--help", "HEAD"])
def test_a_commit_that_is_not_there_is_not_known(repository: GitRepository, live: str) -> None:
    assert relation(repository, live) is Relation.MISSING


def test_without_a_commit_on_either_side_it_is_not_known(repository: GitRepository) -> None:
    root = repository.root
    first = repository.git("rev-parse", "HEAD")
    assert ancestry_of(root, root, None, first).relation is Relation.OUTSIDE
    assert ancestry_of(root, root, first, None).relation is Relation.UNNAMED


def test_each_is_shown_by_its_name(repository: GitRepository) -> None:
    told = {one: Ancestry(one, "a" * 40, "b" * 40).warning or "" for one in Relation}
    assert told == {
        Relation.CONTAINS: "",
        Relation.OLDER: "this checkout (commit aaaaaaaaaaaa) is older than what is live (commit "
        "bbbbbbbbbbbb): it lacks commits that change settings or manifests",
        Relation.DIVERGED: "this checkout (commit aaaaaaaaaaaa) has diverged from what is live "
        "(commit bbbbbbbbbbbb): it lacks commits that change settings or manifests",
        Relation.SHALLOW: "whether this checkout contains what is live (commit bbbbbbbbbbbb) is "
        "not known: this clone is shallow",
        Relation.MISSING: "whether this checkout contains what is live (commit bbbbbbbbbbbb) is "
        "not known: that commit is not in this clone",
        Relation.OUTSIDE: "whether this checkout contains what is live (commit bbbbbbbbbbbb) is "
        "not known: this folder has no commit in git",
        Relation.UNNAMED: "what is live was applied without a commit: whether this checkout "
        "contains it is not known",
    }


def test_the_commits_that_are_lacking_are_named(repository: GitRepository) -> None:
    """An amended commit deletes nothing: what it replaces is named, and not merged back unasked."""
    first = repository.git("rev-parse", "HEAD")
    live = adding(repository, "a", "b")
    repository.hourly("a", "b", "c")
    repository.git("add", "-A")
    repository.git("commit", "-q", "--amend", "-m", "both")
    commit = repository.git("rev-parse", "HEAD")
    found = ancestry_of(repository.root, repository.root / "schedules", commit, live)
    assert found.warning == (
        f"this checkout (commit {commit[:12]}) has diverged from what is live (commit {live[:12]}):"
        f" it lacks 1 commit that changes settings or manifests ({live[:12]} now a b)"
    )
    with pytest.raises(RefusedError) as caught:
        require_current(found)
    assert caught.value.remedy == (
        f"Where the live commit is still wanted, git merge {live[:12]}. Where it was replaced on "
        "purpose (an amended commit, a force-push), look at the plan and pass --allow-older."
    )
    repository.git("merge", "-q", "-s", "ours", live[:12])
    assert relation(repository, live) is Relation.CONTAINS
    repository.git("checkout", "-q", "-B", "main", live)
    repository.write("src/code.py", "x")
    repository.commit("no manifest")
    for name in ("c", "d", "e\x1b", "f"):
        repository.hourly("a", name.strip("\x1b"))
        repository.commit(f"add {name}")
    live = repository.git("rev-parse", "HEAD")
    root = repository.root
    (text,) = {ancestry_of(root, root / "schedules", first, live).warning}
    assert text is not None
    assert "it lacks 5 commits that change settings or manifests (" in text
    assert text.endswith(", and 2 more)")
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("detached", "remedy"),
    [
        (False, "Update the branch to one that contains that commit: git pull. In CI, run the job"),
        (True, "Check out a branch that contains that commit. In CI, run the job of the newest"),
    ],
)
def test_an_older_checkout_is_updated_where_a_branch_is_checked_out(
    repository: GitRepository, detached: bool, remedy: str
) -> None:
    first = repository.git("rev-parse", "HEAD")
    live = adding(repository, "a", "b")
    repository.git("checkout", "-q", *(("--detach", first) if detached else ("-B", "main", first)))
    root = repository.root
    assert ancestry_of(root, root / "schedules", first, live).remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("relation", "on_purpose", "reason"),
    [
        (Relation.CONTAINS, False, "is new in git"),
        (Relation.UNNAMED, False, "is new in git"),
        (Relation.CONTAINS, True, "is in commit aaaaaaaaaaaa"),
        (
            Relation.OLDER,
            True,
            "is in commit aaaaaaaaaaaa, which is older than the live commit bbbbbbbbbbbb",
        ),
        (
            Relation.DIVERGED,
            False,
            "is in commit aaaaaaaaaaaa, which has diverged from the live commit bbbbbbbbbbbb",
        ),
    ],
)
def test_why_a_schedule_is_created_names_the_commit_unless_git_is_ahead(
    relation: Relation, on_purpose: bool, reason: str
) -> None:
    assert Ancestry(relation, "a" * 40, "b" * 40, on_purpose).of_creation == reason


PRODUCTION = ("--env", "production")


@pytest.fixture
def production(team: Team) -> Team:
    """`a` is live in production, and then `a` and `colleague`; the first commit is checked out."""
    team.git.write("reconciler.yaml", "environments: {production: {modal: main}}\n")
    team.git.git("remote", "add", "origin", "https://git.example/acme/jobs.git")
    variables = team.project.engine.record.variables
    first = team.commit("a")
    team.project.applied(*PRODUCTION, **variables)
    team.commit("a", "colleague")
    team.project.applied(*PRODUCTION, **variables)
    team.git.git("checkout", "-q", "--detach", first)
    return team


def test_an_old_checkout_is_planned_with_a_warning_and_not_applied(production: Team) -> None:
    variables = production.project.engine.record.variables
    live = production.git.git("rev-parse", "main")[:12]
    here = production.git.git("rev-parse", "HEAD")[:12]
    subject = production.git.git("log", "-1", "--format=%s", "main")
    plan = production.project.reconcile(*PRODUCTION, "--dry-run", "--format", "json", **variables)
    assert plan.code == 0, plan.err
    (warning,) = (w["message"] for w in plan.json["warnings"])
    assert warning == (
        f"this checkout (commit {here}) is older than what is live (commit {live}): it lacks 1 "
        f"commit that changes settings or manifests ({live} {subject}). Check out a branch that "
        "contains that commit. In CI, run the job of the newest commit."
    )
    deleted = next(c for c in plan.json["changes"] if c["name"] == "colleague")
    assert deleted["reason"] == (
        f"is not in commit {here}, which is older than the live commit {live}"
    )
    done = production.project.reconcile(*PRODUCTION, "--yes", **variables)
    assert done.code == 3, done.out + done.err
    assert done.err.endswith(
        f"reconcile: {warning.partition('. ')[0]}; nothing was applied\n"
        "  Check out a branch that contains that commit. In CI, run the job of the newest commit. "
        "To roll back on purpose, pass --at COMMIT; to apply this checkout all the same, "
        "--allow-older.\n"
    )
    saved = production.project.reconcile(*PRODUCTION, "--out", "../plan.json", **variables)
    assert saved.code == 0, saved.err
    assert saved.err.endswith(
        "Saved. To apply exactly this: reconcile --plan ../plan.json --allow-older --env "
        "production\n"
    )
    apply = (*PRODUCTION, "--plan", "../plan.json")
    assert production.project.reconcile(*apply, **variables).code == 3
    assert production.project.reconcile(*apply, "--allow-older", **variables).code == 0


def test_a_rollback_is_on_purpose_and_the_next_plan_says_that_it_undoes_it(
    production: Team,
) -> None:
    variables = production.project.engine.record.variables
    first = production.git.git("rev-parse", "HEAD")
    production.git.git("checkout", "-q", "main")
    main = production.git.git("rev-parse", "HEAD")
    back = production.project.applied(*PRODUCTION, "--at", first, "--format", "json", **variables)
    assert back.json["warnings"] == []
    status = production.project.reconcile(*PRODUCTION, "status", **variables).out
    assert (
        f"Rolled back on purpose from commit {main[:12]}, which is ahead of what is live: the next "
        "apply from there undoes the rollback." in status
    )
    plan = production.project.reconcile(*PRODUCTION, "--dry-run", "--format", "json", **variables)
    (warning,) = (w["message"] for w in plan.json["warnings"])
    assert warning == (
        f"what is live was rolled back on purpose, from commit {main[:12]} to commit {first[:12]}, "
        "and this checkout is ahead of it: this plan undoes the rollback"
    )
    again = production.project.reconcile(
        *PRODUCTION, "--at", first, "--dry-run", "--format", "json", **variables
    )
    assert again.json["warnings"] == []
    production.project.applied(*PRODUCTION, **variables)
    after = production.project.reconcile(*PRODUCTION, "status", "--format", "json", **variables)
    assert after.json["rolled_back_from"] is None


def test_on_the_embedded_engine_an_older_checkout_is_applied_with_the_warning(team: Team) -> None:
    first = team.commit("a")
    team.project.applied()
    team.commit("a", "b")
    team.project.applied()
    team.git.git("checkout", "-q", "--detach", first)
    assert "is older than what is live" in team.project.applied().out
