"""What Modal refuses is said as such by every command, with what was asked and what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.end_to_end.project import Project

COMMANDS = (
    "--dry-run",
    "--yes",
    "adopt --yes",
    "explain a 2026-11-20T06:00Z",
    "history",
    "import modal",
    "result fc-0123456789abcdefABCDEF",
    "runs",
    "status",
    "submit shop/sync",
    "tasks",
    "tasks cancel a",
    "trigger a",
    "unlock 1",
    "wake",
)


@pytest.fixture(scope="module")
def refused(make_module_project: Callable[..., Project]) -> Project:
    """A project of which everything is applied."""
    project = make_module_project()
    project.hourly("a")
    project.applied()
    return project


@pytest.mark.parametrize(
    ("status", "said", "remedy"),
    [
        ("PERMISSION_DENIED", "permission denied: ", "Give the token's user"),
        ("UNAUTHENTICATED", "authentication failed: ", "The engine makes a new token"),
        ("UNIMPLEMENTED", ": not implemented: ", "Running it again gives the same answer."),
        ("INVALID_ARGUMENT", ": invalid: ", "Running it again gives the same answer."),
        ("RESOURCE_EXHAUSTED", ": a limit is reached: ", "Wait a minute and run it again."),
    ],
)
def test_every_command_says_why_modal_refused(
    refused: Project, status: str, said: str, remedy: str
) -> None:
    refused.engine.fault("*", "fail", status=status, times=9999, scope="client")
    try:
        outcomes = {command: refused.reconcile(*command.split()) for command in COMMANDS}
    finally:
        refused.engine.clear_faults()
    for command, done in outcomes.items():
        first, second = done.err.splitlines()[:2]
        assert done.code == 1, command
        assert first.startswith("reconcile: "), command
        assert said in first, (command, first)
        assert second.startswith(f"  {remedy}"), (command, second)
        for wrong in ("did not answer", "defect", "Traceback", "Nothing is lost"):
            assert wrong not in done.err, (command, done.err)
