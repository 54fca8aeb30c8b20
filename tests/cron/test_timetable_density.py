"""How densely a timetable occurs, beside its occurrences of a year."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from reconciler.cron import Timetable, parse

DAY = 20_758  # 2026-11-01
MINUTES = 1440


@pytest.mark.parametrize(
    "texts",
    [
        ("0 6 * * *",),
        ("*/5 * * * *",),
        ("* * * * *",),
        ("0 0,23 * * *",),
        ("0 0,23 * * 1",),
        ("0 0,23 * * 1-5",),
        ("0 0 1 * *",),
        ("0 0 29 2 *",),
        ("0 1 * * *", "0 2 * * 6"),
        ("0 1 * * 1", "30 0 * * 2"),
        ("59 23 * * *", "0 0 * * 1"),
        ("0 12 1 1 *", "0 13 2 1 *"),
    ],
)
def test_it_agrees_with_the_occurrences(texts: tuple[str, ...]) -> None:
    timetable = Timetable(tuple(map(parse, texts)), "UTC")
    times = list(timetable.between(DAY * MINUTES - 1, (DAY + 366) * MINUTES - 1))
    gaps = [after - before for before, after in pairwise(times)]

    assert timetable.smallest_gap(DAY) == min(gaps, default=None)
    assert timetable.most_per_day(DAY) == max(
        Counter(at // MINUTES for at in times).values(), default=1
    )
