"""A record of the live generation cannot be read: the next apply repairs it, nothing is deleted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from reconciler.cron import minute
from reconciler.deploy.apply import RefusedPlanError
from reconciler.deploy.modal_files import RemoteGenerations
from reconciler.model.applied import Applied, applied_path
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.generation import generation_path
from reconciler.model.pointer import POINTER_PATH, decode_pointer
from reconciler.plan import Plan
from reconciler.plan.tags import GENERATION_TAG, tag_value
from tests.deploy.scenario import World
from tests.plan.scenario import hourly, schedules, told

THREE = minute(datetime(2026, 11, 20, 15, 0, tzinfo=UTC))
ABC = hourly("a", "b", "c")
KEPT = schedules('name: kept\nschedule: "0 * * * *"\nprotect: true')


def garble(world: World, plan: Plan, name: str, line: bytes = b"garbage") -> str:
    """What was written as the generation has another line in place of a record."""
    lines = plan.generation.encoded.split(b"\n")
    (number,) = [n for n, one in enumerate(lines) if f'"name":"{name}"'.encode() in one and n > 3]
    lines[number] = line
    content = b"\n".join(lines)
    digest = sha256(content).hexdigest()
    files = world.files.files
    del files[generation_path(plan.generation.digest)]
    files[generation_path(digest)] = content
    before = decode_pointer(files[POINTER_PATH])
    pointer = replace(before, generation=digest)
    files[POINTER_PATH] = pointer.encode()
    record = replace(Applied.decode(files.pop(applied_path(before)), ""), pointer=pointer)
    files[record.path] = record.encode()
    world.apps.apps = [
        replace(app, tags={**app.tags, GENERATION_TAG: tag_value(digest)})
        if app.name == world.apps.name
        else app
        for app in world.apps.apps
    ]
    return digest


def test_an_apply_repairs_it_and_the_others_stay_as_they_are() -> None:
    world = World()
    first = world.apply(ABC)
    digest = garble(world, first, "b")
    cursor = Cursor(through=THREE + 300, generation=digest, number=1, unread=THREE + 60)
    world.claims.entries[CURSOR_KEY] = cursor.to_json()
    world.later(hours=5)
    plan = world.plan(ABC)
    assert plan.changes == ()
    assert ("repair", "generation", digest[:12]) in told(plan, drift=True)
    assert any("record 2 cannot be read" in one.reason for one in plan.drift)
    world.carry_out(plan)
    assert world.plan(ABC).empty
    for name in "ac":
        assert plan.generation.by_name[name] == first.generation.by_name[name]
        assert plan.generation.begun[name] == first.generation.begun[name]
    assert plan.generation.by_name["b"].anchor <= THREE + 60
    after = cursor.lookback(THREE + 10_000, "another")
    number, anchor = plan.generation.begun["b"], plan.generation.by_name["b"].anchor
    assert after.of(anchor, number) == anchor


def test_a_second_apply_before_does_not_hide_when_it_began() -> None:
    """The generation before holds the schedule, with a number that wakes have read already."""
    world = World()
    world.apply(hourly("a", "b"))
    world.later(minutes=1)
    second = world.apply(ABC)
    garble(world, second, "b")
    world.later(hours=1)
    plan = world.plan(ABC)
    assert plan.generation.begun["b"] == plan.generation.number > second.generation.number
    assert plan.generation.by_name["b"].anchor == THREE


def test_a_pointer_to_a_garbled_copy_of_what_was_applied_is_repaired_with_a_new_number() -> None:
    world = World()
    plan = world.apply(ABC)
    good, tags = plan.generation.encoded, [app.tags for app in world.apps.apps]
    garble(world, plan, "b")
    world.files.files[generation_path(plan.generation.digest)] = good
    world.apps.apps = [
        replace(app, tags=before) for app, before in zip(world.apps.apps, tags, strict=True)
    ]
    world.later(hours=1)
    repaired = world.apply(ABC).generation
    assert repaired.begun["b"] > plan.generation.begun["b"] == repaired.begun["a"]
    assert repaired.by_name == plan.generation.by_name
    assert world.plan(ABC).empty


def test_a_protected_schedule_stays_protected() -> None:
    world = World()
    garble(world, world.apply((*ABC, *KEPT)), "kept")
    with pytest.raises(RefusedPlanError, match="kept is protected and its manifest is gone"):
        world.apply(ABC)
    plan = world.apply((*ABC, *KEPT))
    assert "delete" not in {action for action, _kind, _name in told(plan)}
    assert plan.generation.protected == ("kept",)


def test_what_git_has_no_more_is_shown_as_deleted() -> None:
    world = World()
    garble(world, world.apply(ABC), "b")
    assert ("delete", "schedule", "b") in told(world.plan(hourly("a", "c")))


def test_a_second_record_of_a_name_is_repaired_too() -> None:
    world = World()
    first = world.apply(ABC)
    record = first.generation.encoded.split(b"\n")[4]
    garble(world, first, "b", record)
    assert world.apply(ABC).changes == ()
    assert world.plan(ABC).empty


def test_who_looks_from_outside_sees_the_others_and_what_is_wrong() -> None:
    world = World()
    digest = garble(world, world.apply(ABC), "b", b'{"name":"b"}')
    named: list[str] = []
    store = RemoteGenerations(world.files, lambda found: named.extend(one.where for one in found))
    live = asyncio.run(store.live())
    assert live is not None
    assert (live.digest, [record.name for record in live.records]) == (digest, ["a", "c"])
    assert named == [f"generations/{digest}.jsonl record 2 (b)"]
    assert [live.may_have(name) for name in ("a", "b", "z")] == [True, True, False]
