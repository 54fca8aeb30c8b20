"""Old records and generations go with an apply; nothing that may be needed ever does.

The invariant holds after every single call that an apply makes, also of one that is killed there,
and of one that lies still there while its lease runs out and another applies.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.deploy.apply import Step, apply, prepare
from reconciler.deploy.lease import LEASE_TIME
from reconciler.deploy.ports import Workspace
from reconciler.deploy.pruning import REMOVED_AT_MOST, SHORTEST, Pruning
from reconciler.dispatch.answers import UnavailableError
from reconciler.errors import ReconcileError
from reconciler.model.applied import APPLIES_FOLDER, Applied, applied_path
from reconciler.model.generation import generation_path
from reconciler.model.pointer import decode_pointer
from reconciler.model.runs_file import format_time
from tests.deploy.scenario import SOMEBODY, World
from tests.plan.scenario import desired, hourly

HISTORY = timedelta(days=8)
CHOICES: list[tuple[Any, dict[str, Any]]] = [
    (hourly("a", "b"), {}),
    (hourly("a", "b"), {"punctuality": timedelta(minutes=7)}),
    (hourly("a", "b", "c"), {}),
]
"""What can be declared. Between the first two, one comes back to the very same generation."""


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Seen:
    """The Volume over time, and what must be true of it after every call."""

    world: World
    live_until: dict[str, datetime] = field(default_factory=dict)
    records: dict[str, datetime] = field(default_factory=dict)

    def check(self) -> None:
        files, now = self.world.files.files, self.world.clock.now()
        records = {path for path in files if path.startswith("applies/")}
        for path in records:
            self.records.setdefault(path, now)
            named = Applied.decode(files[path], path).pointer.generation
            assert generation_path(named) in files, f"{path} names a generation that is gone"
        for path, written in self.records.items():
            assert path in records or now - written > HISTORY, f"{path} went too early"
        if "current.json" not in files:
            return
        pointer = decode_pointer(files["current.json"])
        self.live_until[pointer.generation] = now
        assert applied_path(pointer) in files, "the record of what is live"
        if pointer.previous is not None:
            assert generation_path(pointer.previous) in files, "what was live before"
        for digest, until in self.live_until.items():
            if now - until <= SHORTEST:
                assert generation_path(digest) in files, "what a wake may still be reading"


@dataclass
class Disturbed:
    """A port; after each call of the process that uses it something may happen."""

    port: Any
    after_call: Callable[[str], None]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.port, name)

        async def call(*arguments: Any) -> Any:
            result = await method(*arguments)
            self.after_call(name)
            return result

        return call


Call = tuple[str, int]
"""The name of a call, and the how many-th of that name it is in an apply."""


@dataclass(frozen=True)
class Stride:
    """Some time passes, then somebody applies.

    Attributes:
        killed: the call after which the process is gone, None for none.
        overtaken: the call after which it lies still until its lease has run out, and another
            applies; None for none.
    """

    passes: timedelta
    choice: int
    killed: Call | None
    overtaken: Call | None
    by: int


HOUR = timedelta(hours=1)
CALLS = st.tuples(
    st.sampled_from(["written", "remove", "write", "set_tags", "deployed", "put"]),
    st.integers(1, 3),
)
CHOSEN = st.integers(0, len(CHOICES) - 1)
STRIDES = st.builds(
    Stride,
    st.sampled_from([HOUR, 2 * HOUR, HISTORY / 2, HISTORY - HOUR, HISTORY + HOUR]),
    CHOSEN,
    st.none() | CALLS,
    st.none() | CALLS,
    CHOSEN,
)


def take(seen: Seen, stride: Stride) -> None:
    later(seen.world, stride.passes)
    calls: Counter[str] = Counter()
    dead = False

    def after_call(name: str) -> None:
        nonlocal dead
        seen.check()
        calls[name] += 1
        this = (name, calls[name])
        dead = dead or this == stride.killed
        if dead:
            raise Killed
        if this == stride.overtaken:
            later(seen.world, LEASE_TIME + timedelta(minutes=1))
            with ThreadPoolExecutor(1) as other:
                other.submit(applied, seen, stride.by).result()

    with suppress(Killed, ReconcileError):
        applied(seen, stride.choice, after_call)


def applied(seen: Seen, choice: int, after_call: Callable[[str], None] | None = None) -> str | None:
    """Plan and apply one of the choices."""
    world = seen.world
    disturb = after_call or (lambda _: seen.check())
    workspace = Workspace(
        Disturbed(world.apps, disturb),
        Disturbed(world.files, disturb),
        Disturbed(world.claims, disturb),
        world.clock,
        world.checkout,
    )
    given_, options = CHOICES[choice]

    async def job() -> str | None:
        plan = await prepare(workspace, desired(given_, history=HISTORY, **options))
        return await apply(workspace, plan, SOMEBODY, lambda _: None)

    return asyncio.run(job())


def later(world: World, time: timedelta) -> None:
    world.clock.time += time
    world.files.now = format_time(world.clock.time)


LAY_STILL = Stride(HOUR, 0, None, ("write", 2), 0)
"""One whose record is older than that of the apply which it then undoes."""


@settings(max_examples=60)
@example([LAY_STILL, Stride(HISTORY - HOUR, 1, None, None, 0), Stride(HOUR, 0, None, None, 0)])
@given(st.lists(STRIDES, min_size=2, max_size=9))
def test_nothing_that_is_live_was_before_or_is_named_is_ever_removed(strides: list[Stride]) -> None:
    seen = Seen(World())
    for stride in strides:
        take(seen, stride)
    # And what is old does go, whatever has happened before.
    for choice in (0, 2, 1):
        later(seen.world, HISTORY + HOUR)
        applied(seen, choice)
    assert len(of(seen.world, "applies")) == 1
    assert len(of(seen.world, "generations")) <= 3, (
        "what is live, what was, and what no record named"
    )


def of(world: World, folder: str) -> list[str]:
    return [path for path in world.files.files if path.startswith(f"{folder}/")]


def apply_choice(world: World, choice: int) -> None:
    given_, options = CHOICES[choice]
    world.apply(given_, history=HISTORY, **options)


def days(world: World, *choices: int, each: float = 1) -> None:
    """Apply these, one every so many days."""
    for choice in choices:
        apply_choice(world, choice)
        later(world, timedelta(days=each))


def test_records_older_than_the_history_go_and_their_generations_with_them() -> None:
    world = World()
    days(world, 2, 0, 2, 0)
    first, second, *later_ones = sorted(of(world, "applies"))
    generations = dict.fromkeys(of(world, "generations"))
    oldest = Applied.decode(world.files.files[first], first).pointer.generation
    later(world, HISTORY - timedelta(days=2, hours=1))
    apply_choice(world, 2)
    kept = of(world, "applies")
    assert {first, second}.isdisjoint(kept)
    assert set(later_ones) < set(kept)
    left = of(world, "generations")
    assert set(generations) - set(left) == {generation_path(oldest)}, (
        "the second one was live before the oldest record that is kept"
    )


def test_what_was_live_until_a_moment_ago_stays_however_old_it_is() -> None:
    world = World()
    apply_choice(world, 0)
    old = decode_pointer(world.files.files["current.json"]).generation
    (record,) = of(world, "applies")
    later(world, HOUR)
    # Of an apply that was killed before it flipped the pointer.
    interrupted = record.replace("T15:00:00Z", "T16:00:00Z")
    asyncio.run(world.files.write(interrupted, world.files.files[record]))
    later(world, HISTORY - HOUR / 2)
    apply_choice(world, 1)
    later(world, HOUR)
    apply_choice(world, 2)
    assert interrupted not in of(world, "applies"), "so that there was something to remove"
    assert generation_path(old) in world.files.files, "a wake may have read the pointer before"


@pytest.mark.parametrize("call", [("written", 1), ("written", 2), ("remove", 1), ("remove", 2)])
def test_who_lies_still_until_another_has_applied_removes_nothing_any_more(call: Call) -> None:
    seen = Seen(World())
    for choice in (0, 1):
        applied(seen, choice)
        later(seen.world, HOUR)
    first = min(seen.live_until, key=lambda digest: seen.live_until[digest])
    take(seen, Stride(HISTORY + HOUR, 2, None, call, 0))
    assert decode_pointer(seen.world.files.files["current.json"]).generation == first
    assert generation_path(first) in seen.world.files.files, "it is live again"


def test_an_apply_with_nothing_to_remove_looks_once_and_takes_no_step_for_it() -> None:
    world = World()
    steps: list[Step] = []
    looks: list[str] = []

    class Counted(Disturbed):
        def __getattr__(self, name: str) -> Any:
            looks.append(name)
            return super().__getattr__(name)

    days(world, 0)
    plan = world.plan(CHOICES[2][0])
    files: Any = Counted(world.files, lambda _: None)
    workspace = Workspace(world.apps, files, world.claims, world.clock, world.checkout)
    assert asyncio.run(apply(workspace, plan, SOMEBODY, steps.append)) is None
    assert looks.count("written") == 1
    assert "remove" not in looks
    assert Step.PRUNE not in steps


def test_what_could_not_be_removed_is_reported_and_left_to_the_next_apply() -> None:
    world = World()
    days(world, 0, each=100)

    class Unwilling(Disturbed):
        async def remove(self, path: str) -> None:
            raise UnavailableError(f"no answer about {path}")

    files: Any = Unwilling(world.files, lambda _: None)
    workspace = Workspace(world.apps, files, world.claims, world.clock, world.checkout)
    plan = world.plan(CHOICES[2][0], history=HISTORY)
    told = asyncio.run(apply(workspace, plan, SOMEBODY, lambda _: None))
    assert told is not None
    assert told.startswith(
        "records of old applies are still there, and left to the next apply: no answer about "
    )
    assert len(of(world, "applies")) == 2
    assert world.plan(CHOICES[2][0], history=HISTORY).empty, "it is applied all the same"
    later(world, HOUR)
    apply_choice(world, 0)
    assert len(of(world, "applies")) == 2, "the old one is gone, and this is one more"


def test_a_clock_that_is_years_ahead_removes_nothing_that_is_young() -> None:
    world = World()
    days(world, 0, 2)
    before = {*of(world, "applies"), *of(world, "generations")}
    world.clock.time += timedelta(days=1000)
    world.apply(CHOICES[0][0], history=HISTORY)
    assert before < set(world.files.files)


def test_one_apply_removes_a_bounded_number_of_records_and_the_next_ones_the_rest() -> None:
    world = World()
    days(world, 0, each=0)
    record = world.files.files[of(world, "applies")[0]]
    for number in range(REMOVED_AT_MOST + 50):
        path = f"applies/2026-11-{number // 60 + 1:02}T00:00:{number % 60:02}Z-{'0' * 12}.json"
        asyncio.run(world.files.write(path, record))
    later(world, timedelta(days=100))
    world.apply(CHOICES[2][0])
    assert len(of(world, "applies")) == 52
    later(world, timedelta(days=1))
    world.apply(CHOICES[0][0])
    assert len(of(world, "applies")) == 2


def test_of_more_old_records_than_one_apply_removes_the_oldest_go_first() -> None:
    world = World()
    world.apply(hourly("a"))
    live = decode_pointer(world.files.files["current.json"])

    async def hold() -> None:
        return None

    pruning = Pruning(world.files, world.clock, live, timedelta(0), hold)
    ages = [timedelta(hours=hours) for hours in (25, 240, 36, 23)]
    times = [format_time(world.clock.now() - age) for age in ages]
    written = {f"{APPLIES_FOLDER}/{at}-{'0' * 12}.json": at for at in times}
    paths = list(written)
    assert pruning.old_records(written, world.clock.now()) == [paths[1], paths[2], paths[0]]


async def _held() -> None:
    return None


def pruning(world: World, keep: timedelta = timedelta(0)) -> Pruning:
    live = decode_pointer(world.files.files["current.json"])
    return Pruning(world.files, world.clock, live, keep, _held)


def written(world: World, folder: str, ending: str, *ages: timedelta) -> dict[str, str]:
    """Files of ours of these ages."""
    times = [format_time(world.clock.now() - age) for age in ages]
    if folder == APPLIES_FOLDER:
        return {f"{folder}/{at}-{number:012}{ending}": at for number, at in enumerate(times)}
    return {f"{folder}/{number:064}{ending}": at for number, at in enumerate(times)}


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        (timedelta(0), timedelta(days=1)),
        (timedelta(hours=23), timedelta(days=1)),
        (timedelta(days=90), timedelta(days=90)),
    ],
)
def test_what_is_as_old_as_the_history_stays_and_a_second_older_goes(
    keep: timedelta, kept: timedelta
) -> None:
    world = World()
    world.apply(hourly("a"))
    plan, second = pruning(world, keep), timedelta(seconds=1)
    now = world.clock.now()
    records = written(world, APPLIES_FOLDER, ".json", kept - second, kept, kept + second)
    assert plan.old_records(records, now) == list(records)[2:]
    generations = written(world, "generations", ".jsonl", kept - second, kept, kept + second)
    assert plan.old_generations(generations, now, frozenset()) == list(generations)[2:]
    named = frozenset({list(generations)[2].partition("/")[2][:12]})
    assert plan.old_generations(generations, now, named) == []


def test_the_record_of_the_live_apply_is_never_old() -> None:
    world = World()
    world.apply(hourly("a"))
    plan = pruning(world)
    own = applied_path(plan.live)
    assert plan.old_records({own: "2020-01-01T00:00:00Z"}, world.clock.now()) == []


def test_one_apply_removes_200_records_and_200_generations_at_most() -> None:
    world = World()
    world.apply(hourly("a"))
    plan, now = pruning(world), world.clock.now()
    ages = [timedelta(days=2, seconds=each) for each in range(201)]
    assert len(plan.old_records(written(world, APPLIES_FOLDER, ".json", *ages), now)) == 200
    generations = written(world, "generations", ".jsonl", *ages)
    assert len(plan.old_generations(generations, now, frozenset())) == 200


def test_the_live_generation_the_one_before_and_those_of_kept_records_are_named() -> None:
    world = World()
    first = world.apply(hourly("a")).generation.digest
    world.later(hours=30)
    second = world.apply(hourly("a", "b")).generation.digest
    (old, new) = sorted(of(world, APPLIES_FOLDER))
    at = {old: "2026-11-20T15:00:00Z", new: "2026-11-21T21:00:00Z"}
    plan = pruning(world)
    named = asyncio.run(plan.named(at, world.clock.now()))
    assert named == {first[:12], second[:12]}
    alone = Pruning(
        world.files, world.clock, replace(plan.live, previous=None), timedelta(0), _held
    )
    assert asyncio.run(alone.named({}, world.clock.now())) == {second[:12]}
    # The record of the last day says what its apply found live; an older one does not count.
    for age, found in ((timedelta(days=1), True), (timedelta(days=1, seconds=1), False)):
        when = {new: format_time(world.clock.now() - age)}
        assert (first[:12] in asyncio.run(alone.named(when, world.clock.now()))) is found


def test_no_removal_begins_once_the_time_is_up() -> None:
    world = World()
    world.apply(hourly("a"))
    (record,) = of(world, APPLIES_FOLDER)
    plan, now = pruning(world), world.clock.now()
    asyncio.run(plan.remove([record], now))
    assert of(world, APPLIES_FOLDER) == [record]
    asyncio.run(plan.remove([record], now + timedelta(seconds=1)))
    assert of(world, APPLIES_FOLDER) == []


def test_files_that_are_none_of_ours_stay() -> None:
    world = World()
    days(world, 0, each=0)
    theirs = ("applies/notes.json", "generations/notes.jsonl", f"generations/{'a' * 64}.jsonl.bak")
    for path in theirs:
        asyncio.run(world.files.write(path, b"kept"))
    later(world, timedelta(days=200))
    days(world, 2, each=200)
    days(world, 0)
    assert set(theirs) < set(world.files.files)


@pytest.mark.parametrize("content", [b"{", b""])
def test_where_a_record_of_the_last_day_is_damaged_nothing_is_removed(content: bytes) -> None:
    world = World()
    days(world, 0, each=8)
    apply_choice(world, 2)
    (newest,) = sorted(of(world, "applies"))[-1:]
    world.files.files[newest] = content
    before = set(world.files.files)
    later(world, 2 * HOUR)
    told = asyncio.run(
        apply(world.workspace, world.plan(CHOICES[0][0], history=HISTORY), SOMEBODY, lambda _: None)
    )
    assert told is not None
    assert f"{newest}: is not the record of an apply" in told
    assert before < set(world.files.files)
