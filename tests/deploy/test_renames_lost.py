"""The Volume or the generation is lost after a rename: occurrences keep the names they had.

A claim is keyed by the name that an occurrence has. Where a repair gave it another one, a wake that
looks at it again would start it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cron import minute
from reconciler.deploy.apply import Step
from reconciler.deploy.fakes import FakeFiles
from reconciler.manifest import Schedule
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.generation import Generation, generation_path
from reconciler.model.pointer import POINTER_PATH, PROTECTED_KEY
from reconciler.model.schedule_record import ScheduleRecord
from tests.deploy.scenario import World
from tests.plan.scenario import schedules

NAMES = ("a", "b", "c", "d")


def named(name: str, *formerly: str) -> tuple[Schedule, ...]:
    """The one schedule of a repository, under one of its names."""
    earlier = f"\nformerly: [{', '.join(formerly)}]" if formerly else ""
    return schedules(f'name: {name}\nschedule: "* * * * *"{earlier}')


def lose_the_volume(world: World) -> None:
    world.files.delete()
    world.files.make()


def lose_the_generation(world: World) -> None:
    for path in [path for path in world.files.files if path.startswith(generation_path("")[:12])]:
        del world.files.files[path]


LOSSES = pytest.mark.parametrize("lose", [lose_the_volume, lose_the_generation])


def now(world: World) -> int:
    return minute(world.clock.now())


def wake(world: World, generation: Generation) -> None:
    """A wake has read this generation, and come up to now."""
    cursor = Cursor(through=now(world), generation=generation.digest, number=generation.number)
    world.claims.entries[CURSOR_KEY] = cursor.to_json()


def only(generation: Generation) -> ScheduleRecord:
    (record,) = generation.records
    return record


@st.composite
def renames(draw: st.DrawFn) -> list[tuple[str, int, bool]]:
    """Names that a schedule has one after the other, the hours for which it bears each, and whether
    the next manifest names all of the earlier ones."""
    chosen = draw(st.permutations(NAMES))[: draw(st.integers(1, 4))]
    return [(name, draw(st.integers(1, 30)), draw(st.booleans())) for name in chosen]


@LOSSES
@settings(deadline=None, max_examples=25)
@given(lived=renames(), renamed_again=st.booleans(), whole=st.booleans())
def test_each_occurrence_is_claimed_under_one_name(
    lose: Callable[[World], None],
    lived: list[tuple[str, int, bool]],
    renamed_again: bool,
    whole: bool,
) -> None:
    world, earlier = World(), list[str]()
    begun = now(world)
    for name, hours, lists_all in lived:
        given_names = earlier[::-1] if lists_all else earlier[-1:]
        plan = world.apply(named(name, *given_names))
        wake(world, plan.generation)
        earlier.append(name)
        world.later(hours=hours)
    before = only(plan.generation)
    lose(world)
    last = (
        named("e", *(earlier[::-1] if whole else earlier[-1:]))
        if renamed_again
        else named(lived[-1][0], *(earlier[-2::-1] if whole else earlier[-2:-1]))
    )
    repaired = only(world.apply(last).generation)
    lost = [
        (before.occurrence(at).id, repaired.occurrence(at).id)
        for at in range(begun - 60, now(world) + 1, 30)
        if before.occurrence(at) != repaired.occurrence(at)
    ]
    assert lost == []


@LOSSES
def test_a_rollback_that_repairs_gives_the_name_back_only_from_then_on(
    lose: Callable[[World], None],
) -> None:
    world = World()
    world.apply(named("old"))
    world.later(hours=2)
    before = only(world.apply(named("new", "old")).generation)
    world.later(hours=2)
    lose(world)
    repaired = only(world.apply(named("old")).generation)
    times = range(now(world) - 240, now(world), 30)
    assert [repaired.occurrence(at) for at in times] == [before.occurrence(at) for at in times]
    assert repaired.occurrence(now(world) + 60).name == "old"


class CutShortError(Exception):
    """The apply dies."""


class DyingFiles(FakeFiles):
    """A Volume before which the apply dies that wants to write the pointer."""

    async def write(self, path: str, content: bytes) -> None:
        if path == POINTER_PATH:
            raise CutShortError
        await super().write(path, content)


@pytest.mark.parametrize("flipped", [False, True])
@LOSSES
def test_an_apply_that_was_cut_short_counts_once_it_has_written_the_pointer(
    lose: Callable[[World], None], flipped: bool
) -> None:
    world = World()
    first = world.apply(named("old"))
    world.later(hours=2)
    plan = world.plan(named("new", "old"))

    def die(step: Step) -> None:
        if step is Step.SET_TAGS:
            raise CutShortError

    kept = world.files
    if not flipped:
        world.files = DyingFiles(kept.files, id=kept.id)
    with pytest.raises(CutShortError):
        world.carry_out(plan, die)
    world.files = kept
    before = (plan if flipped else first).generation
    wake(world, before)
    world.later(hours=3)
    lose(world)
    repaired = only(world.apply(named("new", "old")).generation)
    times = range(now(world) - 300, now(world), 30)
    assert [repaired.occurrence(at) for at in times] == [
        only(before).occurrence(at) for at in times
    ]


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {"format": 1, "names": [], "schedules": 1},
        {"format": 1, "names": [], "schedules": 1, "renames": "hello"},
        {"format": 1, "names": [], "schedules": 1, "renames": {"x": {"new": [["old"]]}}},
        {"format": 1, "names": [], "schedules": 1, "renames": {"x": {"new": [["old", 7]]}}},
    ],
    ids=["missing", "of an earlier version", "text", "cut", "a wrong time"],
)
def test_where_the_entry_does_not_tell_the_repair_goes_on_without(
    entry: dict[str, object] | None,
) -> None:
    world = World()
    world.apply(named("old"))
    world.apply(named("new", "old"))
    if entry is None:
        del world.claims.entries[PROTECTED_KEY]
    else:
        world.claims.entries[PROTECTED_KEY] = entry
    world.later(hours=2)
    lose_the_volume(world)
    assert only(world.apply(named("new", "old")).generation).formerly == ()
    assert world.plan(named("new", "old")).empty


def test_an_apply_leaves_the_renames_of_what_is_live_alone() -> None:
    world = World()
    world.apply(named("a"))
    world.apply(named("b", "a"))
    plan = world.apply(named("c", "b", "a"))
    entry = asyncio.run(world.claims.get(PROTECTED_KEY))
    assert entry is not None
    assert list(entry["renames"]) == [plan.generation.digest]
    assert [old for old, _last in entry["renames"][plan.generation.digest]["c"]] == ["a", "b"]
