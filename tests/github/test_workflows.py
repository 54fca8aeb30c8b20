"""The workflows, run block by block as GitHub would: on the engine, in a repository of branches."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from tests.github.ci import Ci
from tests.github.fake_github import PERSON
from tests.github.runner import ROOT, JobResult

SETTINGS = "environments: {production: {modal: main}, staging: {modal: main, app: other}}\n"
SEARCH_SETTINGS = SETTINGS.replace("main}", "main, app: search}").replace("other", "search-too")
TEN = [f"s{number}" for number in range(10)]
MARKER = "<!-- schedule-reconciler: production -->"


def test_a_pull_request_gets_one_comment_that_is_kept_up_to_date(ci: Ci) -> None:
    ci.github.comment(7, f"{MARKER}\nnot by an app", PERSON)
    ci.branch("a", "b", "c")
    job = ci.pull_request().run("plan.yml")["plan"]
    assert job.succeeded, job.output
    assert "1 to create" in job.summary
    assert job.ran() == ["Look at the place", "Install", "Validate and plan", "Comment"]
    ci.team.commit("a", "b", "c", "d")
    ci.pull_request().run("plan.yml")
    foreign, ours = ci.github.bodies(7)
    assert foreign.endswith("not by an app")
    assert ours.startswith(MARKER)
    assert "2 to create" in ours
    assert "➕&nbsp;create | `d` |" in ours
    assert (ci.temporary / "artifacts" / "schedules-plan-production" / "plan.json").exists()
    assert ci.live() == ["a", "b"]


def test_the_comment_names_the_workflow_and_who_has_to_approve(ci: Ci) -> None:
    workflows = ci.team.project.root / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "apply.yml").write_text((ROOT / ".github/workflows/apply.yml").read_text())
    ci.branch("a", "b", "c")

    def said() -> str:
        ci.pull_request().run("plan.yml")
        lines = ci.github.bodies(7)[0].splitlines()
        return next(line for line in lines if line.startswith("After the merge, apply.yml applies"))

    assert said().endswith(
        "; required reviewers of the GitHub environment production, if any, approve it first."
    )
    ci.github.environments["production"] = {"protection_rules": []}
    assert "plan without an approval" in said()
    reviewer = {"type": "User", "reviewer": {"login": "ada"}}
    rule = {"type": "required_reviewers", "reviewers": [reviewer]}
    ci.github.environments["production"] = {"protection_rules": [rule]}
    assert "once ada approves it" in said()


def test_a_pull_request_that_touches_no_schedule_succeeds_without_a_plan_or_comment(ci: Ci) -> None:
    ci.team.git.git("checkout", "-q", "-b", "feature")
    ci.team.git.write("notes.txt", "x")
    ci.team.git.commit()
    ci.team.project.engine.stop()
    job = ci.pull_request().run("plan.yml")["plan"]
    assert job.succeeded, job.output
    assert "This change touches none of: schedules reconciler.yaml" in job.summary
    assert ci.github.bodies(7) == []


def test_one_that_no_longer_touches_any_says_so_in_its_comment(ci: Ci) -> None:
    ci.branch("a", "b", "c")
    ci.pull_request().run("plan.yml")
    ci.branch("a", "b")
    assert ci.pull_request().run("plan.yml")["plan"].succeeded
    (comment,) = ci.github.bodies(7)
    assert comment.startswith(f"{MARKER}\n✅ `production`: this pull request touches no schedule")


def test_a_plan_that_was_cancelled_is_neither_the_old_one_nor_a_failure(ci: Ci) -> None:
    ci.branch("a", "b", "c")
    never = replace(ci.pull_request(), cancelled_in="Validate and plan")
    assert never.run("plan.yml")["plan"].ran()[-1] == "Comment"
    assert ci.github.bodies(7) == []
    ci.pull_request().run("plan.yml")
    ci.team.commit("a", "b", "c", "d")
    never.run("plan.yml")
    (comment,) = ci.github.bodies(7)
    assert comment.splitlines()[0] == MARKER
    assert comment.splitlines()[1].startswith("⏹️ `production`: the plan was cancelled. There is no")
    assert len(comment.splitlines()) == 2
    ci.pull_request().run("plan.yml")
    assert "2 to create" in ci.github.bodies(7)[0]


def test_a_job_that_installed_nothing_leaves_the_comment_with_its_commit(ci: Ci) -> None:
    ci.branch("a", "b", "c")
    ci.pull_request().run("plan.yml")
    ci.team.commit("a", "b")
    job = replace(ci.pull_request(), cancelled_in="Install").run("plan.yml")["plan"]
    assert job.ran() == ["Look at the place", "Install"]
    assert "1 to create" in ci.github.bodies(7)[0]


def test_a_merge_queue_gets_its_plan_and_no_comment(ci: Ci) -> None:
    base = ci.team.git.git("rev-parse", "HEAD")
    ci.branch("a", "b", "c")
    jobs = ci.runner("merge_group", merge_group={"base_sha": base}).run("plan.yml")
    assert jobs["plan"].succeeded, jobs["plan"].output
    assert "1 to create" in jobs["plan"].summary
    assert ci.github.asked == []


def test_a_fork_is_compared_with_what_its_test_merge_changes(ci: Ci) -> None:
    """``base.sha`` is main as it was when the pull request was opened; main went on since."""
    opened = ci.team.git.git("rev-parse", "HEAD")
    ci.team.git.git("checkout", "-q", "-b", "feature")
    ci.team.git.write("schedules/mine.yaml", "name: mine\nschedule: 1h\nfunction: shop/sync\n")
    head = ci.team.git.commit()
    ci.team.git.git("checkout", "-q", "main")
    ci.team.commit("a", "b", "theirs")
    ci.team.git.git("checkout", "-q", "--detach", "main")
    ci.team.git.git("merge", "-q", "--no-ff", "-m", "test merge", "feature")
    change = {"number": 7, "base": {"sha": opened}, "head": {"repo": None, "sha": head}}
    runner = replace(ci.runner("pull_request", pull_request=change), secrets={})
    job = runner.run("plan.yml")["plan"]
    assert job.succeeded, job.output
    assert "1 to create" in job.summary
    assert "`mine`" in job.summary
    assert "create | `theirs`" not in job.summary.replace("&nbsp;", " ")
    assert f"Commit [`{head[:12]}`](https://git.example/acme/jobs/commit/{head})" in job.summary


def test_a_plan_without_a_token_is_compared_with_the_merge_offline(ci: Ci) -> None:
    """Dependabot's pull requests get no secrets, and a comment all the same."""
    before = ci.team.git.git("rev-parse", "HEAD")
    ci.branch("a", "b", "c")
    assert replace(ci.pull_request(), secrets={}).run("plan.yml")["plan"].succeeded
    assert "Planned offline" in ci.github.bodies(7)[0]
    ci.merge()
    summary = ci.runner("push", before=before).run("apply.yml")["plan"].summary
    assert "✅ The comment on #7 shows the same change of the schedules, planned without" in summary
    assert "This is not the plan" not in summary
    ci.branch("a", "b")
    replace(ci.pull_request(), secrets={}).run("plan.yml")
    ci.team.commit("a", "b", "c", "d")
    ci.merge()
    summary = ci.runner("push", before=before).run("apply.yml")["plan"].summary
    assert "⚠️ This is not the plan that was reviewed" in summary


