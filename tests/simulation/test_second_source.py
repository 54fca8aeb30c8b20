"""Two wake sources, one truth: whichever is silent, late or double, each occurrence runs once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.faults import CALM
from tests.simulation.run import Outcome, play
from tests.simulation.scenario import draw_scenario
from tests.simulation.ticks import Ticking, with_second_source

DAY = 86400.0
HARSH = Ticking(missing=0.1, doubled=0.2, redelivered=0.1, silent=((DAY, 2 * DAY),))


def played(
    seed: int, ticking: Ticking, *, days: int = 4, silent: tuple[tuple[float, float], ...] = ()
) -> Outcome:
    """A seed in its own climate, with a second source."""
    scenario = draw_scenario(seed, days, 15)
    given = with_second_source(scenario, scenario.climate, ticking, silent)
    return play(given, f"second source, seed {seed}")


@pytest.mark.parametrize("first", range(0, 12, 4))
def test_no_promise_is_broken_with_late_doubled_missing_and_redelivered_ticks(first: int) -> None:
    outcomes = [played(seed, HARSH) for seed in range(first, first + 4)]
    assert [one.report() for one in outcomes if one.problems] == []
    assert sum(one.starts for one in outcomes) > 400


def test_modals_crons_may_be_silent_for_a_day_and_so_may_both() -> None:
    one, both = ((DAY, 2 * DAY),), ((2 * DAY, 2.5 * DAY),)
    outcomes = [
        played(seed, replace(HARSH, silent=both), silent=(*one, *both)) for seed in range(4)
    ]
    assert [one.report() for one in outcomes if one.problems] == []


def test_ten_thousand_ticks_beside_modals_crons_double_nothing() -> None:
    scenario = draw_scenario(3, 7, 10, CALM, harmed=False)
    outcome = play(with_second_source(scenario, CALM, Ticking(every=60.0, doubled=0.1)), "ticks")
    assert outcome.wakes > 10_000
    assert not outcome.problems, outcome.report()
