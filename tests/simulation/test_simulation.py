"""The dispatch core under simulated faults: nothing lost, nothing doubled, every miss reported.

A seed that fails prints the command that plays it again alone. ``SIMULATION_SHARD`` chooses a part:
see :mod:`tests.simulation.shard`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.forked import Forked
from tests.simulation.faults import CALM, Fault
from tests.simulation.mutants import DAYS, MUTANTS, SCHEDULES, find_mutant
from tests.simulation.run import CROWD, simulate, simulate_crowd
from tests.simulation.shard import VARIABLE, of_this_shard

SEEDS = 100 if VARIABLE in os.environ else 10
"""CI plays 100 in four parts, one on each version of Python; `make simulate` plays 2,000."""
BATCH = 5
LOOKED_FOR = 100
"""Seeds that a mutant is looked for in, from its first on."""
FOUND_BY: Mapping[str, int] = {
    "cursor before spawn": 1,
    "task bucket of this hour only": 1,
    "anchor after all others": 12,
    "anchor ahead kept": 12,
    "nothing is new": 3,
    "garbled claim is absent": 209,
    "garbled cursor is trusted": 14,
    "recovered cursor has nothing pending": 35,
    "rebuilt generation has nothing pending": 27,
    "notifications have no claims": 1,
    "misses are counted by each wake": 5,
    "one miss of a schedule is enough": 1,
    "recovered misses are not counted": 75,
    "every other sender is dead": 13,
    "a trigger ignores overlap": 24,
    "one attempt only": 13,
    "what is carried over is judged again": 120,
    "every other wake is dead": 4,
}
"""The seed that a mutant is looked for from: the first that finds it and that the whole core plays
without a problem, where that is not seed 0. With other draws of the simulation another seed finds
it: the ones after this are played too."""


@pytest.mark.parametrize("first", of_this_shard(range(0, SEEDS, BATCH)))
def test_no_promise_is_broken_under_the_faults_of_these_seeds(first: int) -> None:
    outcomes = [simulate(seed) for seed in range(first, first + BATCH)]
    broken = [outcome.report() for outcome in outcomes if outcome.problems]
    assert not broken, "\n".join(broken)
    assert sum(outcome.starts for outcome in outcomes) > BATCH * 500


@pytest.mark.parametrize("seed", of_this_shard((34, 148)))
def test_no_promise_is_broken_at_the_edge_of_an_exemption(seed: int) -> None:
    """A supervisor dies between the end of its run and its own; a wake whose clock is ahead looks
    again, and what has become due by then is removed before its time."""
    outcome = simulate(seed, days=DAYS, schedules=SCHEDULES)
    assert not outcome.problems, outcome.report()


def test_ten_thousand_due_at_once_are_all_started_though_one_wake_cannot() -> None:
    outcome = simulate_crowd(1)
    assert not outcome.problems, outcome.report()
    assert outcome.starts > CROWD * 0.8, "the others are excluded, or were missed, and say so"


def test_every_call_of_a_port_meets_every_fault() -> None:
    """Crashes before and after it, refusals, lost answers: of all that wakes and supervisors do."""
    harsh = replace(CALM, fault=0.03, doubled=0.2)
    outcomes = [simulate(seed, days=4, climate=harsh) for seed in range(8)]
    assert [(outcome.seed, outcome.problems) for outcome in outcomes if outcome.problems] == []
    calls = {"SimulatedGenerations.live", "SimulatedRunLog.write", "SimulatedTaskFiles.read"}
    calls |= {f"SimulatedClaims.{call}" for call in ("put_new", "get", "put")}
    calls |= {f"SimulatedCaller.{call}" for call in ("start", "supervise", "status", "cancel")}
    faults = {Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.FAIL, Fault.LOSE}
    met = frozenset().union(*(outcome.met for outcome in outcomes))
    assert {(call, fault.name) for call in calls for fault in faults} - met == set()


def test_a_seed_plays_the_same_every_time() -> None:
    assert simulate(7, days=3, schedules=10) == simulate(7, days=3, schedules=10)


def test_the_shards_play_everything_once() -> None:
    parts = [of_this_shard(range(10), f"{part}/4") for part in range(1, 5)]
    assert sorted(item for part in parts for item in part) == list(range(10))


@pytest.mark.parametrize("shard", ["5/4", "0/4", "2", "a/b"])
def test_a_shard_that_is_none_is_refused(shard: str) -> None:
    with pytest.raises(pytest.UsageError, match="such as 2/4"):
        of_this_shard(range(10), shard)


@pytest.mark.parametrize("name", of_this_shard(MUTANTS))
def test_a_core_that_is_broken_on_purpose_is_found_out(name: str, tmp_path: Path) -> None:
    """A seed in which the whole core has a problem too says nothing: the next ones are played."""
    first = FOUND_BY.get(name, 0)
    end = first + LOOKED_FOR
    while first < end:
        found = Forked(tmp_path, {}).call(find_mutant, name, first, BATCH)
        if found is None:
            first += BATCH
        elif simulate(found, days=DAYS, schedules=SCHEDULES).problems:
            first = found + 1
        else:
            return
    pytest.fail(f"none of the {LOOKED_FOR} seeds before {end} finds it")


def test_the_command_says_how_to_play_a_broken_core_again() -> None:
    size = ["--seeds", "1", "--crowds", "0", "--days", "5", "--schedules", "20"]
    command = [sys.executable, "-m", "tests.simulation", "--jobs", "1", "--stop", *size]
    played = subprocess.run(
        [*command, "--broken", "claim after spawn"], capture_output=True, text=True, check=False
    )
    assert played.returncode == 1, played.stdout + played.stderr
    again = "--first 0 --seeds 1 --crowds 0 --days 5 --schedules 20"
    assert f'{again} --broken "claim after spawn"' in played.stdout, played.stderr
