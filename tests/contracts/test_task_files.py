"""What tasks rely on, of the fake, of a mounted Volume and of one that is called alike."""

from __future__ import annotations

import asyncio
from pathlib import Path

from reconciler.dispatch.ports import TaskFiles
from tests.contracts.conftest import mounted
from tests.dispatch.task_scenario import task

EARLY, SAME_HOUR, LATE = task("early", "14:59"), task("same", "15:40"), task("late", "16:00")
NEXT_DAY, NEXT_YEAR = task("day", "2026-11-21T03:00"), task("year", "2027-01-01T00:00")
ALL = (EARLY, SAME_HOUR, LATE, NEXT_DAY, NEXT_YEAR)


def test_there_is_nothing_before_anything_was_stored(task_files: TaskFiles) -> None:
    async def scenario() -> None:
        assert list(await task_files.pending()) == []
        assert list(await task_files.settled()) == []
        assert await task_files.read(EARLY.path) is None

    asyncio.run(scenario())


def test_tasks_are_listed_up_to_an_hour_and_read_back(task_files: TaskFiles) -> None:
    async def scenario() -> None:
        await task_files.change({one.path: one.encode() for one in ALL})
        await task_files.change({EARLY.settled_path: b"{}"})
        assert list(await task_files.pending()) == [one.path for one in ALL]
        upto = await task_files.pending(task(time="15:00").at)
        assert list(upto) == [EARLY.path, SAME_HOUR.path]
        assert list(await task_files.settled()) == [EARLY.settled_path]
        assert await task_files.read(LATE.path) == LATE.encode()

    asyncio.run(scenario())


def test_what_is_removed_is_gone_and_may_have_been_before(task_files: TaskFiles) -> None:
    async def scenario() -> None:
        await task_files.change({one.path: one.encode() for one in (EARLY, LATE)})
        await task_files.change({EARLY.settled_path: b"{}"}, [EARLY.path, SAME_HOUR.path])
        assert list(await task_files.pending()) == [LATE.path]
        assert await task_files.read(EARLY.path) is None
        assert await task_files.read(EARLY.settled_path) == b"{}"
        await task_files.change({}, [EARLY.path])

    asyncio.run(scenario())


def test_folders_of_past_days_go_and_whatever_is_in_one_stays(task_files: TaskFiles) -> None:
    async def scenario() -> None:
        await task_files.change({one.path: one.encode() for one in ALL})
        await task_files.change({}, [EARLY.path, NEXT_DAY.path])
        await task_files.remove_empty_buckets("2026-11-22")
        left = [SAME_HOUR.path, LATE.path, NEXT_YEAR.path]
        assert list(await task_files.pending()) == left
        await task_files.change({NEXT_DAY.path: NEXT_DAY.encode()})
        assert NEXT_DAY.path in await task_files.pending()

    asyncio.run(scenario())


def test_a_foreign_file_is_passed_over(tmp_path: Path) -> None:
    files = mounted(tmp_path)

    async def scenario() -> None:
        await files.change({one.path: one.encode() for one in (EARLY, SAME_HOUR)})
        for stray in ("tasks/README", "tasks/2026-11-20/README", "tasks/2026-11-20/15/README"):
            (tmp_path / stray).write_text("see the wiki")
        assert await files.pending() == [EARLY.path, SAME_HOUR.path]
        await files.change({}, [EARLY.path])
        await files.remove_empty_buckets("2026-11-21")
        assert not (tmp_path / "tasks" / "2026-11-20" / "14").exists()

    asyncio.run(scenario())


def test_a_mounted_volume_is_left_with_the_folders_that_hold_something(tmp_path: Path) -> None:
    files = mounted(tmp_path)

    async def scenario() -> None:
        await files.change({one.path: one.encode() for one in ALL})
        await files.change({}, [one.path for one in (EARLY, NEXT_DAY, NEXT_YEAR)])
        await files.remove_empty_buckets("2026-11-22")

    asyncio.run(scenario())
    left = sorted(folder.relative_to(tmp_path).as_posix() for folder in tmp_path.rglob("*/"))
    assert [path for path in left if path.count("/") == 2] == [
        "tasks/2026-11-20/15",
        "tasks/2026-11-20/16",
        "tasks/2027-01-01/00",
    ], "the day that is to come is left alone"
    assert not (tmp_path / "tasks" / "2026-11-21").exists()
