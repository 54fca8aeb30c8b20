"""A translated schedule runs at the times at which the other scheduler runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from croniter import CroniterError, croniter
from cronsim import CronSim
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler.cron import CronError, Timetable, instant, minute, parse, parse_times
from reconciler.importers.airflow import from_croniter
from reconciler.importers.celery_beat import read_celery
from reconciler.importers.crontab import read_crontab
from reconciler.importers.dialects import Cron, UnclearError, interval
from reconciler.importers.robfig import from_robfig
from reconciler.importers.systemd_calendar import from_calendar

START = datetime(2026, 11, 1, tzinfo=UTC)
COMPARED = 8
CALENDARS = [
    json.loads(line)
    for line in Path(__file__).with_name("systemd-calendar.jsonl").read_text().splitlines()
]
"""Calendar expressions with the next times that `systemd-analyze calendar` of systemd 252 gave,
from START on."""


def occurrences(cron: Cron, zone: str = "UTC", years: int = 5) -> Iterator[datetime]:
    """The times of a manifest after START, without the excluded ones."""
    excluded = [Timetable((parse(text),), zone) for text in cron.exclude]
    times = Timetable(parse_times(cron.schedule), zone)
    first = minute(START)
    for at in times.between(first, first + years * 366 * 24 * 60):
        if not any(one.matches(at) for one in excluded):
            yield instant(at)


def first_times(cron: Cron, zone: str = "UTC") -> list[datetime]:
    return list(islice(occurrences(cron, zone, years=50), COMPARED))


@pytest.mark.parametrize("row", CALENDARS, ids=lambda row: row["calendar"])
def test_a_calendar_expression_runs_when_systemd_runs_it_or_is_refused(row: dict[str, str]) -> None:
    try:
        found = from_calendar(row["calendar"])
        times = first_times(found.cron, found.zone or "UTC")
    except (UnclearError, CronError):
        return
    assert row["accepted"]
    assert times[: len(row["next"])] == [
        datetime.fromisoformat(at).replace(tzinfo=UTC) for at in row["next"]
    ]


def test_what_cron_can_say_of_systemd_is_not_refused() -> None:
    refused = set()
    for row in CALENDARS:
        try:
            from_calendar(row["calendar"])
        except UnclearError:
            if row["accepted"]:
                refused.add(row["calendar"])
    assert refused == {
        *("*-*~01", "*-02~03", "2026-*-*", "2026-12-01 09:00", "*:*:0/30", "*-*-* 00:00:30"),
    }


def number(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(str)


@st.composite
def terms(draw: st.DrawFn, low: int, high: int) -> str:
    base = draw(
        st.one_of(
            st.just("*"),
            number(low, high),
            st.tuples(number(low, high), number(low, high)).map("-".join),
        )
    )
    return base + draw(st.one_of(st.just(""), st.integers(1, high).map(lambda step: f"/{step}")))


def field(low: int, high: int) -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), st.lists(terms(low, high), min_size=1, max_size=2).map(",".join))


expressions = st.tuples(number(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)).map(
    " ".join
)


@settings(max_examples=150, deadline=None)
@given(expressions)
def test_an_expression_of_airflow_runs_when_croniter_runs_it(text: str) -> None:
    try:
        cron = Cron(from_croniter(text))
        ours = first_times(cron)
        theirs = croniter(text, START)
        expected = [theirs.get_next(datetime) for _ in ours]
    except (UnclearError, CronError, CroniterError):
        assume(False)
    assert ours == expected


class Robfig:
    """The rules of robfig/cron's `getRange`, `getField` and `dayMatches`, transcribed."""

    BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))

    def __init__(self, text: str) -> None:
        read = [self._field(*pair) for pair in zip(text.split(), self.BOUNDS, strict=True)]
        self.values = [values for values, _ in read]
        self.starred = [star for _, star in read]

    def _field(self, text: str, bounds: tuple[int, int]) -> tuple[set[int], bool]:
        values: set[int] = set()
        star = False
        for term in text.split(","):
            base, slash, step_text = term.partition("/")
            low, dash, high = base.partition("-")
            step = int(step_text) if slash else 1
            if low in {"*", "?"}:
                start, end, starred = *bounds, True
            else:
                start = int(low)
                end = int(high) if dash else bounds[1] if slash else start
                starred = False
            assume(start <= end)
            values |= set(range(start, end + 1, step))
            star |= starred and step == 1
        return values, star

    def matches(self, at: datetime) -> bool:
        parts = (at.minute, at.hour, at.day, at.month, at.isoweekday() % 7)
        found = [part in values for part, values in zip(parts, self.values, strict=True)]
        starred = self.starred[2] or self.starred[4]
        day = (found[2] and found[4]) if starred else (found[2] or found[4])
        return found[0] and found[1] and found[3] and day


