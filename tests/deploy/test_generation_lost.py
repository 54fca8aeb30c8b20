"""The generation of the last apply is removed or edited: it is rebuilt, nothing is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import minute
from reconciler.deploy.apply import RefusedPlanError
from reconciler.model.applied import APPLIES_FOLDER
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.generation import generation_path
from reconciler.model.pointer import POINTER_PATH
from reconciler.model.stored_generation import decode_generation
from reconciler.plan import Touch
from tests.deploy.scenario import World
from tests.plan.scenario import hourly, schedules, told

AB = hourly("a", "b")
KEPT = schedules('name: kept\nschedule: "0 * * * *"\nprotect: true')
THREE = minute(datetime(2026, 11, 20, 15, 0, tzinfo=UTC))


def removed(world: World, path: str) -> None:
    del world.files.files[path]


def edited(world: World, path: str) -> None:
    world.files.files[path] = world.files.files[path].replace(b"sync", b"evil")


def garbage(world: World, path: str) -> None:
    world.files.files[path] = b"\x00\xff"


DAMAGES = pytest.mark.parametrize("damage", [removed, edited, garbage])


def lose(world: World, digest: str, damage: Callable[[World, str], None] = removed) -> None:
    damage(world, generation_path(digest))


@DAMAGES
def test_a_lost_generation_is_rebuilt_and_counts_from_the_last_wake(
    damage: Callable[[World, str], None],
) -> None:
    world = World()
    first = world.apply(AB)
    world.claims.entries[CURSOR_KEY] = Cursor(
        through=THREE + 60, generation=first.generation.digest, known=THREE
    ).to_json()
    lose(world, first.generation.digest, damage)
    world.later(hours=5)
    plan = world.apply(AB)
    assert plan.changes == ()
    assert all(record.anchor <= THREE + 60 for record in plan.generation.records)
    assert world.plan(AB).empty


@DAMAGES
def test_where_no_wake_came_since_the_apply_everything_since_the_apply_counts(
    damage: Callable[[World, str], None],
) -> None:
    world = World()
    lose(world, world.apply(AB).generation.digest, damage)
    world.later(hours=5)
    plan = world.plan(AB)
    assert {record.anchor for record in plan.generation.records} == {THREE}


def lose_the_record(world: World) -> None:
    for path in [path for path in world.files.files if path.startswith(APPLIES_FOLDER)]:
        del world.files.files[path]


def damage_the_pointer(world: World) -> None:
    world.files.files[POINTER_PATH] = b"{"


@pytest.mark.parametrize("damage", [lose_the_record, damage_the_pointer])
def test_the_pointer_and_the_record_each_tell_alone_when_the_last_apply_was(
    damage: Callable[[World], None],
) -> None:
    world = World()
    lose(world, world.apply(AB).generation.digest)
    damage(world)
    world.later(hours=5)
    plan = world.plan(AB)
    assert {record.anchor for record in plan.generation.records} == {THREE}


def test_a_damaged_pointer_beside_a_stopped_app_is_not_taken_for_a_first_apply() -> None:
    world = World()
    world.apply(AB)
    world.apps.stop(Touch("mallory", "2026-11-20T15:30:00Z"))
    damage_the_pointer(world)
    world.later(hours=5)
    plan = world.plan(AB)
    assert plan.changes == ()
    assert {record.anchor for record in plan.generation.records} == {THREE}


def test_a_schedule_that_is_new_in_git_begins_with_the_repair() -> None:
    world = World()
    lose(world, world.apply(AB).generation.digest)
    world.later(hours=5)
    plan = world.plan(hourly("a", "b", "c"))
    assert told(plan)[0] == ("create", "schedule", "c")
    assert plan.generation.by_name["c"].anchor == THREE + 300
    assert plan.generation.by_name["a"].anchor == THREE


def test_a_rebuilt_schedule_bears_the_time_of_the_repair_until_it_begins_anew() -> None:
    world = World()
    lose(world, world.apply(AB).generation.digest)
    world.later(hours=5)
    plan = world.apply(hourly("a", "b", "c"))
    rebuilt = {"a": THREE + 300, "b": THREE + 300}
    assert plan.generation.rebuilt == rebuilt
    stored = world.files.files[generation_path(plan.generation.digest)]
    assert decode_generation(stored, "generation").rebuilt == rebuilt
    assert world.plan(hourly("a", "b", "c")).empty
    world.later(hours=1)
    renamed = schedules(
        'name: new\nformerly: a\nschedule: "0 * * * *"\n---\nname: b\nschedule: "7 * * * *"'
    )
    assert world.apply(renamed).generation.rebuilt == {"new": THREE + 300}


def test_a_schedule_whose_beginning_another_generation_has_was_not_rebuilt() -> None:
    world = World()
    world.apply(hourly("a"))
    world.later(hours=1)
    lose(world, world.apply(AB).generation.digest)
    world.later(hours=1)
    assert world.plan(AB).generation.rebuilt == {"b": THREE + 120}


def test_a_schedule_that_is_gone_from_git_is_named_as_a_deletion() -> None:
    world = World()
    lose(world, world.apply(AB).generation.digest)
    plan = world.plan(hourly("a"))
    assert ("delete", "schedule", "b") in told(plan)
    world.carry_out(plan)
    assert world.plan(hourly("a")).empty


def test_the_deletion_threshold_holds_for_a_lost_generation() -> None:
    world = World()
    lose(world, world.apply(hourly(*(f"s{n}" for n in range(10)))).generation.digest)
    with pytest.raises(RefusedPlanError, match="8 of 10 schedules would be deleted"):
        world.apply(hourly("s0", "s1"))


def test_earlier_names_come_back_from_the_generation_before() -> None:
    world = World()
    world.apply(schedules('name: old\nschedule: "0 * * * *"'))
    world.later(hours=1)
    renamed = schedules('name: new\nformerly: old\nschedule: "0 * * * *"')
    world.apply(renamed)
    world.later(hours=1)
    more = schedules('name: new\nformerly: old\nschedule: "0 * * * *"\ndescription: x')
    lose(world, world.apply(more).generation.digest)
    record = world.plan(more).generation.by_name["new"]
    assert [name for name, _last in record.formerly] == ["old"]
    assert record.anchor == THREE


def lose_pointer(world: World, digest: str) -> None:
    damage_the_pointer(world)
    lose(world, digest)


def lose_generation(world: World, digest: str) -> None:
    lose(world, digest)


def lose_everything_but_the_dict(world: World, _digest: str) -> None:
    world.files.delete()


def lose_records_too(world: World, digest: str) -> None:
    lose(world, digest)
    lose_the_record(world)


def lose_the_dict_too(world: World, digest: str) -> None:
    lose_records_too(world, digest)
    world.claims.entries.clear()


@pytest.mark.parametrize(
    "lost",
    [
        lose_generation,
        lose_pointer,
        lose_records_too,
        lose_the_dict_too,
        lose_everything_but_the_dict,
    ],
)
def test_protection_survives(lost: Callable[[World, str], None]) -> None:
    world = World()
    first = world.apply((*AB, *KEPT))
    lost(world, first.generation.digest)
    with pytest.raises(RefusedPlanError, match="kept is protected and its manifest is gone"):
        world.apply(AB)
    free = schedules('name: kept\nschedule: "0 * * * *"\nprotect: false')
    world.apply((*AB, *free))
    world.apply(AB)
    assert world.plan(AB).empty


@given(through=st.integers(-30, 400), passed=st.integers(0, 600))
def test_no_time_between_the_last_wake_and_the_repair_is_left_out(
    through: int, passed: int
) -> None:
    """Safety: what was due after the cursor and after the schedule began is still looked at."""
    world = World()
    first = world.apply(AB)
    entry = Cursor(through=THREE + through, generation=first.generation.digest, known=THREE)
    world.claims.entries[CURSOR_KEY] = entry.to_json()
    lose(world, first.generation.digest)
    world.later(minutes=passed)
    plan = world.plan(AB)
    for record in plan.generation.records:
        assert record.anchor <= max(THREE, min(THREE + through, THREE + passed))
        assert record.anchor <= THREE + passed
