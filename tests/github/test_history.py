"""Who applied what, from which commit; and which commit made a schedule what it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from reconciler.deploy.apply_records import commits_of, read_history, read_record
from reconciler.deploy.fakes import FakeApps
from reconciler.dispatch.answers import UnavailableError
from reconciler.model.applied import Applied
from reconciler.model.formats import NewerFormatError
from reconciler.model.generation import generation_path
from reconciler.model.pointer import decode_pointer
from reconciler.model.runs_file import format_time
from reconciler.plan import Touch
from tests.deploy.scenario import World, target_apps
from tests.plan.scenario import desired, hourly

FIRST, SECOND, THIRD = "1" * 40, "2" * 40, "3" * 40


def applied_at(world: World, commit: str, *names: str, minutes: int = 5) -> None:
    """Apply hourly schedules from a commit by Ada, so long after the last apply."""
    from reconciler.deploy.apply import prepare

    world.later(minutes=minutes)
    given = replace(desired(hourly(*names)), commit=commit, author="Ada")
    world.carry_out(asyncio.run(prepare(world.workspace, given)))


def history(world: World) -> Sequence[Applied]:
    applies, damaged = asyncio.run(read_history(world.files, 20))
    assert damaged == ()
    return applies


def test_every_apply_is_listed_newest_first_with_commit_author_and_what_it_did() -> None:
    world = World()
    applied_at(world, FIRST, "a", "b")
    applied_at(world, SECOND, "a", "c")
    newer, older = history(world)
    assert (newer.pointer.commit, newer.pointer.author, newer.pointer.by) == (
        SECOND,
        "Ada",
        "somebody",
    )
    assert newer.summary == "1 to create, 1 to delete, 2 changes of slots and app"
    assert newer.pointer.previous == older.pointer.generation


@pytest.mark.parametrize("minutes", [0, 5])
def test_applies_are_in_their_order_and_none_hides_another_even_within_one_second(
    minutes: int,
) -> None:
    world = World()
    commits = [FIRST, SECOND, THIRD, FIRST]
    for commit, names in zip(commits, ["a", "ab", "a", "ab"], strict=True):
        applied_at(world, commit, *names, minutes=minutes)
    assert [applied.pointer.commit for applied in history(world)] == commits[::-1]


def test_a_clock_that_is_far_behind_the_last_apply_is_shown_as_it_is() -> None:
    world = World()
    applied_at(world, FIRST, "a")
    applied_at(world, SECOND, "b", minutes=-60)
    assert decode_pointer(world.files.files["current.json"]).at == format_time(world.clock.now())


def test_a_schedule_keeps_the_commit_that_made_it_what_it_is() -> None:
    world = World()
    applied_at(world, FIRST, "a", "b")
    applied_at(world, SECOND, "a", "b", "c")
    applied_at(world, THIRD, "a")
    applied_at(world, SECOND, "a", "b")
    pointer = decode_pointer(world.files.files["current.json"])
    record = asyncio.run(read_record(world.files, pointer))
    assert commits_of(record) == {"a": FIRST, "b": SECOND}


def test_the_person_who_stopped_the_app_is_found_by_the_id_that_the_apply_left() -> None:
    world = World()
    for commit in (FIRST, SECOND):
        applied_at(world, commit, "a")
        world.later(minutes=1)
        world.apps.stop(Touch("mallory", format_time(world.clock.now())))
        (drift,) = world.plan(hourly("a")).drift
        told = f"it was stopped by mallory at {format_time(world.clock.now())}"
        assert drift.reason == f"is not deployed: {told}"


def test_a_record_of_an_older_version_names_no_app_and_no_person() -> None:
    world = World()
    applied_at(world, FIRST, "a")
    ((path, content),) = [
        item for item in world.files.files.items() if item[0].startswith("applies/")
    ]
    record = json.loads(content)
    del record["app"]
    world.files.files[path] = json.dumps(record).encode()
    world.apps.stop(Touch("mallory", "2026-11-20T15:30:00Z"))
    (drift,) = world.plan(hourly("a")).drift
    assert drift.reason.endswith("; Modal does not record by whom")


class Forgetful(FakeApps):
    """A workspace that answers nothing about stopped apps."""

    async def stopped(self, id_: str) -> Touch | None:
        raise UnavailableError(f"permission denied: {id_}")


def test_that_modal_answers_nothing_about_a_stopped_app_does_not_hold_up_the_repair() -> None:
    world = World()
    applied_at(world, FIRST, "a")
    world.apps = Forgetful("production", apps=target_apps())
    (drift,) = world.plan(hourly("a")).drift
    assert drift.reason.endswith("; Modal does not record by whom")


def test_a_file_that_was_edited_by_hand_says_when() -> None:
    world = World()
    applied_at(world, FIRST, "a")
    pointer = decode_pointer(world.files.files["current.json"])
    world.files.now = "2026-11-20T16:00:00Z"
    edited = generation_path(pointer.generation)
    asyncio.run(world.files.write(edited, world.files.files[edited] + b"\n"))
    (generation,) = world.plan(hourly("a")).drift
    assert generation.reason.endswith(
        "; written at 2026-11-20T16:00:00Z; Modal does not record by whom"
    )
    moved = world.files.files["current.json"].replace(pointer.generation.encode(), b"0" * 64)
    asyncio.run(world.files.write("current.json", moved))
    first = world.plan(hourly("a")).drift[0]
    assert "it was moved, or an apply did not finish; written at 2026-11-20T16:00" in first.reason


def test_a_damaged_record_does_not_hold_up_the_next_apply() -> None:
    world = World()
    applied_at(world, FIRST, "a")
    (path,) = [path for path in world.files.files if path.startswith("applies/")]
    world.files.files[path] = b"garbage"
    applies, (damaged,) = asyncio.run(read_history(world.files, 20))
    assert applies == []
    assert (damaged.where, damaged.why[:30]) == (path, "is not the record of an apply:")
    applied_at(world, SECOND, "a", "b")
    assert world.plan(hourly("a", "b")).empty


def test_a_record_of_a_newer_version_is_refused() -> None:
    world = World()
    applied_at(world, FIRST, "a")
    (record,) = history(world)
    with pytest.raises(NewerFormatError):
        Applied.decode(record.encode().replace(b'"format":1', b'"format":2'), record.path)
