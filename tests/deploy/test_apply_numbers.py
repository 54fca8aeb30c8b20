"""Each apply has the next number, whatever is damaged, and whoever else applies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.deploy.apply import OCCASIONAL, StalePlanError, Step
from reconciler.deploy.apply_records import AT_ONCE
from reconciler.model.applied import Applied, applied_path
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.pointer import POINTER_PATH, decode_pointer
from reconciler.model.stored_generation import decode_generation
from reconciler.plan.tags import GENERATION_TAG, tag_value
from tests.deploy.scenario import World
from tests.deploy.test_apply import Killed, killed_at
from tests.plan.scenario import hourly, schedules

A, AB, BC = hourly("a"), hourly("a", "b"), hourly("b", "c")
A_MOVED = schedules('name: a\nschedule: "5 * * * *"')


def number(world: World) -> int:
    return decode_pointer(world.files.files[POINTER_PATH]).number


def begun(world: World) -> dict[str, int]:
    live = decode_pointer(world.files.files[POINTER_PATH]).generation
    path = f"generations/{live}.jsonl"
    return dict(decode_generation(world.files.files[path], path).begun)


def test_a_schedule_has_the_number_of_the_apply_with_which_it_began() -> None:
    world = World()
    world.apply(A)
    assert (number(world), begun(world)) == (1, {"a": 1})
    world.apply(AB)
    assert (number(world), begun(world)) == (2, {"a": 1, "b": 2})
    world.apply(A_MOVED)
    assert (number(world), begun(world)) == (3, {"a": 3})
    world.apply(AB)
    assert (number(world), begun(world)) == (4, {"a": 4, "b": 4})


def test_a_schedule_that_was_suspended_begins_anew_when_it_is_resumed() -> None:
    world = World()
    world.apply(A)
    world.apply(schedules('name: a\nschedule: "0 * * * *"\nsuspend: true'))
    world.apply(A)
    assert begun(world) == {"a": 3}


def test_what_was_live_before_there_were_numbers_counts_as_zero() -> None:
    world = World()
    world.apply(A)
    live = decode_pointer(world.files.files[POINTER_PATH])
    path = f"generations/{live.generation}.jsonl"
    decoded = decode_generation(world.files.files[path], path)
    older = replace(decoded, begun={})
    world.files.files[f"generations/{older.digest}.jsonl"] = older.encoded
    pointer = replace(live, generation=older.digest, number=0)
    world.files.files[POINTER_PATH] = pointer.encode()
    record = Applied(pointer, "1 to create", {})
    world.files.files[record.path] = record.encode()
    del world.files.files[applied_path(live)]
    world.apps.apps = [
        replace(app, tags={**app.tags, GENERATION_TAG: tag_value(older.digest)})
        if app.name == "schedule-reconciler"
        else app
        for app in world.apps.apps
    ]
    world.apply(AB)
    assert begun(world) == {"b": 1}


@pytest.mark.parametrize("content", [None, b"garbage"])
def test_a_pointer_that_is_damaged_or_gone_lets_no_number_be_used_twice(
    content: bytes | None,
) -> None:
    world = World()
    world.apply(A)
    world.apply(AB)
    world.apply(A)  # it begins nothing, so no generation has its number
    if content is None:
        del world.files.files[POINTER_PATH]
    else:
        world.files.files[POINTER_PATH] = content
    world.apply(A)
    assert number(world) == 4


@pytest.mark.parametrize("applies", [1, AT_ONCE + 1])
def test_after_applies_of_a_version_without_numbers_none_is_used_twice(applies: int) -> None:
    world = World()
    world.apply(A)
    world.apply(AB)
    world.apply(A)  # it begins nothing, so no generation has its number
    live = decode_pointer(world.files.files[POINTER_PATH])
    for day in range(1, applies + 1):
        older = replace(live, at=f"2026-12-{day:02}T00:00:00Z", number=0)
        world.files.files[POINTER_PATH] = older.encode()
        record = Applied(older, "1 to update", {})
        world.files.files[record.path] = record.encode()
    world.later(days=30)
    world.apply(AB)
    assert number(world) == 4
    assert begun(world) == {"a": 1, "b": 4}


def test_the_cursor_alone_keeps_a_number_from_being_used_twice() -> None:
    world = World()
    world.claims.entries[CURSOR_KEY] = Cursor(through=1, generation="x", number=41).to_json()
    world.apply(A)
    assert begun(world) == {"a": 42}


def test_of_two_applies_at_once_the_second_has_to_plan_again() -> None:
    world = World()
    world.apply(A)
    one, other = world.plan(AB), world.plan(BC)
    assert one.actual.number == other.actual.number == 1
    world.carry_out(one)
    with pytest.raises(StalePlanError):
        world.carry_out(other)
    world.apply(BC)
    assert begun(world) == {"b": 3, "c": 3}


def test_a_plan_is_stale_although_another_apply_was_undone_meanwhile() -> None:
    world = World()
    world.apply(A)
    plan = world.plan(BC)
    world.apply(AB)
    world.apply(A)
    with pytest.raises(StalePlanError):
        world.carry_out(plan)


@pytest.mark.parametrize("step", [step for step in Step if step not in OCCASIONAL])
def test_after_an_apply_that_was_killed_a_schedule_keeps_the_beginning_that_was_live(
    step: Step,
) -> None:
    world = World()
    world.apply(A)
    with pytest.raises(Killed):
        world.apply(AB, killed_at(step))
    flipped = number(world) == 2
    world.later(minutes=5)
    world.apply(AB)
    assert number(world) == (3 if flipped and step is not Step.VERIFY else 2)
    assert begun(world) == {"a": 1, "b": 2}


def test_the_saved_generation_of_a_plan_is_the_one_that_is_applied() -> None:
    world = World()
    plan = world.plan(AB)
    world.carry_out(plan)
    assert decode_pointer(world.files.files[POINTER_PATH]).generation == plan.generation.digest
