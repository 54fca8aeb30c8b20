"""Durations and names as people read them."""

from __future__ import annotations

import pytest

from reconciler.words import rough_duration, suggestion

HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (60, "1 minute"),
        (7 * 60 + 59, "7 minutes"),
        (HOUR + 30 * 60, "1 hour 30 minutes"),
        (2 * HOUR + 59, "2 hours"),
        (11 * HOUR + 30 * 60, "11 hours"),
        (DAY + 4 * HOUR, "1 day 4 hours"),
        (476_534 * 60, "330 days"),
    ],
)
def test_rough_durations_use_readable_units(seconds: int, text: str) -> None:
    assert rough_duration(seconds) == text


def test_where_no_name_is_similar_the_existing_ones_are_given() -> None:
    assert suggestion("sync", ["mail"]) == "There is one: mail"
    assert suggestion("sync", ["mail", "ant"]) == "There are 2: ant, mail"
