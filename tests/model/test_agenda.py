"""What is due is found without asking every schedule, and is what asking every one would find."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cron import minute
from reconciler.dispatch.decide.due import Due, find_due, judge
from reconciler.dispatch.decide.nominal_times import nominal_times
from reconciler.model.cursor import Lookback
from reconciler.model.generation import Generation, new_generation
from reconciler.model.occurrence import format_minute
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.stored_generation import open_generation
from reconciler.policies import Catchup
from tests.dispatch.scenario import PUNCTUALITY, at, hourly

DAY = 1440
MOMENTS = tuple(
    minute(at(text))
    for text in (
        "2026-03-08T07:00",  # New York springs forward
        "2026-03-29T01:00",  # Paris springs forward
        "2026-04-04T15:00",  # Lord Howe goes back by half an hour
        "2026-10-25T01:00",  # Paris repeats an hour
        "2026-12-31T23:59",
        "2011-12-30T10:00",  # Apia has skipped a day
        "2028-02-29T12:00",
    )
)
TIMES = (
    "*/5 * * * *",
    "0 0 * * *",
    "30 2 * * *",
    "15 1 * * *",
    "10 0-3 * * *",
    "59 23 * * 6",
    "7 */6 29 3 *",
    "0 12 1,13 * 5",
    "0 12 */2 * MON",
    "0 0 29 2 *",
    "* 2 * * *",
    "90m",
    "6h",
    "@monthly",
    "2w from 2026-03-15T02:30",
    "3d from 2011-12-29T00:00",
)
ZONES = (
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
)

moments = st.builds(
    int.__add__,
    st.sampled_from(MOMENTS),
    st.one_of(st.integers(-30, 90), st.integers(-2 * DAY, 2 * DAY)),
)
spans = st.one_of(
    st.integers(-2, 5), st.integers(5, 90), st.integers(0, 3 * DAY), st.just(40 * DAY)
)


@st.composite
def records(draw: st.DrawFn, name: str, now: int) -> ScheduleRecord:
    """A schedule or a task, with any of the things that have a say in when it runs."""
    times: dict[str, Any]
    if draw(st.integers(0, 4)) == 0:
        times = {"when": (), "at": now - draw(st.integers(-100, 6000))}
    else:
        when = draw(st.lists(st.sampled_from(TIMES), min_size=1, max_size=3, unique=True))
        times = {"when": tuple(when), "timezone": draw(st.sampled_from(ZONES))}
    ages = st.one_of(st.none(), st.integers(-500, 6000).map(lambda age: now - age))
    record = hourly(
        name,
        catchup=draw(st.sampled_from(Catchup)),
        deadline=draw(st.one_of(st.none(), st.sampled_from((0, 600, 86_400)))),
        tolerance=draw(st.sampled_from((0, 15))),
        suspended=draw(st.one_of(st.none(), st.just("moving"))),
        resumes=draw(ages),
        start=draw(ages),
        end=draw(ages),
        exclude=draw(st.sampled_from(((), ("* 0-5 * * *",), ("2026-03-29..2026-04-05",)))),
        **times,
    )
    anchor = now - draw(st.one_of(st.integers(-5, 3000), st.just(10 * DAY)))
    return ScheduleRecord.from_json({**record.to_json(), "anchor": format_minute(anchor)})


@st.composite
def wakes(draw: st.DrawFn) -> tuple[Generation, Lookback, int]:
    """A generation, and from when to when a wake looks."""
    now = draw(moments)
    names = [f"s{index}" for index in range(draw(st.integers(0, 12)))]
    made = [draw(records(name, now)) for name in names]
    fresh = draw(st.one_of(st.none(), st.integers(0, 3000).map(lambda age: now - age)))
    return new_generation(made, (), PUNCTUALITY), Lookback(now - draw(spans), fresh), now


def asked_one_by_one(generation: Generation, lookback: Lookback, now: int) -> Sequence[Due]:
    found = []
    for record in generation.records:
        times = nominal_times(record, lookback.of(record.anchor), now)
        if times:
            verdict = judge(record, times, now, generation.punctuality)
            found.append(Due(record, verdict.start, verdict.dropped))
    return found


@settings(max_examples=400)
@given(wakes())
def test_what_is_due_is_what_each_schedule_says(wake: tuple[Generation, Lookback, int]) -> None:
    generation, lookback, now = wake
    expected = asked_one_by_one(generation, lookback, now)
    assert find_due(generation, lookback, now) == expected
    assert find_due(open_generation(generation.encoded, "stored"), lookback, now) == expected


@given(wakes())
def test_the_newest_anchor_is_shown_without_looking_at_a_record(
    wake: tuple[Generation, Lookback, int],
) -> None:
    generation, _, _ = wake
    newest = max((record.anchor for record in generation.records), default=None)
    assert generation.agenda.newest == newest
    assert open_generation(generation.encoded, "stored").agenda.newest == newest


def test_only_what_may_be_due_is_looked_at() -> None:
    nine, ten = hourly("nine", when=("0 9 * * *",)), hourly("ten", when=("0 10 * * *",))
    generation = new_generation((nine, ten), (), PUNCTUALITY)
    now = minute(at("09:00"))
    assert generation.agenda.candidates(Lookback(now - 5), now) == [0]
    assert generation.agenda.candidates(Lookback(now), now) == []


def test_what_an_earlier_wake_did_not_know_is_looked_at_from_its_beginning() -> None:
    known = hourly("known", since="06:00")
    new = hourly("new", since="06:30", when=("0 7 * * *",))
    generation = new_generation((known, new), (), PUNCTUALITY)
    now = minute(at("09:10"))
    assert generation.agenda.candidates(Lookback(now - 5, minute(at("06:10"))), now) == [1]
    assert generation.agenda.candidates(Lookback(now - 5), now) == []


def test_a_time_that_the_clock_skips_is_found_at_the_change() -> None:
    skipped = hourly(
        "skipped", when=("30 2 * * *",), timezone="Europe/Paris", since="2026-01-01T00:00"
    )
    change = minute(at("2026-03-29T01:00"))
    due = find_due(new_generation((skipped,), (), PUNCTUALITY), Lookback(change - 1), change)
    assert [item.start for item in due] == [(change,)]
