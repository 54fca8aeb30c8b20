"""cronsim as the oracle: seeded cases, and what cronsim says about them.

A case is an expression, a zone and an instant; compared are the next occurrences after the
instant. cronsim is asked directly, but for one exception, `missteps`, in which it contradicts
itself; there it is asked about the local clock, one stretch of constant offset after the other,
which is how Debian's cron treats the expressions concerned.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache

from cronsim import CronSim

from reconciler.cron import CronError, Timetable, instant, minute, parse, tzinfo_named
from reconciler.cron.zone_files import zone_keys

FOLLOWED = 3
"""Occurrences that are compared from each instant on."""

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
UNTIL = datetime(2032, 1, 1, tzinfo=UTC)
HORIZON = timedelta(days=10 * 366)
"""Occurrences later than this after a case's instant are not compared."""


@dataclass(frozen=True)
class Case:
    """Compare from `after`, an epoch minute, on."""

    expression: str
    zone: str
    after: int


@cache
def changes(zone: str, until: datetime) -> tuple[int, ...]:
    """The epoch minutes from SINCE to `until` at which a zone's offset changes.

    Found by asking the rules at noon of every day, independently of the code under test.
    """
    rules = tzinfo_named(zone)
    found = []
    step = timedelta(days=1)
    at = SINCE + step / 2
    before = at.astimezone(rules).utcoffset()
    while at < until:
        after = (at + step).astimezone(rules).utcoffset()
        if after != before:
            low, high = minute(at), minute(at + step)
            while high - low > 1:
                middle = (low + high) // 2
                same = instant(middle).astimezone(rules).utcoffset() == before
                low, high = (middle, high) if same else (low, middle)
            found.append(high)
        before = after
        at += step
    return tuple(found)


@cache
def changing_zones() -> tuple[str, ...]:
    """Every IANA zone whose offset changes between SINCE and UNTIL."""
    return tuple(zone for zone in sorted(zone_keys()) if changes(zone, UNTIL))


def cases(seed: int, count: int) -> Iterator[Case]:
    """Seeded cases that go round all changing zones, most of them around a change."""
    choose = random.Random(seed)
    zones = changing_zones()
    for number in range(count):
        zone = zones[number % len(zones)]
        if choose.random() < 0.75:
            after = choose.choice(changes(zone, UNTIL)) + choose.randint(-2000, 1500)
        else:
            after = choose.randint(minute(SINCE), minute(UNTIL))
        yield Case(random_expression(choose), zone, after)


def random_expression(choose: random.Random) -> str:
    """An expression of the dialect that occurs; hours of clock changes are the likelier ones."""
    while True:
        text = " ".join(
            (
                _field(choose, 0, 59, wild=0.3, likely=(0, 30, 15, 59, 1)),
                _field(choose, 0, 23, wild=0.35, likely=(0, 1, 2, 3, 23)),
                _field(choose, 1, 31, wild=0.7, likely=(1, 31, 28)),
                _field(choose, 1, 12, wild=0.8, likely=(3, 4, 9, 10, 11)),
                _field(choose, 0, 7, wild=0.65, likely=(0, 5, 6, 7)),
            )
        )
        try:
            parse(text)
        except CronError:
            continue  # never occurs, or a step over a single value
        return text


def _field(
    choose: random.Random, low: int, high: int, *, wild: float, likely: Sequence[int]
) -> str:
    if choose.random() < wild:
        return "*"
    return ",".join(
        _term(choose, low, high, likely) for _ in range(choose.choices((1, 2, 3), (8, 2, 1))[0])
    )


def _term(choose: random.Random, low: int, high: int, likely: Sequence[int]) -> str:
    value = choose.choice(likely) if choose.random() < 0.6 else choose.randint(low, high)
    step = choose.choice((2, 3, 4, 5, 7, 10, 15, 20))
    form = choose.randrange(8)
    if form == 0:
        return f"*/{step}"
    if form == 1:
        return f"{value}-{choose.randint(value, high)}"
    if form == 2:
        return f"{value}-{choose.randint(value, high)}/{step}"
    if form == 3:
        return f"{value}/{step}"
    return str(value)


def expected(case: Case) -> list[int]:
    """What cronsim gives as the first occurrences after the case's instant.

    Started inside a repeated hour, cronsim reads the start as the first of the two times and may
    give occurrences before it: these are no answer to the question and are left out.
    """
    if missteps(case):
        return _first(_on_the_local_clock(case), case.after)
    start = instant(case.after).astimezone(tzinfo_named(case.zone))
    return _first(map(minute, CronSim(case.expression, start)), case.after)


def missteps(case: Case) -> bool:
    """Whether cronsim may step wrongly over a change within a day of the occurrences compared.

    It concerns expressions with a wildcard minute or hour only. cronsim goes on from 00:00 of a
    day in steps of an hour of real time. Where a change skips 00:00, it takes this time, which no
    clock shows, for an occurrence, or misses the hour in its place. Where a change is not made on
    the hour or not by whole hours, it steps over parts of an hour, or never ends.
    """
    minutes, hours, *_ = case.expression.split()
    if not minutes.startswith("*") and not hours.startswith("*"):
        return False
    if case.zone not in _odd_zones():
        return False
    day = 24 * 60
    last = max(_first(_on_the_local_clock(case), case.after), default=case.after)
    return any(case.after - day <= change <= last + day for change in _all_odd(case.zone))


@cache
def _odd_zones() -> frozenset[str]:
    return frozenset(
        zone
        for zone in changing_zones()
        if any(_is_odd(change, tzinfo_named(zone)) for change in changes(zone, UNTIL))
    )


@cache
def _all_odd(zone: str) -> tuple[int, ...]:
    """The changes of a zone that skip 00:00, or are not made on the hour or by whole hours."""
    rules = tzinfo_named(zone)
    return tuple(change for change in changes(zone, UNTIL + HORIZON) if _is_odd(change, rules))


def _is_odd(change: int, rules: tzinfo) -> bool:
    before = _local(change - 1, rules) + timedelta(minutes=1)
    after = _local(change, rules)
    midnight = after.replace(hour=0, minute=0)
    return before <= midnight < after or before.minute != 0 or after.minute != 0


def _on_the_local_clock(case: Case) -> Iterator[int]:
    rules = tzinfo_named(case.zone)
    edges = [
        case.after + 1,
        *(c for c in changes(case.zone, UNTIL + HORIZON) if c > case.after + 1),
    ]
    for start, end in zip(edges, [*edges[1:], None], strict=True):
        local = _local(start, rules)
        until = None if end is None else _local(end - 1, rules)
        for occurrence in CronSim(case.expression, local - timedelta(seconds=1)):
            if until is not None and occurrence > until:
                break
            yield start + (occurrence - local) // timedelta(minutes=1)


def _local(at: int, rules: tzinfo) -> datetime:
    return instant(at).astimezone(rules).replace(tzinfo=None)


def _first(occurrences: Iterator[int], after: int) -> list[int]:
    last = after + HORIZON // timedelta(minutes=1)
    near = itertools.takewhile(lambda at: at <= last, occurrences)
    return list(itertools.islice((at for at in near if at > after), FOLLOWED))


def actual(case: Case) -> list[int]:
    """What this package gives for the same."""
    timetable = Timetable((parse(case.expression),), case.zone)
    return _first(_following(timetable, case.after), case.after)


def _following(timetable: Timetable, after: int) -> Iterator[int]:
    following = timetable.next(after)
    while following is not None:
        yield following
        following = timetable.next(following)