def matrix() -> str:
    """The job that plans two environments of two folders, as the page on CI shows it."""
    blocks = (ROOT / "docs" / "ci.md").read_text().split("```yaml\n")[1:]
    (found,) = (block.partition("```")[0] for block in blocks if "matrix:" in block)
    return found


def apply_place(environment: str, folder: str) -> str:
    """``apply.yml`` as it is called for a place."""
    text = (ROOT / ".github" / "workflows" / "apply.yml").read_text()
    named = "          environment: production\n"
    assert text.count(named) == 2
    return text.replace(
        named, f"          environment: {environment}\n          folder: {folder}\n"
    )


def test_each_environment_and_folder_has_its_own_plan_comment_and_apply(ci: Ci) -> None:
    git = ci.team.git
    git.write("reconciler.yaml", SETTINGS)
    git.write("teams/search/reconciler.yaml", SEARCH_SETTINGS)
    git.write("teams/search/schedules/t.yaml", "name: t\nschedule: 1h\nfunction: shop/sync\n")
    ci.branch("a")
    other_bot = {"login": "renovate[bot]", "type": "Bot"}
    for number in range(150):
        ci.github.comment(7, f"comment {number}", PERSON)
    ci.github.comment(7, f"{MARKER}\nof a deleted account", None)
    ci.github.comment(7, "<!-- rebase -->\nof another bot", other_bot)
    faults: list[list[int | None]] = [[429], [None], [403, 502]]
    ci.github.faults = [502]

    def fail_otherwise(_: str, leg: JobResult) -> None:
        assert leg.succeeded, leg.output
        ci.github.faults = faults.pop() if faults else []

    planned = ci.pull_request().run_text(matrix(), fail_otherwise)
    assert {name: len(legs) for name, legs in planned.items()} == {"plan": 4}
    assert {path.name for path in (ci.temporary / "artifacts").iterdir()} == {
        *("schedules-plan-staging", "schedules-plan-production"),
        *("schedules-plan-staging+teams+search", "schedules-plan-production+teams+search"),
    }
    markers = [body.partition("\n")[0] for body in ci.github.bodies(7)[150:]]
    assert markers[:2] == [MARKER, "<!-- rebase -->"], "of a deleted account: it stays as it is"
    assert sorted(markers[2:]) == [
        MARKER,
        "<!-- schedule-reconciler: production in teams/search -->",
        "<!-- schedule-reconciler: staging -->",
        "<!-- schedule-reconciler: staging in teams/search -->",
    ]
    ci.merge()
    for environment, folder, names in (
        ("staging", ".", ["a"]),
        ("staging", "teams/search", ["t"]),
        ("production", "teams/search", ["t"]),
        ("production", ".", ["a"]),
    ):
        jobs = ci.runner("push").run_text(apply_place(environment, folder))
        assert jobs["apply"][0].succeeded, jobs["apply"][0].output
        assert "✅ **Applied**" in jobs["apply"][0].summary
        assert ci.live(environment, folder) == names


