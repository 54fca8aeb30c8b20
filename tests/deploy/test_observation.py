"""What an observation finds, as far as Modal shows it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from reconciler.deploy.observation import observe
from reconciler.deploy.ports import DeployedApp, DeployedFunction
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.generation import CRONLESS, generation_path
from reconciler.model.pointer import POINTER_PATH
from reconciler.plan import Actual, Touch, Unread
from tests.deploy.scenario import World
from tests.plan.scenario import NOW, desired, hourly

REFUSED = "permission denied"


def test_apps_and_functions_of_others_that_cannot_be_read_are_named_and_no_others() -> None:
    world = World()
    functions = (
        DeployedFunction("z", unread=REFUSED),
        DeployedFunction("a", schedule="X()", unread="strange"),
        DeployedFunction("read", schedule="0 * * * * (UTC)"),
    )
    world.apps.apps.append(DeployedApp("main", "theirs", functions))
    world.apps.apps.append(DeployedApp("main", "closed", (), unread=REFUSED))
    assert world.plan(hourly("a")).actual.unread == (
        Unread("main", "closed", "", REFUSED),
        Unread("main", "theirs", "a", "strange", "X()"),
        Unread("main", "theirs", "z", REFUSED),
    )


THEIRS = DeployedApp(
    "main",
    "theirs",
    (
        DeployedFunction("tick", schedule="0 * * * * (UTC)"),
        DeployedFunction("plain"),
        DeployedFunction("Site", server=True),
    ),
)


def observed(world: World, *, alone: bool = False, **settings: object) -> Actual:
    ports = world.workspace
    wanted = desired((), **settings).settings
    return asyncio.run(observe(wanted, ports.apps, ports.files, ports.claims, alone=alone))


def test_the_functions_of_our_modal_environment_are_targets_and_its_servers_are_not() -> None:
    world = World()
    world.apps.apps += [
        THEIRS,
        replace(THEIRS, environment="production", name="near"),
        DeployedApp("production", "closed", (), unread=REFUSED),
    ]
    found = observed(world)
    assert found.targets["near"] == {"tick", "plain"}
    assert found.targets.keys() == {"shop", "near"}
    assert found.servers["near"] == {"Site"}
    assert "theirs" not in found.servers


def test_crons_of_others_are_counted_in_every_environment_and_ours_are_not() -> None:
    world = World()
    world.apply(hourly("a", "b"))
    same_name = replace(THEIRS, name=world.apps.name)
    world.apps.apps += [THEIRS, same_name]
    found = observed(world)
    assert [(cron.environment, cron.app, cron.function) for cron in found.foreign] == [
        ("main", "schedule-reconciler", "tick"),
        ("main", "theirs", "tick"),
    ]
    assert found.own is not None
    assert [slot.name for slot in found.own.slots] == ["a", "b"]
    assert found.own.functions == tuple(sorted([*CRONLESS, "a", "b"]))
    assert observed(world, app="another").own is None


def test_our_own_app_alone_can_be_read() -> None:
    world = World()
    world.apply(hourly("a"))
    world.apps.apps.append(THEIRS)
    found = observed(world, alone=True)
    assert found.own == observed(world).own
    assert found.foreign == ()
    assert found.targets.keys() == {"schedule-reconciler"}
    assert observed(World(), alone=True).own is None


def test_nothing_is_lost_where_nothing_was_ever_applied() -> None:
    found = observed(World())
    assert (found.own, found.pointer, found.live, found.lost) == (None, None, None, None)
    assert (found.number, found.through, found.wake_seconds) == (0, None, ())


def test_how_far_wakes_have_come_and_how_long_they_took_is_read_from_the_cursor() -> None:
    world = World()
    world.apply(hourly("a"))
    cursor = Cursor(through=NOW, generation="f" * 64, took=(0.5, 1.5), number=7)
    world.claims.entries[CURSOR_KEY] = cursor.to_json()
    found = observed(world)
    assert (found.through, found.wake_seconds, found.number) == (NOW, (0.5, 1.5), 7)
    world.claims.entries[CURSOR_KEY] = {"through": "hello"}
    found = observed(world)
    assert (found.through, found.wake_seconds, found.number) == (None, (), 1)


def test_when_a_file_was_written_is_asked_where_it_is_not_as_the_last_apply_left_it() -> None:
    world = World()
    first = world.apply(hourly("a"))
    older = world.files.files[POINTER_PATH]
    world.apply(hourly("a", "b"))
    found = observed(world)
    assert (found.pointer_written, found.live_written, found.applied) == (None, None, None)
    world.files.now = "2026-11-20T16:00:00Z"
    world.files.files[POINTER_PATH] = older
    world.files.times[POINTER_PATH] = world.files.now
    moved = observed(world)
    assert moved.pointer_written == world.files.now
    assert moved.live is not None
    assert moved.applied is not None
    assert moved.live.digest == first.generation.digest
    assert moved.applied.by_name.keys() == {"a", "b"}
    path = generation_path(first.generation.digest)
    world.files.files[path] = b"garbage"
    assert observed(world).live_written == "2026-11-20T15:00:00Z"


@pytest.mark.parametrize("damage", [b"garbage", None])
def test_a_generation_that_is_tagged_and_cannot_be_read_is_none(damage: bytes | None) -> None:
    world = World()
    world.apply(hourly("a"))
    older = world.files.files[POINTER_PATH]
    second = world.apply(hourly("a", "b")).generation
    world.files.files[POINTER_PATH] = older
    path = generation_path(second.digest)
    if damage is None:
        del world.files.files[path]
    else:
        world.files.files[path] = damage
    assert observed(world).applied is None


def test_who_stopped_the_app_is_asked_when_there_is_none() -> None:
    world = World()
    world.apply(hourly("a"))
    assert observed(world).stopped is None
    touch = Touch("mallory", "2026-11-20T15:30:00Z")
    world.apps.stop(touch)
    assert observed(world).stopped == touch
    for path in [path for path in world.files.files if path.startswith("applies/")]:
        world.files.files[path] = b"garbage"
    assert observed(world).stopped is None


@pytest.mark.parametrize(
    ("gone", "lost"),
    [
        ((), False),
        (("generation",), True),
        (("pointer", "generation"), True),
        (("pointer", "generation", "tags"), False),
        (("generation", "tags"), True),
        (("pointer",), False),
    ],
)
def test_what_was_applied_is_lost_when_no_generation_of_it_can_be_read(
    gone: tuple[str, ...], lost: bool
) -> None:
    world = World()
    digest = world.apply(hourly("a")).generation.digest
    if "generation" in gone:
        del world.files.files[generation_path(digest)]
    if "pointer" in gone:
        del world.files.files[POINTER_PATH]
    if "tags" in gone:
        world.apps.apps = [replace(app, tags={}) for app in world.apps.apps]
    assert (observed(world).lost is not None) is lost
