"""Schedules that wait for each other, under simulated faults; each rule broken is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.forked import Forked
from tests.simulation.broken_dependencies import DEPENDENCY_MUTANTS, find_broken_rule
from tests.simulation.dependencies import report, simulate_dependencies
from tests.simulation.shard import of_this_shard

SEEDS = 6
FOUND_BY = {
    "within is a day": 3,
    "what waits is forgotten": 4,
    "waiting does not end": 4,
    "a lost end is not asked again": 17,
}
"""The first seed that finds a mutant, where that is not seed 0."""
BATCH, LOOKED_FOR = 5, 25
"""Seeds that a mutant is looked for in from its first on: in one process, and in all."""


@pytest.mark.parametrize("seed", of_this_shard(range(SEEDS)))
def test_no_promise_about_waiting_is_broken(seed: int) -> None:
    problems = simulate_dependencies(seed)
    assert not problems, report(seed, problems)


def test_seven_days_end_the_waiting_with_catchup_all() -> None:
    problems = simulate_dependencies(3, days=16)
    assert not problems, report(3, problems)


@pytest.mark.parametrize("name", of_this_shard(DEPENDENCY_MUTANTS))
def test_a_rule_that_is_broken_on_purpose_is_found_out(name: str, tmp_path: Path) -> None:
    start = FOUND_BY.get(name, 0)
    firsts = range(start, start + LOOKED_FOR, BATCH)
    batches = (list(range(first, first + BATCH)) for first in firsts)
    found = (Forked(tmp_path, {}).call(find_broken_rule, name, batch) for batch in batches)
    assert any(seed is not None for seed in found)
