"""The session's engine (see ``tests/conftest.py``) with a sample app deployed on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine_fixture import RunningEngine

SAMPLE = Path(__file__).with_name("sample_app.py")


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
