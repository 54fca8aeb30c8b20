"""What the comment says of the workflow that applies its plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.github.apply_workflow import how_applied

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
    assert how_applied(top, "production", folder) == (
        f"After the merge, {name} applies this plan, once the required reviewers of the GitHub "
        "environment live approve it."
    )


def test_where_no_workflow_applies_it_nothing_is_said(top: Path) -> None:
    assert how_applied(top, "staging", ".") is None
    assert how_applied(top, "production", "teams/ads") is None


def test_a_matrix_may_name_any_environment_and_folder(tmp_path: Path) -> None:
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    given = {"environment": '"${{ matrix.environment }}"', "folder": '"${{ matrix.folder }}"'}
    (workflows / "matrix.yml").write_text(
        JOB.format(approved='"${{ matrix.environment }}"', **given)
    )
    assert how_applied(tmp_path, "staging", "teams/ads") == (
        "After the merge, matrix.yml applies this plan."
    )
