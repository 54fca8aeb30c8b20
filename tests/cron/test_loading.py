"""What a dispatcher container loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reconciler import cron


def test_evaluating_a_schedule_in_utc_loads_nothing_that_it_does_not_need() -> None:
    program = (
        "from reconciler.cron import Timetable, parse\n"
        "Timetable((parse('0 6 * * *'),), 'UTC').next(0)\n"
        "import sys; print(*sys.modules)\n"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "reconciler.cron.timetable" in loaded
    assert {
        "reconciler.cron.advice",
        "reconciler.cron.covers",
        "reconciler.cron.foreign",
        "difflib",
        "zoneinfo",
    }.isdisjoint(loaded)


def test_what_only_planning_needs_is_loaded_at_its_first_use() -> None:
    assert cron.__getattr__("cover") is cron.cover
    with pytest.raises(AttributeError, match="has no attribute 'covers_all'"):
        cron.__getattr__("covers_all")
