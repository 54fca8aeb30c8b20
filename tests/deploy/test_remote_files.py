"""Generations and wake logs, read from outside a container."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.deploy.fakes import FakeFiles
from reconciler.deploy.modal_files import RemoteGenerations, RemoteRunLog
from reconciler.dispatch.adapters.volume_files import LOOKED_AT
from reconciler.model.formats import FormatError, GoneError
from reconciler.model.generation import generation_path
from reconciler.model.pointer import POINTER_PATH
from reconciler.model.runs_file import WakeLog
from tests.deploy.scenario import World
from tests.plan.scenario import NOW, hourly


def log(day: int, minute: int = 0) -> WakeLog:
    started = f"2026-11-{day:02}T15:{minute:02}:00Z"
    return WakeLog(
        wake=f"fc-{day}-{minute}",
        slot="a",
        started=started,
        now=NOW,
        generation="f" * 64,
        through=NOW,
        pending={},
        records=(),
    )


def recent(files: FakeFiles, days: int) -> list[str]:
    return [one.started for one in asyncio.run(RemoteRunLog(files).recent(days))]


def test_the_logs_of_the_newest_days_are_read_oldest_first() -> None:
    files = FakeFiles()
    remote = RemoteRunLog(files)
    for one in (log(20, 5), log(18), log(19), log(20, 1)):
        asyncio.run(remote.write(one))
    files.files["runs/2026-11-20/notes.txt"] = b"not a log"
    assert recent(files, 2) == [
        "2026-11-19T15:00:00Z",
        "2026-11-20T15:01:00Z",
        "2026-11-20T15:05:00Z",
    ]
    assert len(recent(files, 9)) == 4
    assert recent(FakeFiles(), 2) == []


def test_a_log_that_cannot_be_read_is_named_and_the_others_are_read() -> None:
    files = FakeFiles()
    for one in (log(20, 1), log(20, 2)):
        asyncio.run(RemoteRunLog(files).write(one))
    files.files[log(20, 2).path] = b"garbage"
    found = asyncio.run(RemoteRunLog(files).recent(1))
    assert [one.started for one in found] == ["2026-11-20T15:01:00Z"]
    assert [one.where for one in found.damaged] == [log(20, 2).path]


def generations(world: World) -> RemoteGenerations:
    return RemoteGenerations(world.files)


def test_the_live_generation_is_the_one_that_the_pointer_names() -> None:
    world = World()
    assert asyncio.run(generations(world).live()) is None
    world.apply(hourly("a"))
    applied = world.apply(hourly("a", "b")).generation
    live = asyncio.run(generations(world).live())
    assert live is not None
    assert live.digest == applied.digest
    del world.files.files[generation_path(applied.digest)]
    with pytest.raises(GoneError):
        asyncio.run(generations(world).live())


def test_an_edited_generation_is_not_used() -> None:
    world = World()
    applied = world.apply(hourly("a")).generation
    path = generation_path(applied.digest)
    world.files.files[path] = world.files.files[path].replace(b"sync", b"evil")
    with pytest.raises(FormatError):
        asyncio.run(generations(world).live())


def test_the_last_readable_generation_is_the_newest_that_is_whole() -> None:
    world = World()
    assert asyncio.run(generations(world).last_readable()) is None
    world.apply(hourly("a"))
    world.files.now = "2026-11-20T16:00:00Z"
    older = world.apply(hourly("a", "b")).generation
    world.files.now = "2026-11-20T17:00:00Z"
    newest = world.apply(hourly("c", "a", "b")).generation
    found = asyncio.run(generations(world).last_readable())
    assert found is not None
    assert found.digest == newest.digest
    world.files.files[generation_path(newest.digest)] = b"garbage"
    world.files.files[POINTER_PATH] = b"garbage"
    found = asyncio.run(generations(world).last_readable())
    assert found is not None
    assert found.digest == older.digest


@pytest.mark.parametrize(("damaged", "found"), [(LOOKED_AT - 1, True), (LOOKED_AT, False)])
def test_so_many_generations_are_looked_at(damaged: int, found: bool) -> None:
    world = World()
    world.apply(hourly("a"))
    for number in range(damaged):
        path = generation_path(f"{number:064}")
        world.files.files[path] = b"garbage"
        world.files.times[path] = f"2026-11-21T{number:02}:00:00Z"
    assert (asyncio.run(generations(world).last_readable()) is not None) is found
