"""Fixtures for the tests that need a running engine; the others never touch them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.engine_fixture import RunningEngine, engine, environment, start_engine

__all__ = ["client", "engine", "environment", "start_engine"]

# A busy machine is no failure: how long things take is for the benchmarks to say.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


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
