"""The command line as continuous integration calls it, on the engine and in a real repository."""

from __future__ import annotations

from tests.end_to_end.project import Done
from tests.github.team import Team

TEN = [f"s{number}" for number in range(10)]


def saved(team: Team, *arguments: str) -> Done:
    done = team.project.reconcile("--out", "../plan.json", *arguments)
    assert done.code == 0, done.out + done.err
    return done


def apply_saved(team: Team, *arguments: str) -> Done:
    return team.project.reconcile("--plan", "../plan.json", *arguments)


def refused(done: Done, message: str, way_past: str) -> None:
    assert done.code == 3, done.out + done.err
    assert message in done.err
    assert way_past in done.err
    assert "Traceback" not in done.err


def test_a_saved_plan_is_applied_as_it_was_shown(team: Team) -> None:
    team.commit("a", "b")
    assert "2 to create" in saved(team).out
    done = apply_saved(team)
    assert done.code == 0, done.err
    assert "is live" in done.err
    assert "Nothing to do" in team.project.reconcile("--dry-run").out


def test_a_saved_plan_is_stale_once_something_else_was_applied(team: Team) -> None:
    team.commit("a")
    saved(team)
    team.project.applied()
    refused(apply_saved(team), "it is stale: what is live changed", "Plan again with --out")


def test_a_saved_plan_belongs_to_its_commit(team: Team) -> None:
    first = team.commit("a")
    saved(team)
    team.commit("a", "b")
    refused(apply_saved(team), f"it was made at commit {first}", f"Check out {first}")
    team.git.git("checkout", "-q", first)
    assert apply_saved(team).code == 0


def test_an_edited_plan_is_refused(team: Team) -> None:
    team.commit("a")
    saved(team)
    path = team.project.root.parent / "plan.json"
    path.write_text(path.read_text().replace("hourly.yaml", "weekly.yaml"))
    refused(apply_saved(team), "was changed after it was saved", "Plan again with --out")


def test_a_dirty_tree_cannot_be_saved(team: Team) -> None:
    team.commit("a")
    team.git.hourly("a", "b")
    done = team.project.reconcile("--out", "../plan.json")
    refused(done, "a plan of uncommitted changes cannot be saved", "Commit the changes")


def test_deletions_are_allowed_by_each_command_line_and_by_no_saved_plan(team: Team) -> None:
    team.commit(*TEN)
    team.project.applied()
    team.commit(*TEN[:1])
    refused(
        team.project.reconcile("--yes"),
        "9 of 10 schedules would be deleted, more than 3",
        "--allow-deletes 9",
    )
    told = saved(team, "--allow-deletes", "9")
    assert "To apply exactly this: reconcile --plan ../plan.json --allow-deletes 9" in told.err
    refused(apply_saved(team), "9 of 10 schedules would be deleted", "--allow-deletes 9")
    refused(apply_saved(team, "--allow-deletes", "8"), "would be deleted", "--allow-deletes 9")
    assert apply_saved(team, "--allow-deletes", "9").code == 0


def test_what_a_sparse_checkout_leaves_out_is_not_deleted(team: Team) -> None:
    team.git.write("schedules/one/a.yaml", "name: a\nschedule: 1d\nfunction: shop/sync\n")
    team.git.write("schedules/two/b.yaml", "name: b\nschedule: 1d\nfunction: shop/sync\n")
    team.git.commit()
    team.project.applied()
    team.git.git("sparse-checkout", "set", "schedules/one")
    for arguments in (["--dry-run"], ["--out", "../plan.json"], ["--yes"]):
        refused(
            team.project.reconcile(*arguments),
            "schedules/two/b.yaml: is in commit",
            "git sparse-checkout add schedules",
        )
    status = team.project.reconcile("status", "--format", "json").json
    assert [schedule["name"] for schedule in status["schedules"]] == ["a", "b"]
    team.git.git("sparse-checkout", "add", "schedules")
    assert "Nothing to do" in team.project.reconcile("--dry-run").out


