"""Projects, each with an engine that is empty but for the shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.project import FIRING, SHOP, Project
from tests.engine_fixture import EmptyEngines


@pytest.fixture
def make_project(
    tmp_path_factory: pytest.TempPathFactory, empty_engines: EmptyEngines
) -> Iterator[Callable[..., Project]]:
    """Makes projects for a test."""
    with making(tmp_path_factory, empty_engines) as make:
        yield make


@pytest.fixture(scope="module")
def make_module_project(
    tmp_path_factory: pytest.TempPathFactory, empty_engines: EmptyEngines
) -> Iterator[Callable[..., Project]]:
    """Makes projects for all tests of a module."""
    with making(tmp_path_factory, empty_engines) as make:
        yield make


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """A project that no other test uses."""
    return make_project()


@contextmanager
def making(
    factory: pytest.TempPathFactory, engines: EmptyEngines
) -> Iterator[Callable[..., Project]]:
    """Lends engines to projects, with the given options of ``serve``."""
    with engines.lend() as lend:

        def make(*options: str, shop: Path = SHOP) -> Project:
            return Project.create(factory.mktemp("project"), lend(*FIRING, *options), shop)

        yield make