@settings(max_examples=50, deadline=None)
@given(expressions)
def test_a_schedule_of_kubernetes_runs_when_robfig_runs_it(text: str) -> None:
    theirs = Robfig(text)
    try:
        ours = set(islice(occurrences(from_robfig(text)), 4000))
    except CronError:  # a date that no year has
        assume(False)
    at = START + timedelta(minutes=int(text.split()[0]))
    for _ in range(24 * 40):
        if at > START and (len(ours) < 4000 or at <= max(ours)):
            assert (at in ours) == theirs.matches(at), at
        at += timedelta(hours=1)


@pytest.mark.parametrize(
    "text", ["0 0 * * 7", "@every 30s", "@every", "0 0 * *", "*/0 * * * *", "0 0 * * fri-mon", "@d"]
)
def test_a_schedule_that_kubernetes_or_a_manifest_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(UnclearError):
        from_robfig(text)


@settings(max_examples=80, deadline=None)
@given(expressions)
def test_an_entry_of_a_crontab_runs_when_debians_cron_runs_it(text: str) -> None:
    (draft,) = read_crontab(f"{text} /opt/job.sh", system=False, timezone="UTC").drafts
    try:
        ours = first_times(Cron(draft.schedule[0]))
    except CronError:
        assume(False)
    theirs = CronSim(text, START)
    assert ours == [next(theirs) for _ in ours]


@settings(max_examples=40, deadline=None)
@given(field(0, 23), field(1, 31), field(1, 12), field(0, 6))
def test_a_crontab_of_celery_runs_when_all_of_its_fields_match(
    hour: str, day: str, month: str, weekday: str
) -> None:
    code = (
        f"beat_schedule = {{'a': {{'task': 't', 'schedule': crontab(0, {hour!r}, {weekday!r}, "
        f"{day!r}, {month!r})}}}}"
    )
    found = read_celery(code)
    assume(found.drafts)
    (draft,) = found.drafts
    try:
        cron = Cron(draft.schedule[0], tuple(draft.keys.get("exclude", ())))
        ours = set(islice(occurrences(cron), 3000))
    except CronError:
        assume(False)
    bounds = ((0, 23), (1, 31), (1, 12), (0, 6))
    values = [
        {value for term in text.split(",") for value in celery_values(term, *bound)}
        for text, bound in zip((hour, day, month, weekday), bounds, strict=True)
    ]
    at = START
    for _ in range(24 * 40):
        at += timedelta(hours=1)
        parts = (at.hour, at.day, at.month, at.isoweekday() % 7)
        if len(ours) < 3000 or at <= max(ours):
            matches = all(part in known for part, known in zip(parts, values, strict=True))
            assert (at in ours) == matches, at


def celery_values(term: str, low: int, high: int) -> list[int]:
    """The rules of Celery's `crontab_parser`: a range may wrap, a step goes over its list."""
    base, slash, step = term.partition("/")
    first, dash, last = base.partition("-")
    assume(dash or base == "*" or not slash)  # Celery refuses `5/15`
    if base == "*":
        found = list(range(low, high + 1))
    elif not dash:
        found = [int(first)]
    elif int(last) < int(first):
        found = [*range(int(first), high + 1), *range(low, int(last) + 1)]
    else:
        found = list(range(int(first), int(last) + 1))
    return found[:: int(step) if slash else 1]


@pytest.mark.parametrize(
    ("every", "text"),
    [
        (timedelta(minutes=90), "90m"),
        (timedelta(hours=6), "6h"),
        (timedelta(days=1), "1d"),
        (timedelta(days=3), "3d"),
        (timedelta(days=14), "2w"),
        (timedelta(days=1, hours=1), "1500m"),
    ],
)
def test_an_interval_is_a_number_and_one_unit(every: timedelta, text: str) -> None:
    assert interval(every) == text


@pytest.mark.parametrize("every", [timedelta(), timedelta(seconds=90), timedelta(minutes=-1)])
def test_an_interval_has_whole_minutes(every: timedelta) -> None:
    with pytest.raises(UnclearError):
        interval(every)
