"""What is still known of the last applied generation when it cannot be read any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.deploy.lost import find_lost, protected_names
from reconciler.deploy.ports import DeployedApp
from reconciler.model.applied import Applied, Origin
from reconciler.model.cursor import Cursor
from reconciler.model.formats import NewerFormatError
from reconciler.model.generation import generation_path
from reconciler.model.pointer import POINTER_PATH, Pointer, Protection, decode_pointer
from reconciler.model.runs_file import WakeLog
from reconciler.plan import Lost
from tests.deploy.scenario import World
from tests.plan.scenario import NOW, hourly, schedules

CURSOR = Cursor(through=NOW + 30, generation="f" * 64)


def twice_applied() -> tuple[World, Pointer]:
    """A world in which `a` was applied at 15:00, and `b` beside it an hour later."""
    world = World()
    world.apply(hourly("a"))
    world.later(hours=1)
    world.apply(hourly("a", "b"))
    return world, decode_pointer(world.files.files[POINTER_PATH])


def found(
    world: World,
    pointer: Pointer | None,
    cursor: Cursor | None = CURSOR,
    protection: Protection | None = None,
) -> Lost:
    return asyncio.run(find_lost(world.files, pointer, cursor, protection))


def damage_records(world: World) -> None:
    for path in [path for path in world.files.files if path.startswith("applies/")]:
        world.files.files[path] = b"garbage"


def remove_records(world: World) -> None:
    for path in [path for path in world.files.files if path.startswith("applies/")]:
        del world.files.files[path]


def test_the_record_of_the_apply_says_which_schedules_were_live_since_when() -> None:
    world, pointer = twice_applied()
    for told in (pointer, None):
        lost = found(world, told)
        assert (lost.begun, lost.schedules) == ({"a": NOW, "b": NOW + 60}, 2)
        assert lost.before is not None
        assert lost.before.by_name.keys() == {"a"}


@pytest.mark.parametrize("lose", [damage_records, remove_records])
def test_without_a_record_their_number_alone_may_be_known(lose: Callable[[World], None]) -> None:
    world, pointer = twice_applied()
    lose(world)
    assert found(world, pointer).schedules is None
    lost = found(world, pointer, protection=Protection(frozenset("a"), 7))
    assert (lost.begun, lost.schedules) == (None, 7)
    assert lost.before is not None
    assert found(world, None).before is None


def test_wakes_have_come_as_far_as_the_cursor_or_the_runs_or_the_last_apply_say() -> None:
    world, pointer = twice_applied()
    assert found(world, pointer).since == NOW + 30
    without = replace(CURSOR, through=None)
    assert found(world, pointer, without).since == found(world, pointer, None).since == NOW + 60
    world.files.files[POINTER_PATH] = b"garbage"
    assert found(world, None, None).since == NOW + 60
    log = WakeLog(
        wake="fc-1",
        slot="a",
        started="2026-11-20T16:30:00Z",
        now=NOW + 90,
        generation="f" * 64,
        through=NOW + 90,
        pending={},
        records=(),
    )
    world.files.files[log.path] = log.encode()
    assert found(world, pointer, None).since == NOW + 90
    world.files.files[log.path] = b"garbage"
    assert found(world, pointer, None).since == NOW + 60
    remove_records(world)
    assert found(world, None, None).since is None


def test_a_generation_before_that_cannot_be_read_whole_is_not_used() -> None:
    world, pointer = twice_applied()
    assert pointer.previous is not None
    path = generation_path(pointer.previous)
    world.files.files[path] = world.files.files[path].replace(b"sync", b"evil")
    assert found(world, pointer).before is None
    assert found(world, replace(pointer, previous=None)).before is None


def test_what_a_newer_version_recorded_is_not_passed_over() -> None:
    world, pointer = twice_applied()
    for path in [path for path in world.files.files if path.startswith("applies/")]:
        world.files.files[path] = world.files.files[path].replace(b'"format":1', b'"format":99')
    with pytest.raises(NewerFormatError):
        found(world, pointer)


# Protection


PROTECTED = schedules(
    'name: kept\nschedule: "0 * * * *"\nprotect: true\n---\nname: a\nschedule: 1d'
)


def protected_live() -> tuple[World, Pointer]:
    world = World()
    world.apply(PROTECTED)
    return world, decode_pointer(world.files.files[POINTER_PATH])


@pytest.mark.parametrize(
    ("pointed", "entry", "tags", "names"),
    [
        (("x",), None, {}, {"x"}),
        ((), None, {}, set()),
        (("x",), {"y"}, {}, {"x", "y"}),
        (None, {"y"}, {}, {"y"}),
        (None, set(), {}, set()),
        (None, None, {}, None),
        (None, None, {"volume": "vo-1"}, set()),
        (None, None, {"volume": "vo-1", "protected": "1-abc"}, None),
        (None, None, {"protected": "1-abc"}, None),
    ],
)
def test_without_its_generation_what_is_protected_is_known_from_every_other_place(
    pointed: tuple[str, ...] | None,
    entry: set[str] | None,
    tags: dict[str, str],
    names: set[str] | None,
) -> None:
    _world, pointer = protected_live()
    own = DeployedApp("production", "ours", (), tags)
    protection = None if entry is None else Protection(frozenset(entry), 9)
    told = protected_names(
        own, replace(pointer, protected=pointed), (), Lost(schedules=9), protection
    )
    assert told == (None if names is None else frozenset(names))


def test_a_generation_that_can_be_read_says_what_is_protected() -> None:
    world, pointer = protected_live()
    live = world.plan(PROTECTED).actual.live
    assert live is not None
    others = Protection(frozenset({"long ago"}), 1)
    assert protected_names(None, pointer, [live], None, others) == frozenset({"kept"})
    assert protected_names(None, pointer, [live], Lost(), others) == frozenset({"kept", "long ago"})
    assert protected_names(None, None, (), None, None) == frozenset()
    assert protected_names(None, None, (), Lost(), None) is None


def test_a_record_says_of_each_schedule_when_it_was_made_what_it_is() -> None:
    world, pointer = twice_applied()
    origins = {"a": Origin(None, None, "2026-11-19T15:00:00Z")}
    record = Applied(pointer, "", origins)
    world.files.files[record.path] = record.encode()
    assert found(world, pointer).begun == {"a": NOW - 24 * 60}
