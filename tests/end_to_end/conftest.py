"""Projects with an engine of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.end_to_end.project import Project


@pytest.fixture(scope="module")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Project]]:
    """Makes projects; their engines end with the module."""
    made: list[Project] = []

    def make(*options: str) -> Project:
        made.append(Project.create(tmp_path_factory.mktemp("project"), *options))
        return made[-1]

    yield make
    for project in made:
        if project.engine.process.poll() is None:
            project.engine.stop()


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """A project that nobody else uses."""
    return make_project()
