"""What a wake costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.plan import Rates, WakePrice, make_plan
from tests.plan.scenario import NOW, desired, hourly, nothing


def test_while_nothing_is_known_five_seconds_at_the_list_price_are_assumed() -> None:
    price = WakePrice.of((), None)
    assert (price.seconds, price.measured, price.live) == (5.0, 0, False)
    assert price.usd(43_830) == pytest.approx(0.42, abs=0.005)


def test_what_was_measured_counts_and_so_do_the_start_and_the_idle_time() -> None:
    price = WakePrice.of((0.4, 0.6, 2.0), None)
    assert (price.seconds, price.measured) == (4.0, 3)


def test_the_rates_of_the_workspace_count_where_they_are_known() -> None:
    price = WakePrice.of((), Rates(core_hour=8.0, gib_hour=0.0))
    assert price.live
    assert price.usd(720) == 1.0  # 720 wakes of 5 s are an hour of an eighth of a core


def test_neither_rates_nor_measured_wakes_make_a_plan_another() -> None:
    cheap = make_plan(desired(hourly("a")), nothing(), NOW)
    measured = replace(nothing(), wake_seconds=(30.0,))
    dear = make_plan(desired(hourly("a")), measured, NOW, rates=Rates(1.0, 1.0))
    assert dear.digest == cheap.digest
    assert dear.price.usd(100) > cheap.price.usd(100)
