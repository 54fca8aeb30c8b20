"""Prices that Modal reports are used when they make sense, and ignored when they do not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reconciler.deploy.modal_apps import read_rates
from reconciler.plan import Rates

TOLD = {
    "cpu_hour_cost": Decimal("0.0473"),
    "mem_gib_hour_cost": Decimal("0.008"),
    "gpu_hour_cost_t4": Decimal("0.59"),
}


def test_the_rates_of_cores_and_memory_are_read_among_whatever_else_there_is() -> None:
    assert read_rates(TOLD) == Rates(core_hour=0.0473, gib_hour=0.008)


@pytest.mark.parametrize("broken", ["cpu_hour_cost", "mem_gib_hour_cost"])
def test_rates_under_other_names_or_without_sense_are_not_guessed(broken: str) -> None:
    assert read_rates({key: rate for key, rate in TOLD.items() if key != broken}) is None
    for nonsense in ("NaN", "Infinity", "-1"):
        assert read_rates({**TOLD, broken: Decimal(nonsense)}) is None
    assert read_rates({}) is None
