"""Projects as the end-to-end tests have them, and one with faults on order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import make_module_project
from tests.end_to_end.project import SHOP, Project
from tests.faults.rig import Rig
from tests.forked import Forked
from tests.receiver import Receiver, receiving

__all__ = ["make_module_project", "rig"]


@pytest.fixture(scope="module")
def shop() -> Path:
    """The app whose functions the schedules call."""
    return SHOP


@pytest.fixture(scope="module")
def rig(make_module_project: Callable[..., Project], shop: Path) -> Rig:
    """One for the module; its tests leave nothing undone."""
    project = make_module_project("--crons", "unlimited", shop=shop)
    variables = project.engine.env | project.environment()
    return Rig(project, Forked(project.root, variables))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Of alarms and pings."""
    with receiving() as found:
        yield found
