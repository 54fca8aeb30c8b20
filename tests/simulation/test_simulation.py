"""The dispatch core under simulated faults: nothing lost, nothing doubled, every miss reported.

A seed that fails is played alone by ``python -m tests.simulation --first SEED --seeds 1``; these
here are shorter.
"""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.run import Break, simulate

DAYS = 6
SCHEDULES = 20
SEEDS = 120
BATCH = 12


@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_no_promise_is_broken_under_the_faults_of_these_seeds(first: int) -> None:
    outcomes = [
        simulate(seed, days=DAYS, schedules=SCHEDULES) for seed in range(first, first + BATCH)
    ]
    broken = {outcome.seed: outcome.problems[:5] for outcome in outcomes if outcome.problems}
    assert not broken, f"seeds and what is wrong in {DAYS} days of {SCHEDULES} schedules: {broken}"
    assert sum(outcome.starts for outcome in outcomes) > BATCH * 50


def test_a_seed_plays_the_same_every_time() -> None:
    assert simulate(7, days=3, schedules=10) == simulate(7, days=3, schedules=10)


@pytest.mark.parametrize("broken", MUTANTS.values(), ids=MUTANTS.keys())
def test_a_core_that_is_broken_on_purpose_is_found_out(broken: Break) -> None:
    seeds = range(SEEDS)
    found = (
        seed
        for seed in seeds
        if simulate(seed, days=DAYS, schedules=SCHEDULES, broken=broken).problems
    )
    assert next(found, None) is not None, f"none of {len(seeds)} seeds found it"