def test_a_fork_gets_no_secrets_and_is_planned_offline(ci: Ci) -> None:
    ci.branch("a", "b", "c")
    ci.team.project.engine.stop()
    runner = replace(ci.pull_request(head="mallory/jobs"), secrets={})
    job = runner.run("plan.yml")["plan"]
    assert job.succeeded, job.output
    assert "Planned offline against commit" in job.summary
    assert "1 to create" in job.summary
    assert ci.github.bodies(7) == []


def test_a_broken_manifest_fails_the_job_with_annotations_and_a_comment(ci: Ci) -> None:
    ci.team.git.git("checkout", "-q", "-b", "feature")
    ci.team.git.write("schedules/x.yaml", "name: x\nschedule: nonsense\nfunction: shop/sync\n")
    ci.team.git.commit()
    job = ci.pull_request().run("plan.yml")["plan"]
    assert not job.succeeded
    assert "::error file=schedules/x.yaml,line=2,col=11,title=schedules::" in job.output
    (comment,) = ci.github.bodies(7)
    assert comment.splitlines()[1] == "### 🛑 `production`: failed"
    assert "✅" not in comment + job.summary


def test_a_refused_plan_fails_the_job_and_says_the_way_past(ci: Ci) -> None:
    ci.branch(*TEN)
    ci.merge()
    ci.runner("push").run("apply.yml")
    ci.branch("s0")
    job = ci.pull_request().run("plan.yml")["plan"]
    assert not job.succeeded
    (comment,) = ci.github.bodies(7)
    assert comment.splitlines()[1] == "### ⛔ `production`: refused by a safety rule"
    ci.merge()
    refused = ci.runner("push").run("apply.yml")
    assert refused.keys() == {"plan"}
    assert len(ci.live()) == 10
    allowed = replace(ci.runner("workflow_dispatch"), inputs={"allow-deletes": "9"})
    assert allowed.run("apply.yml")["apply"].succeeded
    assert ci.live() == ["s0"]


def test_what_was_merged_is_planned_again_and_applied(ci: Ci) -> None:
    ci.branch("a", "c")
    ci.merge()
    jobs = ci.runner("push").run("apply.yml")
    assert jobs["apply"].succeeded, jobs["apply"].output
    assert "✅ **Applied**" in jobs["apply"].summary
    assert ci.live() == ["a", "c"]
    again = ci.runner("push").run("apply.yml")
    assert again.keys() == {"plan"}
    assert "nothing to do" in again["plan"].summary


def test_the_merged_plan_is_compared_with_the_one_that_the_comment_shows(ci: Ci) -> None:
    def merged() -> str:
        ci.merge()
        return ci.runner("push").run("apply.yml")["plan"].summary

    ci.branch("a", "b", "c")
    ci.pull_request().run("plan.yml")
    assert "✅ This is the plan that the comment on #7 shows." in merged()
    ci.branch("a", "b")
    ci.pull_request().run("plan.yml")
    ci.team.project.in_modal(
        "import modal\nanswer = modal.App.lookup('schedule-reconciler').stop()"
    )
    summary = merged()
    assert "⚠️ This is not the plan that was reviewed: it is `" in summary
    assert ", and the comment on #7 shows `" in summary
    assert "✅" not in summary


def test_a_plan_that_no_pull_request_showed_says_so(ci: Ci) -> None:
    ci.team.commit("a", "b", "x")
    summary = ci.runner("push").run("apply.yml")["plan"].summary
    assert "⚠️ No comment on a merged pull request shows this plan" in summary


def test_without_permission_to_compare_the_plan_is_still_made_and_the_doubt_shown(ci: Ci) -> None:
    ci.team.commit("a", "b", "x")
    ci.github.forbidden = True
    jobs = ci.runner("push").run("apply.yml")
    assert "is not known: acme/jobs: GitHub refused GET" in jobs["plan"].summary
    assert "`pull-requests: read`" in jobs["plan"].summary.replace("\\", "")
    assert jobs["apply"].succeeded


