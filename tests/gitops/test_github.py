"""The comment and the issue, beyond what the workflows show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.errors import ReconcileError
from reconciler.gitops.comment import put_comment
from reconciler.gitops.drift_issue import keep_issue
from reconciler.gitops.github import Repository
from tests.gitops.fake_github import BOT, PERSON, serving

MARKER = "<!-- schedule-reconciler: production -->"


def reconcile(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reconciler.cli", "github", *arguments],
        env={"PATH": "", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_comment_is_found_among_many() -> None:
    with serving() as fake:
        for number in range(150):
            fake.comment(7, f"comment {number}", PERSON)
        fake.comment(7, f"{MARKER}\nold", BOT)
        repository = Repository(fake.url, "acme/jobs", "job-token")
        put_comment(repository, 7, f"{MARKER}\nnew")
        assert len(fake.bodies(7)) == 151
        assert fake.bodies(7)[-1] == f"{MARKER}\nnew"


def test_an_issue_that_a_person_opened_is_left_alone() -> None:
    with serving() as fake:
        fake.issues[1] = {
            "number": 1,
            "state": "open",
            "user": PERSON,
            "body": f"{MARKER}\nmine",
            "labels": ["schedule-drift"],
        }
        repository = Repository(fake.url, "acme/jobs", "job-token")
        keep_issue(repository, "production", f"{MARKER}\ndrift", drifted=True, run="")
        assert fake.issues[1]["body"] == f"{MARKER}\nmine"
        assert fake.issues[2]["labels"] == ["schedule-drift"]


def test_a_repository_that_does_not_answer_is_an_error_that_says_so() -> None:
    with serving() as fake:
        repository = Repository(fake.url, "acme/jobs", "job-token")
    with pytest.raises(ReconcileError, match="GitHub did not answer GET issues"):
        list(repository.each("issues"))


def test_outside_a_job_the_commands_say_what_they_need(tmp_path: Path) -> None:
    done = reconcile("comment", "--env", "production", "--file", str(tmp_path / "x"))
    assert done.returncode == 1
    assert "GITHUB_REPOSITORY and GITHUB_TOKEN are not both set" in done.stderr
    given = {"GITHUB_REPOSITORY": "acme/jobs", "GITHUB_TOKEN": "job-token"}
    done = reconcile("comment", "--env", "production", "--file", str(tmp_path / "x"), **given)
    assert "this job does not run for a pull request" in done.stderr


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_where_nothing_was_printed_the_comment_says_that_it_failed(
    tmp_path: Path, content: str | None
) -> None:
    printed, event = tmp_path / "plan.md", tmp_path / "event.json"
    event.write_text('{"pull_request": {"number": 7}}')
    if content is not None:
        printed.write_text(content)
    with serving() as fake:
        done = reconcile(
            *("comment", "--env", "production", "--file", str(printed)),
            GITHUB_API_URL=fake.url,
            GITHUB_REPOSITORY="acme/jobs",
            GITHUB_TOKEN="job-token",
            GITHUB_EVENT_PATH=str(event),
        )
        assert done.returncode == 0, done.stderr
        (comment,) = fake.bodies(7)
    assert comment.splitlines()[:2] == [MARKER, "### 🛑 `production`: failed"]
