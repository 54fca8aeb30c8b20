"""Fixtures for the tests that need a running engine; the others never touch them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

from tests.engine_fixture import (
    RunningEngine,
    empty_engines,
    engine,
    environment,
    start_engine,
)

__all__ = ["client", "empty_engines", "engine", "environment", "start_engine"]

# A busy machine is no failure: how long things take is for the benchmarks to say. And what fails
# in one run fails in every run of the same code; `make explore` looks for what nobody has met yet.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, derandomize=False, print_blob=True)
# `make mutants` asks whether a test fails, not for the least example with which it does.
settings.register_profile(
    "unshrunk", deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("repeatable")


LONG = {"faults", "simulation", "package", "docs", "end_to_end", "upgrade", "cloudflare"}
"""The folders whose single tests take longest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with these, so that at the end no worker is busy alone with one of them."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.fixture(scope="session")
def client(engine: RunningEngine) -> Iterator[RunningEngine]:
    """modal in this process speaks to the session's engine."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("MODAL_")]:
        del os.environ[name]
    os.environ.update(engine.record.variables)
    yield engine
    os.environ.clear()
    os.environ.update(before)
