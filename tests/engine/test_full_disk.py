"""An engine whose disk is full says so, uses nothing half-written, and goes on when it can."""

from __future__ import annotations

import marshal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import IntegrityError, OperationalError

import pytest

from reconciler.engine.storage.blobs import Blobs
from reconciler.engine.storage.database import Database, of_disk
from reconciler.errors import ReconcileError
from tests.end_to_end.project import Project
from tests.test_disk import LIMIT, small_files

BLOCKS = 1 << 16


def test_a_database_that_is_full_refuses_a_change_whole_and_takes_the_next(tmp_path: Path) -> None:
    database = Database(tmp_path / "engine.db")
    database.run("CREATE TABLE things (content BLOB)")
    database.row("PRAGMA max_page_count = 1")  # not below what there is

    def insert() -> None:
        with database.transaction():
            database.run("INSERT INTO things VALUES ('small')")
            database.run("INSERT INTO things VALUES (zeroblob(100000))")

    for _ in range(3):
        with pytest.raises(OperationalError, match="full") as caught:
            insert()
        assert of_disk(caught.value) == "database or disk is full"
    database.row("PRAGMA max_page_count = 100000")
    with database.transaction():
        database.run("INSERT INTO things VALUES (zeroblob(100000))")
    assert database.rows("SELECT count(*) FROM things") == [(1,)]


def test_a_commit_that_is_refused_leaves_no_transaction_open(tmp_path: Path) -> None:
    database = Database(tmp_path / "engine.db")
    database.run("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    database.run(
        "CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), database.transaction():
        database.run("INSERT INTO child VALUES (1)")
    with database.transaction():
        database.run("INSERT INTO parent VALUES (1)")
    assert database.rows("SELECT id FROM parent") == [(1,)]


def test_a_content_that_does_not_fit_is_not_there_and_leaves_nothing(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    with small_files(), pytest.raises(OSError, match="File too large"):
        blobs.put(b"x" * 3 * LIMIT)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_content_that_was_damaged_is_never_used_and_can_be_stored_again(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    digest = blobs.put(b"print('hello')")
    blobs.path(digest).write_bytes(b"print(")
    target = tmp_path / "module.py"
    with pytest.raises(ReconcileError, match="a stored content is damaged\n  Deploy the app again"):
        blobs.copy(digest, target)
    assert not target.exists()
    assert blobs.put(b"print('hello')") == digest
    blobs.copy(digest, target)
    assert target.read_bytes() == b"print('hello')"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own of 48 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"a disk of its own needs the right to mount: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (BLOCKS, 512, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return filler


def test_on_a_full_disk_each_command_names_it_at_once_and_later_ones_work(
    small_disk: Path,
) -> None:
    project = Project.create(small_disk)
    try:
        project.hourly("hourly")
        project.applied()
        filler = fill(small_disk)
        began = time.monotonic()
        for command in (
            ["wake", "--at", "2036-12-01T09:00Z"],
            ["--dry-run", "--out", str(small_disk / "plan.json")],
            ["next", "--ics", str(small_disk / "next.ics")],
            ["init"],
        ):
            done = project.reconcile(*command)
            assert done.code == 1, done.out + done.err
            assert "disk" in done.err, done.err
            assert "defect" not in done.err
        assert time.monotonic() - began < 60
        assert not (small_disk / "plan.json").exists()
        assert not (small_disk / "next.ics").exists()

        filler.unlink()
        # What was claimed before the disk was full is in doubt; the next hour is another.
        woken = project.reconcile("wake", "--at", "2036-12-01T10:00Z", "--wait")
        assert woken.code == 0, woken.out + woken.err
        assert "hourly@2036-12-01T10:00Z" in project.marks()
        project.hourly("hourly", "another")
        project.applied()
        compiled = list((project.engine.state / "sources").rglob("*.pyc"))
        assert compiled
        for file in compiled:
            marshal.loads(file.read_bytes()[16:])
    finally:
        project.engine.stop()
