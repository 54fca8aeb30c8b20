"""GitLab CI, Buildkite and GitHub Enterprise: plan, comment text and exit codes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.github.ci import Ci
from tests.github.team import Team

GITLAB = {
    "CI": "true",
    "CI_PROJECT_URL": "https://gitlab.example/acme/jobs",
    "CI_JOB_URL": "https://gitlab.example/acme/jobs/-/jobs/5",
    "GITLAB_USER_LOGIN": "ada",
}
BUILDKITE = {
    "CI": "true",
    "BUILDKITE_BUILD_URL": "https://buildkite.example/acme/jobs/builds/5",
    "BUILDKITE_BUILD_CREATOR": "Ada",
}


@pytest.mark.parametrize(
    ("variables", "commit", "holder"),
    [
        (
            GITLAB,
            f"[`{{short}}`]({GITLAB['CI_PROJECT_URL']}/-/commit/{{full}})",
            "ada (GitLab CI)",
        ),
        (BUILDKITE, "`{short}`", "Ada (Buildkite)"),
    ],
    ids=["gitlab", "buildkite"],
)
def test_plan_and_apply_work_without_github(
    team: Team, variables: dict[str, str], commit: str, holder: str
) -> None:
    team.git.write("reconciler.yaml", "environments: {production: {modal: main}}\n")
    team.git.git("remote", "add", "origin", "https://git.example/acme/jobs.git")
    full = team.commit("a")
    given = {**team.project.engine.record.variables, **variables}

    def reconcile(*arguments: str) -> tuple[int, str]:
        done = team.project.reconcile("--env", "production", *arguments, **given)
        assert "::" not in done.err
        return done.code, done.out

    code, shown = reconcile("--dry-run", "--detailed-exitcode", "--format", "markdown")
    assert code == 2
    assert "Commit " + commit.format(short=full[:12], full=full) in shown
    assert reconcile("--yes")[0] == 0
    assert holder in reconcile("history")[1]
    code, shown = reconcile("--dry-run", "--detailed-exitcode", "--format", "markdown")
    assert code == 0
    assert "nothing to do" in shown


def test_on_github_enterprise_every_address_is_its_own(ci: Ci) -> None:
    ci.branch("a", "b", "c")
    runner = ci.pull_request()
    runner = replace(runner, github={**runner.github, "server_url": "https://ghe.example"})
    job = runner.run("plan.yml")["plan"]
    assert job.succeeded, job.output
    assert "https://ghe.example/acme/jobs/commit/" in job.summary
    assert "github.com" not in job.summary
