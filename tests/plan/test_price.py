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


def test_a_wake_is_billed_for_an_eighth_of_a_core_and_of_a_gib() -> None:
    core = WakePrice.of((), Rates(core_hour=1.0, gib_hour=0.0))
    memory = WakePrice.of((), Rates(core_hour=0.0, gib_hour=1.0))
    assert core.usd(5760) == memory.usd(5760) == 1.0  # eight hours
    assert not WakePrice.of((), None).live
    listed = WakePrice.of((), None).rates
    assert (round(listed.core_hour, 5), round(listed.gib_hour, 6)) == (0.04716, 0.007992)


def test_what_few_wakes_cost_is_shown_to_a_hundredth_of_a_cent_and_seconds_to_a_tenth() -> None:
    assert WakePrice.of((0.14,), None).seconds == 3.1
    assert WakePrice.of((), Rates(core_hour=0.5, gib_hour=0.0)).usd(1) == 0.0001


def test_neither_rates_nor_measured_wakes_make_a_plan_another() -> None:
    cheap = make_plan(desired(hourly("a")), nothing(), NOW)
    measured = replace(nothing(), wake_seconds=(30.0,))
    dear = make_plan(desired(hourly("a")), measured, NOW, rates=Rates(1.0, 1.0))
    assert dear.digest == cheap.digest
    assert dear.price.usd(100) > cheap.price.usd(100)


def test_a_start_that_was_probed_takes_the_place_of_the_assumed_one() -> None:
    assert WakePrice.of((2.0,), None).seconds == 2 + 2 + 1
    probed = WakePrice.of((2.0,), None, 0.4)
    assert (probed.seconds, probed.probed) == (4.4, True)
    assert not WakePrice.of((2.0,), None).probed
