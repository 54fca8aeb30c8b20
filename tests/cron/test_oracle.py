"""The same occurrences as cronsim; `python -m benchmarks.cron_oracle` compares many more."""

from __future__ import annotations

import random
from itertools import islice, pairwise

import pytest
from cronsim import CronSim

from reconciler.cron import Timetable, instant, minute, parse
from tests.cron.oracle import actual, cases, changing_zones, expected, random_expression
from tests.cron.times import at, timetable


@pytest.mark.parametrize("seed", range(4))
def test_occurrences_are_those_of_cronsim(seed: int) -> None:
    different = [case for case in cases(seed, count=10_000) if actual(case) != expected(case)]
    assert different == []


@pytest.mark.parametrize("seed", range(100, 103))
def test_backward_from_an_occurrence_of_cronsim_is_the_one_before_it(seed: int) -> None:
    for case in cases(seed, count=4_000):
        times = Timetable((parse(case.expression),), case.zone)
        found = expected(case)
        for earlier, later in pairwise(found):
            assert (times.previous(later), times.previous(later - 1)) == (later, earlier), case
        for first in found[:1]:
            before = times.previous(first - 1)
            assert before is None or before <= case.after, case


def test_backward_in_utc_is_as_cronsim_goes_backward() -> None:
    choose = random.Random(7)
    for _ in range(1_500):
        text = random_expression(choose)
        start = choose.randint(at("1995-01-01T00:00Z"), at("2060-01-01T00:00Z"))
        times, until = timetable(text), start
        for expected_ in islice(CronSim(text, instant(start), reverse=True), 3):
            found = times.previous(until - 1)
            assert found == minute(expected_), (text, until)
            until = found


@pytest.mark.parametrize("day", [1, 15, 29, 31])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Pago_Pago", "Asia/Tokyo"])
def test_what_is_due_on_few_days_is_found_backward_from_any_minute(day: int, zone: str) -> None:
    choose = random.Random(day)
    for month in ("*", "2" if day == 29 else "1,12"):
        times = timetable(f"0 0,23 {day} {month} *", zone)
        occurrences = list(times.between(at("1990-01-01T00:00Z"), at("2050-01-01T00:00Z")))
        for earlier, later in pairwise(occurrences):
            for until in (earlier, later - 1, choose.randint(earlier, later - 1)):
                assert times.previous(until) == earlier


def test_the_zones_with_unusual_changes_take_part() -> None:
    assert {
        "Africa/Cairo",
        "Africa/Casablanca",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    } <= set(changing_zones())
