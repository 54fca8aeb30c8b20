"""How often a question calls Modal, which is what a person waits for."""

from __future__ import annotations

from collections.abc import Callable

from tests.end_to_end.project import Project

STATUS = 26
"""Calls of a status, whatever there is to read."""


def calls(project: Project, *arguments: str) -> dict[str, int]:
    project.engine.forget_calls()
    done = project.reconcile(*arguments)
    assert done.code == 0, done.out + done.err
    return dict(project.engine.calls())


def test_the_calls_of_a_status_do_not_depend_on_the_number_of_schedules(
    make_project: Callable[..., Project],
) -> None:
    project = make_project()
    found = []
    for count in (1, 40):
        project.hourly(*(f"s{number:02}" for number in range(count)))
        project.applied()
        found.append(calls(project, "status"))
    one, many = found
    assert one == many
    assert sum(one.values()) <= STATUS, one
