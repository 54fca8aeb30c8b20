"""Whichever wakes come, with whatever clocks and generations: nothing that is due is passed over.

A model of many wakes over the real cursor. Each schedule is due in every minute; a wake looks at
the minutes that its horizon gives it, and what was looked at stands for what its claims answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.model.cursor import CLOCK_TOLERANCE, DOUBTED_LOOKBACK, RELOOK, Cursor, Lookback

START = 29_919_000
"""The epoch minute at which the first apply is made."""
DAY = 24 * 60
NEW_KEYS = ("number", "reached")
"""Keys of the cursor's entry that the previous version does not know, and drops."""


class Begun(NamedTuple):
    """A schedule: when it really began, and what the generation says of that."""

    true: int
    anchor: int
    number: int


class Live(NamedTuple):
    """A generation, and the true minute from which on it is live."""

    since: int
    digest: str
    schedules: Mapping[str, Begun]

    @property
    def known(self) -> int:
        return max(one.anchor for one in self.schedules.values())

    @property
    def number(self) -> int:
        return max(one.number for one in self.schedules.values())


class Apply(NamedTuple):
    """One apply: minutes after the one before, by how much its clock is ahead, what begins."""

    later: int
    skew: int
    begins: frozenset[str]


class Wake(NamedTuple):
    """One wake: minutes after the one before began, clock, age of what it reads, how long it takes.

    Attributes:
        previous: whether it is a wake of the previous version.
    """

    later: int
    skew: int
    stale: int
    takes: int
    previous: bool = False


@dataclass
class World:
    """The cursor's entry, and what was looked at; ``rightly`` by wakes whose clocks were right.

    Both are by the schedule's name and when it began: what a wake looked at before that is another
    schedule's.
    """

    applied: Sequence[Live]
    entry: dict[str, Any] = field(default_factory=lambda: Cursor().to_json())
    looked: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    rightly: dict[tuple[str, int], set[int]] = field(default_factory=dict)

    def live(self, at: int) -> Live:
        return [one for one in self.applied if one.since <= at or one is self.applied[0]][-1]

    def read(self) -> Cursor:
        return Cursor.from_json(self.entry)

    def look(self, wake: Wake, at: int) -> tuple[Live, int]:
        """Look at what is due, as a wake that begins at a true minute."""
        live, now = self.live(at - wake.stale), at + wake.skew
        cursor = self.read()
        rule = previous_horizon if wake.previous else Cursor.lookback
        lookback = rule(cursor, now, live.digest)
        for name, begun in live.schedules.items():
            since = lookback.of(begun.anchor, 0 if wake.previous else begun.number)
            minutes = range(max(since, START) + 1, now + 1)
            self.looked.setdefault((name, begun.true), set()).update(minutes)
            if wake.skew == 0:
                self.rightly.setdefault((name, begun.true), set()).update(minutes)
        return live, now

    def write(self, wake: Wake, read: Live, through: int, now: int) -> None:
        """Write the cursor, as a wake that had looked that far and whose clock says ``now``."""
        mine = Cursor(through=through, generation=read.digest, known=read.known, number=read.number)
        if wake.previous:
            merged = previous_merge(self.read(), mine, through).to_json()
            self.entry = {key: merged[key] for key in merged if key not in NEW_KEYS}
        else:
            self.entry = self.read().merge(mine, now=now, settled=(), ended=()).to_json()

    def play(self, wakes: Iterable[Wake], begin: int) -> int:
        """Let wakes come; those that take long write after others that began later."""
        writing: list[tuple[int, int, Wake, Live, int]] = []
        at = begin
        for number, wake in enumerate(wakes):
            at += wake.later
            self.write_until(writing, at)
            read, through = self.look(wake, at)
            writing.append((at + wake.takes, number, wake, read, through))
        self.write_until(writing, at + DAY)
        return at

    def write_until(self, writing: list[tuple[int, int, Wake, Live, int]], at: int) -> None:
        for item in sorted(writing, key=lambda item: item[:2]):
            when, _, wake, read, through = item
            if when <= at:
                self.write(wake, read, through, when + wake.skew)
                writing.remove(item)


def previous_horizon(cursor: Cursor, now: int, generation: str) -> Lookback:
    """Where a wake of version 0.1.0 begins to look."""
    if cursor.through is None:
        return Lookback(now - 31 * DAY)
    if cursor.through > now + CLOCK_TOLERANCE:
        return Lookback(now - DOUBTED_LOOKBACK)
    since = min(cursor.through, now)
    if generation == cursor.generation:
        return Lookback(since)
    return Lookback(since, now - RELOOK if cursor.known is None else cursor.known)


def previous_merge(found: Cursor, mine: Cursor, now: int) -> Cursor:
    """What a wake of version 0.1.0 makes of a cursor that it finds."""
    assert mine.through is not None
    if found.through is None or found.through > now + CLOCK_TOLERANCE:
        return mine
    if found.through < mine.through:
        return mine
    if found.through == mine.through and found.generation != mine.generation:
        unknown = found.known is None or mine.known is None
        known = None if unknown else max(found.known or 0, mine.known or 0)
        return Cursor(through=found.through, known=known)
    return found


