"""Hypothesis strategies for sets of members."""

from __future__ import annotations

from hypothesis import strategies as st

from reconciler.cron import Timetable, parse
from reconciler.pack import Member
from tests.cron.strategies import expressions, zones

_minutes = st.sampled_from(["0", "0", "0", "15", "30", "45", "7", "52"])
_hours = st.integers(0, 23).map(str)
_usual = st.one_of(
    st.sampled_from(["*/5 * * * *", "*/10 * * * *", "*/15 * * * *", "*/30 9-17 * * 1-5"]),
    st.builds("{} * * * *".format, _minutes),
    st.builds("{} */{} * * *".format, _minutes, st.sampled_from([2, 3, 4, 6, 12])),
    st.builds("{} {} * * *".format, _minutes, _hours),
    st.builds("{} {} * * {}".format, _minutes, _hours, st.sampled_from(["1-5", "0", "1", "5"])),
    st.builds("{} {} {} * *".format, _minutes, _hours, st.sampled_from(["1", "15", "28"])),
)
_usual_zones = st.sampled_from(["UTC", "UTC", "America/New_York", "Europe/Berlin", "Asia/Tokyo"])


def _timetable(text: str, zone: str) -> Timetable:
    return Timetable((parse(text),), zone)


def _members(
    timetables: st.SearchStrategy[Timetable], most: int, tolerances: st.SearchStrategy[int]
) -> st.SearchStrategy[list[Member]]:
    pairs = st.lists(st.tuples(timetables, tolerances), min_size=1, max_size=most)
    return pairs.map(
        lambda drawn: [
            Member(f"s{n}", timetable, tolerance) for n, (timetable, tolerance) in enumerate(drawn)
        ]
    )


_punctual = st.just(0)
usual_in_utc = _members(st.builds(_timetable, _usual, st.just("UTC")), 10, _punctual)
"""Schedules as people write them, in UTC."""
usual = _members(st.builds(_timetable, _usual, _usual_zones), 10, _punctual)
"""The same in a few zones."""
strange = _members(st.builds(_timetable, expressions, zones), 5, _punctual)
"""Any expressions in any zones."""
tolerant = _members(
    st.builds(_timetable, _usual, _usual_zones), 8, st.sampled_from([0, 0, 5, 15, 90])
)
"""Some may run late."""
budgets = st.integers(1, 6)