def test_a_commit_is_planned_whatever_the_checkout_hides(team: Team) -> None:
    first = team.commit("a", "b")
    team.git.git("update-index", "--assume-unchanged", "schedules/hourly.yaml")
    team.git.hourly("evil")
    refused(team.project.reconcile("--yes"), "assume-unchanged is set", "--no-assume-unchanged")
    done = team.project.reconcile("--at", first, "--yes", "--format", "json")
    assert done.code == 0, done.err
    assert [change["name"] for change in done.json["changes"] if change["kind"] == "schedule"] == [
        "a",
        "b",
    ]


def test_an_earlier_commit_is_planned_and_applied_without_a_checkout(team: Team) -> None:
    first = team.commit("a", "b")
    team.project.applied()
    team.commit("a", "c")
    team.project.applied()
    done = team.project.reconcile("--at", first, "--yes", "--format", "json")
    assert done.code == 0, done.err
    changes = [(c["action"], c["name"]) for c in done.json["changes"] if c["kind"] == "schedule"]
    assert changes == [("create", "b"), ("delete", "c")]
    assert done.json["desired"]["commit"] == first
    assert team.project.reconcile("status", "--format", "json").json["commit"] == first


def test_a_branch_is_planned_offline_against_where_it_left_main(team: Team) -> None:
    base = team.commit("a", "b")
    team.git.git("checkout", "-q", "-b", "feature")
    team.commit("a", "b", "c")
    team.project.engine.stop()
    done = team.project.reconcile("--against", "main", "--format", "json", "--detailed-exitcode")
    assert done.code == 2, done.err
    assert done.json["live"]["commit"] == base
    changes = [(c["action"], c["name"]) for c in done.json["changes"]]
    assert changes[0] == ("create", "c")
    text = team.project.reconcile("--against", "main", "--format", "markdown").out
    assert "Planned offline against commit" in text


def test_two_commits_are_compared_while_a_third_is_checked_out(team: Team) -> None:
    first = team.commit("a")
    second = team.commit("a", "b")
    team.commit("x")
    done = team.project.reconcile("--at", second, "--against", first, "--format", "json")
    assert done.code == 0, done.err
    changes = [(c["action"], c["name"]) for c in done.json["changes"] if c["kind"] == "schedule"]
    assert changes == [("create", "b")]
    assert (done.json["desired"]["commit"], done.json["live"]["commit"]) == (second, first)


def test_what_is_planned_offline_cannot_be_applied(team: Team) -> None:
    team.commit("a")
    done = team.project.reconcile("--against", "main", "--yes")
    assert done.code == 1
    assert "--against plans offline, and what it plans cannot be applied" in done.err


def test_a_shallow_clone_is_refused_with_the_way_to_deepen_it(team: Team) -> None:
    team.commit("a")
    team.git.git("branch", "old")
    team.commit("a", "b")
    clone = team.project.root.parent / "clone"
    team.git.git("clone", "-q", "--depth", "1", f"file://{team.project.root}", str(clone))
    there = Team(type(team.project)(clone, team.project.engine), team.git)
    refused(
        there.project.reconcile("--against", "HEAD~1"),
        "which is shallow",
        "git fetch --unshallow",
    )


def test_a_missing_or_empty_folder_deletes_nothing_until_it_is_allowed_by_number(
    team: Team,
) -> None:
    team.commit("a", "b")
    team.project.applied()
    team.git.git("rm", "-q", "schedules/hourly.yaml")
    refused(
        team.project.reconcile("--yes"),
        "neither settings nor a folder of manifests here; no schedule is deleted because of this",
        "--allow-deletes N",
    )
    team.git.write("schedules/.gitkeep", "")
    refused(
        team.project.reconcile("--yes"),
        "schedules: this folder contains no manifest; no schedule is deleted because of this",
        "--allow-deletes N",
    )
    refused(
        team.project.reconcile("--yes", "--allow-deletes", "1"),
        "no schedule is left in git: 2 would be deleted, and --allow-deletes allows 1",
        "--allow-deletes 2",
    )
    done = team.project.applied("--allow-deletes", "2")
    assert "2 to delete" in done.out