def applied(applies: Sequence[Apply], previous: int) -> list[Live]:
    """The generations, of which version 0.1.0 made the first ones: with ordered anchors."""
    found: list[Live] = []
    schedules: dict[str, Begun] = {}
    at = START
    for number, apply in enumerate(applies, start=1):
        at += apply.later
        if number <= previous:
            newest = max((one.anchor for one in schedules.values()), default=0)
            begun = Begun(at, max(at, newest + 1), 0)
        else:
            now = at + apply.skew
            begun = Begun(at, now, number)
            for name, one in schedules.items():
                if one.anchor > now + CLOCK_TOLERANCE:
                    schedules[name] = begun
        schedules |= dict.fromkeys(apply.begins, begun)
        found.append(Live(at, f"g{number}", dict(schedules)))
    return found


names = st.frozensets(st.sampled_from("abc"), min_size=1)
applies = st.lists(
    st.builds(
        Apply,
        later=st.integers(0, 90),
        skew=st.sampled_from((0, 0, -5, 9, -3 * DAY, 2 * DAY, 30)),
        begins=names,
    ),
    min_size=1,
    max_size=5,
)
wakes = st.lists(
    st.builds(
        Wake,
        later=st.integers(0, 40),
        skew=st.sampled_from((0, 0, 0, 1, -1, 9, -9, 120, -120)),
        stale=st.integers(0, 10),
        takes=st.integers(0, 5),
        previous=st.booleans(),
    ),
    max_size=14,
)


@settings(max_examples=400, deadline=None)
@example(  # a wake of the previous version goes by the anchor, which a clock has set that is behind
    made=[Apply(0, 0, frozenset("abc")), Apply(10, -3 * DAY, frozenset("a"))],
    previous=0,
    coming=[Wake(15, 0, 10, 0), Wake(1, 0, 0, 0, previous=True)],
)
@given(applies, st.integers(0, 5), wakes)
def test_nothing_is_passed_over_whatever_the_clocks_versions_and_generations_of_wakes(
    made: list[Apply], previous: int, coming: list[Wake]
) -> None:
    generations = applied([made[0]._replace(begins=frozenset("abc")), *made[1:]], previous)
    world = World(generations)
    at = world.play(coming, START)
    last = max(at, generations[-1].since) + 60
    world.play([Wake(0, 0, 0, 0), Wake(1, 0, 0, 0)], last)
    for name, begun in generations[-1].schedules.items():
        owed = set(range(max(begun.true, begun.anchor, START) + 1, last + 1))
        passed_over = owed - world.looked[name, begun.true]
        assert not passed_over, (name, sorted(passed_over)[:5])


OLD: Mapping[str, Begun] = {"a": Begun(START - 9 * DAY, START - 9 * DAY, 1)}
"""One schedule that has been live for long."""


@given(ahead=st.integers(1, 3 * DAY), coming=st.lists(st.integers(1, 90), min_size=1, max_size=8))
@example(ahead=11, coming=[1])
def test_once_a_wake_has_found_the_cursor_ahead_all_that_is_due_later_is_looked_at(
    ahead: int, coming: list[int]
) -> None:
    cursor = Cursor(through=START + ahead, generation="g1", known=START, number=1)
    world = World([Live(START, "g1", OLD)], cursor.to_json())
    last = world.play([Wake(later, 0, 0, 0) for later in coming], START)
    if coming[0] < ahead:
        assert set(range(START + coming[0] + 1, last + 1)) <= world.looked["a", OLD["a"].true]


@given(
    ahead=st.integers(2, CLOCK_TOLERANCE),
    coming=st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=12),
)
def test_a_container_that_is_minutes_ahead_for_hours_hides_nothing_from_the_others(
    ahead: int, coming: list[tuple[int, bool]]
) -> None:
    cursor = Cursor(through=START, generation="g1", known=START, number=1)
    world = World([Live(START, "g1", OLD)], cursor.to_json())
    # After each wake of the container that is ahead, one comes that finds its cursor ahead.
    world.play(
        [
            wake
            for later, is_ahead in coming
            for wake in (
                *([Wake(0, ahead, 0, 0)] if is_ahead else []),
                Wake(min(later, ahead - 1), 0, 0, 0),
            )
        ],
        START,
    )
    last = START + sum(min(later, ahead - 1) for later, _ in coming)
    assert set(range(START + 1, last + 1)) <= world.rightly["a", OLD["a"].true]


cursors = st.builds(
    Cursor,
    through=st.integers(START, START + 200),
    generation=st.sampled_from(("g1", "g2", None)),
    known=st.one_of(st.none(), st.integers(START - 100, START + 100)),
    number=st.one_of(st.none(), st.integers(0, 4)),
)


@settings(max_examples=500)
@given(
    found=cursors,
    mine=cursors,
    read=st.sampled_from(("g1", "g2", "g3")),
    anchor=st.integers(START - 200, START + 200),
    number=st.integers(0, 5),
)
def test_two_cursors_together_vouch_for_no_more_than_one_of_them_does(
    found: Cursor, mine: Cursor, read: str, anchor: int, number: int
) -> None:
    """Of any schedule in any generation: so each of the two may have read what it will."""
    now = START + 300
    merged = found.merge(mine, now=now, settled=(), ended=())

    def vouched(cursor: Cursor) -> int:
        return cursor.lookback(now, read).of(anchor, number)

    assert vouched(merged) <= max(vouched(found), vouched(mine))
    assert merged.reached == max(found.through or 0, mine.through or 0)
