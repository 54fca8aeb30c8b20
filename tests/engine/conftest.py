"""The official client, in this process, on the session's engine, with a sample app deployed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine_fixture import RunningEngine, engine, environment, start_engine

__all__ = ["engine", "environment", "start_engine"]

SAMPLE = Path(__file__).with_name("sample_app.py")


@pytest.fixture(scope="session")
def client(engine: RunningEngine) -> Iterator[RunningEngine]:
    """modal in this process speaks to the session's engine; import it inside tests only."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("MODAL_")]:
        del os.environ[name]
    os.environ.update(engine.record.variables)
    yield engine
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def sample(client: RunningEngine) -> str:
    """The name of the deployed sample app, in the environment main."""
    client.modal("deploy", str(SAMPLE))
    return "sample"


@pytest.fixture
def no_faults(client: RunningEngine) -> Iterator[RunningEngine]:
    """The session's engine, rid of the test's faults afterwards."""
    yield client
    client.clear_faults()
