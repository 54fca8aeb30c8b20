"""The same occurrences as cronsim; `python -m benchmarks.cron_oracle` compares many more."""

from __future__ import annotations

import pytest

from tests.cron.oracle import actual, cases, changing_zones, expected


@pytest.mark.parametrize("seed", range(4))
def test_occurrences_are_those_of_cronsim(seed: int) -> None:
    different = [case for case in cases(seed, count=10_000) if actual(case) != expected(case)]
    assert different == []


def test_the_zones_with_unusual_changes_take_part() -> None:
    assert {
        "Africa/Cairo",
        "Africa/Casablanca",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    } <= set(changing_zones())
