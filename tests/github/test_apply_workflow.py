"""What the comment says of the workflow that applies its plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.github.api import Repository
from reconciler.github.apply_workflow import how_applied, required_reviewers
from tests.github.fake_github import serving

JOB = """
jobs:
  apply:
    environment: {approved}
    steps:
      - uses: acme/schedule-reconciler@main
        with: {{command: apply, environment: {environment}, folder: {folder}}}
"""


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository with a workflow for each of two folders, and one of something else."""
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    for name, folder in (("apply-search.yml", "./teams/search/"), ("apply.yml", ".")):
        text = JOB.format(approved="live", environment="production", folder=folder)
        (workflows / name).write_text(text)
    (workflows / "a-broken.yml").write_text("jobs: [")
    return tmp_path


@pytest.mark.parametrize(
    ("folder", "name"), [(".", "apply.yml"), ("teams/search", "apply-search.yml")]
)
def test_each_folder_names_the_workflow_that_applies_it(top: Path, folder: str, name: str) -> None:
    assert how_applied(top, "production", folder, lambda _: ("ada",)) == (
        f"After the merge, {name} applies this plan, "
        "once ada approves it (GitHub environment live)."
    )


@pytest.mark.parametrize(
    ("reviewers", "said"),
    [
        ((), " without an approval: the GitHub environment live has no required reviewers."),
        (None, "; required reviewers of the GitHub environment live, if any, approve it first."),
        (
            ("ada", "bob", "the team ops"),
            ", once ada, bob or the team ops approves it (GitHub environment live).",
        ),
    ],
)
def test_it_says_who_has_to_approve_and_nothing_that_is_not_known(
    top: Path, reviewers: tuple[str, ...] | None, said: str
) -> None:
    assert how_applied(top, "production", ".", lambda _: reviewers) == (
        f"After the merge, apply.yml applies this plan{said}"
    )


RULE = {"type": "required_reviewers", "prevent_self_review": False}
ADA = {"type": "User", "reviewer": {"login": "ada", "name": None}}
OPS = {"type": "Team", "reviewer": {"name": "Operations", "slug": "ops"}}


@pytest.mark.parametrize(
    ("answer", "reviewers"),
    [
        ({"protection_rules": []}, ()),
        ({"protection_rules": [{"type": "wait_timer", "wait_timer": 30}, None]}, ()),
        ({"protection_rules": [{**RULE, "reviewers": [ADA, OPS]}]}, ("ada", "the team ops")),
        ({"protection_rules": [{**RULE, "reviewers": [ADA, {"reviewer": None}]}]}, None),
        ({"protection_rules": [{**RULE, "reviewers": None}]}, None),
        ({"protection_rules": [{**RULE, "reviewers": [{"reviewer": {}}]}]}, None),
        ({"protection_rules": None}, None),
        ({}, None),
    ],
)
def test_the_reviewers_are_those_that_github_names(
    answer: dict[str, object], reviewers: tuple[str, ...] | None
) -> None:
    with serving() as fake:
        fake.environments["to live"] = answer
        github = Repository(fake.url, "acme/jobs", "job-token")
        assert required_reviewers(github, "to live") == reviewers


def test_where_no_workflow_applies_it_nothing_is_said(top: Path) -> None:
    assert how_applied(top, "staging", ".", lambda _: ()) is None
    assert how_applied(top, "production", "teams/ads", lambda _: ()) is None


def test_a_matrix_may_name_any_environment_and_folder(tmp_path: Path) -> None:
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    given = {"environment": '"${{ matrix.environment }}"', "folder": '"${{ matrix.folder }}"'}
    (workflows / "matrix.yml").write_text(
        JOB.format(approved='"${{ matrix.environment }}"', **given)
    )
    assert how_applied(tmp_path, "staging", "teams/ads", lambda _: ()) == (
        "After the merge, matrix.yml applies this plan."
    )
