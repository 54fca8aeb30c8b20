"""Schedules that wait for each other, under simulated faults; each rule broken is found."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.simulation.broken_dependencies import DEPENDENCY_MUTANTS
from tests.simulation.dependencies import report, simulate_dependencies
from tests.simulation.shard import of_this_shard

SEEDS = 6


@pytest.mark.parametrize("seed", of_this_shard(range(SEEDS)))
def test_no_promise_about_waiting_is_broken(seed: int) -> None:
    problems = simulate_dependencies(seed)
    assert not problems, report(seed, problems)


def test_seven_days_end_the_waiting_with_catchup_all() -> None:
    problems = simulate_dependencies(3, days=16)
    assert not problems, report(3, problems)


@pytest.mark.parametrize("name", of_this_shard(DEPENDENCY_MUTANTS))
def test_a_rule_that_is_broken_on_purpose_is_found_out(name: str) -> None:
    """In a process of its own, where the core is not loaded yet."""
    command = [sys.executable, "-m", "tests.simulation.broken_dependencies", name]
    played = subprocess.run(command, capture_output=True, text=True, check=False)
    assert played.returncode == 1, played.stdout + played.stderr
