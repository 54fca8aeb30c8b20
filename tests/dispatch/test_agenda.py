"""Finding what is due finds neither more nor less than asking every schedule."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import minute
from reconciler.dispatch.calendar import nominal_times
from reconciler.dispatch.cursor import Horizon
from reconciler.dispatch.due import find_due
from reconciler.dispatch.generation import new_generation
from reconciler.dispatch.occurrence import format_minute
from reconciler.policies import Catchup
from tests.dispatch.scenario import PUNCTUALITY, at, hourly

NOW = minute(at("2026-03-29T03:00"))
TIMES = ("*/5 * * * *", "0 0 * * *", "30 2 * * *", "59 23 * * 6", "7 */6 29 3 *")
ZONES = ("UTC", "Europe/Paris", "Australia/Lord_Howe")

records = st.builds(
    lambda when, zone, age, task: {
        "when": () if task else (when,),
        "timezone": "UTC" if task else zone,
        "anchor_at": NOW - age,
        "at": NOW - age + 10 if task else None,
    },
    st.sampled_from(TIMES),
    st.sampled_from(ZONES),
    st.integers(0, 6000),
    st.booleans(),
)


@given(
    st.lists(records, max_size=8),
    st.integers(-2, 5000),
    st.integers(0, 1500),
    st.one_of(st.none(), st.integers(0, 3000)),
)
def test_what_is_due_is_what_each_schedule_says(
    drawn: list[dict[str, Any]], span: int, later: int, fresh: int | None
) -> None:
    made = []
    for index, values in enumerate(drawn):
        anchor = values.pop("anchor_at")
        record = hourly(f"s{index}", catchup=Catchup.ALL, **values)
        made.append(type(record).from_json({**record.to_json(), "anchor": _text(anchor)}))
    now = NOW + later
    horizon = Horizon(now - span, None if fresh is None else now - fresh)
    generation = new_generation(made, (), PUNCTUALITY)
    found = {due.record.name: due.start for due in find_due(generation, horizon, now)}
    expected = {
        record.name: tuple(times)
        for record in made
        if (times := nominal_times(record, horizon.of(record.anchor), now))
    }
    assert {name: times[-1000:] for name, times in expected.items()} == found


def _text(at_minute: int) -> str:

    return format_minute(at_minute)
