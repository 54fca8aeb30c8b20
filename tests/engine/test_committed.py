"""The committed state of a Volume, by itself; and a container's copy of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from grpclib.exceptions import GRPCError
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.containers.mounted import Mounted
from reconciler.engine.storage.blobs import Blobs
from reconciler.engine.storage.database import Database
from reconciler.engine.volumes import Volumes, normal, parents

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


class World:
    """One Volume, and containers that have it mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(folder / "db")
        self.database.run("INSERT INTO objects VALUES ('vo', 'vo', 'main', 'v', 0.0, ?)", b"\x01")
        self.volumes = Volumes(self.database)
        self.blobs = Blobs(folder / "blobs")

    def container(self, name: str) -> Mounted:
        for part in ("copy", "aside"):
            (self.folder / name / part).mkdir(parents=True)
        mounted = Mounted(
            volume="vo",
            target="/data",
            folder=self.folder / name / "copy",
            aside=self.folder / name / "aside",
            read_only=False,
            volumes=self.volumes,
            blobs=self.blobs,
        )
        asyncio.run(mounted.reload())
        return mounted

    def committed(self) -> dict[str, bytes]:
        return {
            file.path: self.blobs.path(file.sha256).read_bytes()
            for file in self.volumes.files("vo")
        }


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.database.close()


def write(mounted: Mounted, path: str, text: str) -> None:
    target = mounted.folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def seen(mounted: Mounted) -> dict[str, str]:
    return {
        str(path.relative_to(mounted.folder)): path.read_text()
        for path in mounted.folder.rglob("*")
        if path.is_file()
    }


def test_of_two_writers_of_one_file_the_later_wins_and_others_files_stay(world: World) -> None:
    one, two = world.container("one"), world.container("two")
    write(one, "shared", "one")
    write(one, "only/one", "1")
    write(two, "shared", "two")
    write(two, "only/two", "2")
    asyncio.run(one.commit())
    asyncio.run(two.commit())
    assert world.committed() == {"shared": b"two", "only/one": b"1", "only/two": b"2"}


def test_a_lock_file_deleted_by_two_was_deleted_by_each(world: World) -> None:
    first = world.container("first")
    write(first, "lock", "")
    asyncio.run(first.commit())
    one, two = world.container("one"), world.container("two")
    for claimant in (one, two):
        (claimant.folder / "lock").unlink()
        asyncio.run(claimant.commit())
    assert world.committed() == {}


def test_a_commit_publishes_only_what_changed(world: World) -> None:
    one = world.container("one")
    write(one, "kept", "old")
    asyncio.run(one.commit())
    two = world.container("two")
    write(one, "kept", "new")
    asyncio.run(one.commit())
    write(two, "other", "x")
    asyncio.run(two.commit())
    assert world.committed() == {"kept": b"new", "other": b"x"}


def test_a_reload_commits_first_and_then_shows_everything(world: World) -> None:
    one, two = world.container("one"), world.container("two")
    write(one, "mine", "1")
    write(two, "theirs", "2")
    asyncio.run(two.commit())
    asyncio.run(one.reload())
    assert seen(one) == {"mine": "1", "theirs": "2"}
    assert set(world.committed()) == {"mine", "theirs"}


def test_of_a_file_and_a_folder_at_one_path_the_later_commit_wins(
    world: World,
) -> None:
    one, two, three = (world.container(name) for name in ("one", "two", "three"))
    write(one, "x", "file")
    write(two, "x/y", "in a folder")
    asyncio.run(one.commit())
    asyncio.run(two.commit())
    asyncio.run(one.reload())
    assert seen(one) == {"x/y": "in a folder"}
    write(three, "x", "file again")
    asyncio.run(three.commit())
    asyncio.run(one.reload())
    assert seen(one) == {"x": "file again"}


def test_a_removed_folder_is_removed_for_others_too(world: World) -> None:
    one = world.container("one")
    write(one, "d/e/f", "x")
    asyncio.run(one.commit())
    two = world.container("two")
    (one.folder / "d/e/f").unlink()
    (one.folder / "d/e").rmdir()
    asyncio.run(one.commit())
    asyncio.run(two.reload())
    assert seen(two) == {}
    assert not (two.folder / "d/e").exists()


def test_a_deleted_volume_is_not_found_by_who_has_it_mounted(world: World) -> None:
    one = world.container("one")
    world.database.run("DELETE FROM objects")
    for attempt in (one.commit, one.reload):
        with pytest.raises(GRPCError, match="not found"):
            asyncio.run(attempt())


@given(PATHS)
def test_every_way_to_write_a_path_is_one_path(path: str) -> None:
    for way in (f"/{path}", f"{path}/", f"./{path}", f"/{path}//", f"/../{path}", f"/x/../{path}"):
        assert normal(way) == path


@given(PATHS)
def test_the_parents_of_a_path_are_its_beginnings(path: str) -> None:
    found = list(parents(path))
    assert all(path.startswith(f"{parent}/") for parent in found)
    assert len(found) == path.count("/")


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    from reconciler.errors import ReconcileError

    database = Database(tmp_path / "db")
    database.run("PRAGMA user_version = 999")
    database.close()
    with pytest.raises(ReconcileError, match="newer engine"):
        Database(tmp_path / "db")


def test_a_failed_transaction_leaves_nothing(world: World) -> None:
    def half_done() -> None:
        with world.database.transaction():
            world.database.run("INSERT INTO volume_folders VALUES ('vo', 'x')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    assert world.volumes.folders("vo") == []