def test_a_commit_without_manifests_deletes_nothing_either(team: Team) -> None:
    team.git.write("README.md", "x")
    empty = team.git.commit()
    team.commit("a")
    team.project.applied()
    refused(
        team.project.reconcile("--at", empty, "--yes"),
        f"this folder contains no manifest at commit {empty[:12]}",
        "--allow-deletes N",
    )


def test_a_generation_of_a_newer_version_is_refused(team: Team) -> None:
    team.commit("a")
    team.project.applied()
    team.project.in_modal(
        """
        import io, modal
        volume = modal.Volume.from_name("schedule-reconciler")
        content = b"".join(volume.read_file("current.json")).replace(b'"format":1', b'"format":2')
        with volume.batch_upload(force=True) as batch:
            batch.put_file(io.BytesIO(content), "current.json")
        answer = None
        """
    )
    refused(
        team.project.reconcile("--yes"),
        "current.json: written in format 2",
        "Upgrade schedule-reconciler",
    )


def test_a_failure_is_shown_in_the_comment_and_at_the_manifest(team: Team) -> None:
    team.git.write("schedules/a.yaml", "name: a\nschedule: nonsense\nfunction: shop/sync\n")
    done = team.project.reconcile(
        "--dry-run", "--format", "markdown", "--env", "local", GITHUB_ACTIONS="true"
    )
    assert done.code == 1
    assert done.out.splitlines()[1] == "### 🛑 `local`: failed"
    assert "::error file=schedules/a.yaml,line=2,col=11,title=schedules::" in done.err


def test_an_apply_is_shown_in_the_comment(team: Team) -> None:
    team.commit("a")
    done = team.project.applied("--format", "markdown")
    assert "✅ **Applied**: generation `" in done.out


def test_a_refused_apply_and_what_ci_saw_of_git_are_recorded(team: Team) -> None:
    team.commit("a")
    team.project.applied()
    team.commit("a", "b")
    done = team.project.reconcile("--dry-run", GITHUB_ACTOR="ana")
    assert done.code == 0, done.err
    broken = (team.git.root / "schedules/hourly.yaml").read_text().replace("shop/sync", "shop/snyc")
    team.git.write("schedules/hourly.yaml", broken)
    team.git.commit()
    assert team.project.reconcile("--yes").code == 1
    git, refused = team.project.in_modal(
        """
        import modal
        entries = modal.Dict.from_name("schedule-reconciler")
        answer = entries["git-record"], entries["refused-applies"]["refused"]
        """
    )
    assert (git["by"], git["changes"] > 0) == ("ana (GitHub Actions)", True)
    assert len(refused) == 1
    assert "shop/snyc" in refused[0]["reason"]


def test_a_rule_that_denies_refuses_an_apply_and_an_exception_lets_it_pass(team: Team) -> None:
    team.commit("a")
    team.git.write(
        "rules/owner.yaml",
        """\
        id: owner
        level: deny
        message: each schedule has an owner
        require: [owner]
        tests: {good: [{owner: data}], bad: [{}]}
        """,
    )
    team.git.commit()
    done = team.project.reconcile("--yes")
    refused(done, "1 finding of rules that deny: owner", "write an exception into them")
    assert "schedules/hourly.yaml:1:1: deny owner: a: " in done.out

    with (team.git.root / "schedules/hourly.yaml").open("a") as file:
        file.write("allow: {owner: {reason: leaves soon, until: 9000-12-31}}\n")
    team.git.commit()
    done = team.project.reconcile("--yes")
    assert done.code == 0, done.err
    assert "owner: a until 9000-12-31: leaves soon" in done.out
