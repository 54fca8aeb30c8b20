"""Hypothesis strategies for expressions, zones, instants and timetables."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from reconciler.cron import Timetable, minute, parse_times
from tests.cron.oracle import random_expression

START = minute(datetime(2026, 1, 1, tzinfo=UTC))
YEAR = 365 * 24 * 60

ZONES = (
    "UTC",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)

expressions = st.randoms(use_true_random=False).map(random_expression)
zones = st.sampled_from(ZONES)
instants = st.integers(START, START + 6 * YEAR)
counted = st.builds(
    lambda days, first: f"{days}d from {first:%Y-%m-%dT%H:%M}",
    st.integers(2, 40),
    st.datetimes(datetime(2025, 12, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
)
"""Intervals of several days."""
timetables = st.builds(
    lambda texts, zone: Timetable(tuple(e for text in texts for e in parse_times(text)), zone),
    st.lists(st.one_of(expressions, counted), min_size=1, max_size=3),
    zones,
)