def test_a_plan_that_was_overtaken_while_it_waited_for_approval_is_refused(ci: Ci) -> None:
    ci.branch("a", "b", "c")
    ci.merge()

    def somebody_applies(job: str) -> None:
        if job == "plan":
            ci.team.git.git("checkout", "-q", "HEAD~1")
            ci.team.git.hourly("a", "b", "x")
            assert ci.by_hand("--yes").code == 0
            ci.team.git.git("checkout", "-q", "-f", "main")

    jobs = ci.runner("push").run("apply.yml", somebody_applies)
    assert not jobs["apply"].succeeded
    assert "it is stale: what is live changed" in jobs["apply"].output
    assert "### 🛑 `production`: failed" in jobs["apply"].summary
    assert "**Applied**" not in jobs["apply"].summary
    assert ci.live() == ["a", "b", "x"]


def test_an_old_job_that_is_run_again_is_refused_unless_a_person_allows_it(ci: Ci) -> None:
    old = ci.team.git.git("rev-parse", "HEAD")
    ci.branch("a", "b", "c")
    ci.merge()
    ci.runner("push").run("apply.yml")
    ci.team.git.git("checkout", "-q", "--detach", old)
    jobs = ci.runner("push").run("apply.yml")
    assert jobs["plan"].succeeded, jobs["plan"].output
    assert "is older than what is live" in jobs["plan"].summary
    assert not jobs["apply"].succeeded
    assert "nothing was applied" in jobs["apply"].output
    assert ci.live() == ["a", "b", "c"]
    allowed = replace(ci.runner("workflow_dispatch"), inputs={"allow-older": "true"})
    assert allowed.run("apply.yml")["apply"].succeeded
    assert ci.live() == ["a", "b"]


def test_an_earlier_commit_is_rolled_back_to_by_hand(ci: Ci) -> None:
    first = ci.team.git.git("rev-parse", "HEAD")
    ci.branch("a", "z")
    ci.merge()
    ci.runner("push").run("apply.yml")
    rollback = replace(ci.runner("workflow_dispatch"), inputs={"commit": first})
    jobs = rollback.run("apply.yml")
    assert jobs["apply"].succeeded, jobs["apply"].output
    assert ci.live() == ["a", "b"]


def test_drift_opens_one_issue_keeps_it_and_closes_it_when_resolved(ci: Ci) -> None:
    def look() -> str:
        job = ci.runner("schedule").run("drift.yml")["drift"]
        assert job.succeeded, job.output
        return job.output

    assert "No drift, and no issue about any." in look()
    ci.team.project.in_modal(
        "import modal\nanswer = modal.App.lookup('schedule-reconciler').stop()"
    )
    assert "An issue was opened." in look()
    assert "Issue 1 is up to date." in look()
    (issue,) = ci.github.issues.values()
    assert issue["title"] == "Schedules: production is not what git says"
    assert "is not deployed: it was stopped by engine at 20" in issue["body"]
    assert "https://git.example/acme/jobs/actions/runs/77" in issue["body"]
    repaired = ci.runner("push").run("apply.yml")
    assert repaired["apply"].succeeded, repaired["apply"].output
    assert "Issue 1 is closed" in look()
    assert issue["state"] == "closed"


def test_drift_that_a_safety_rule_keeps_from_repair_opens_the_issue_too(ci: Ci) -> None:
    ci.branch(*TEN)
    ci.merge()
    ci.runner("push").run("apply.yml")
    ci.team.commit("s0")
    job = ci.runner("schedule").run("drift.yml")["drift"]
    assert job.succeeded, job.output
    (issue,) = ci.github.issues.values()
    assert "### ⛔ `production`: refused by a safety rule" in issue["body"]


def test_a_run_that_cannot_look_leaves_the_issue_alone(ci: Ci) -> None:
    ci.team.project.engine.stop()
    job = ci.runner("schedule").run("drift.yml")["drift"]
    assert not job.succeeded
    assert ci.github.issues == {}


def test_without_permission_to_comment_the_job_says_which_it_needs(ci: Ci) -> None:
    ci.branch("a", "b", "c")
    ci.github.forbidden = True
    job = ci.pull_request().run("plan.yml")["plan"]
    assert not job.succeeded
    assert "A comment needs `pull-requests: write`" in job.output


@pytest.mark.parametrize("name", ["plan.yml", "apply.yml", "drift.yml", "ci.yml"])
def test_permissions_are_none_but_for_what_a_job_says_it_needs(name: str) -> None:
    document = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())
    assert document["permissions"] == {}
    writes = {
        permission
        for job in document["jobs"].values()
        for permission, level in job["permissions"].items()
        if level == "write"
    }
    assert writes == {"plan.yml": {"pull-requests"}, "drift.yml": {"issues"}}.get(name, set())
