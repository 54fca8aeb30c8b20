"""The history is kept small, and nothing is lost by it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import modal
import pytest

from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeBackfillFiles, FakeClaims
from reconciler.dispatch.adapters.volume_files import VolumeRunLog
from reconciler.dispatch.decide.recovery import RECOVERY_DAYS
from reconciler.dispatch.wake.housekeeping import Chores, chores, forget_backfills, tidy
from reconciler.model.backfill import BackfillEnd, ended_path
from reconciler.model.day_summary import decode_summary
from reconciler.model.runs_file import WakeLog
from tests.dispatch.backfill_scenario import backfill_of
from tests.dispatch.scenario import World, hourly

TODAY = date(2026, 11, 20)
NOW = minute(datetime(2026, 11, 20, 9, tzinfo=UTC))
KEEP = timedelta(days=90)


def days(*ages: int) -> list[str]:
    return [(TODAY - timedelta(days=age)).isoformat() for age in ages]


def test_days_before_yesterday_are_compacted_and_those_beyond_the_age_removed() -> None:
    known = days(120, 100, *range(50, 40, -1), 2, 1, 0)
    assert chores(known, days(100, 2, 1, 0), TODAY, KEEP) == Chores(
        compact=tuple(days(2)), remove=tuple(days(120, 100)), summarise=tuple(days(1))
    )


def test_the_newest_days_are_compacted_first() -> None:
    """Most questions are about them."""
    known = days(*range(40, -1, -1))
    assert chores(known, known, TODAY, KEEP).compact == tuple(days(*range(2, 12)))


def test_the_newest_days_stay_however_old_they_are() -> None:
    known = days(*range(300, 300 - RECOVERY_DAYS - 2, -1))
    assert chores(known, [], TODAY, KEEP).remove == tuple(known[:2])


def test_a_history_that_is_kept_for_longer_than_there_are_days_is_kept() -> None:
    assert chores(days(300, 1), [], TODAY, timedelta(days=999_999)).remove == ()


class FakeVolume:
    """Commits are counted; a commit can be the last thing that happens."""

    def __init__(self) -> None:
        self.commits = 0
        self.dies_at: int | None = None

    @property
    def commit(self) -> Any:
        volume = self

        class Commit:
            async def aio(self) -> None:
                volume.commits += 1
                if volume.commits == volume.dies_at:
                    raise OSError("the container is gone")

        return Commit()


def a_log(day: str, number: int) -> WakeLog:
    world = World()
    world.live(hourly())
    log = world.wake("09:00")
    return replace(log, wake=f"fc-{number}", started=f"{day}T09:00:0{number}Z")


@pytest.fixture
def volume() -> FakeVolume:
    return FakeVolume()


@pytest.fixture
def archive(tmp_path: Path, volume: FakeVolume) -> VolumeRunLog:
    return VolumeRunLog(cast("modal.Volume", volume), tmp_path)


def filled(archive: VolumeRunLog, *written: str) -> list[WakeLog]:
    logs = [a_log(day, number) for day in written for number in range(3)]
    for log in logs:
        asyncio.run(archive.write(log))
    return logs


def test_compacted_logs_read_the_same(archive: VolumeRunLog, tmp_path: Path) -> None:
    logs = filled(archive, "2026-11-17", "2026-11-18", "2026-11-20")
    asyncio.run(tidy(archive, FakeClaims(), NOW, KEEP, "t"))
    assert asyncio.run(archive.recent(7)) == logs
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.jsonl"))
    assert files[:2] == ["runs/2026-11-17/compacted.jsonl", "runs/2026-11-18/compacted.jsonl"]
    assert len(files) == 5


@pytest.mark.parametrize("commit", [1, 2])
def test_a_compaction_that_dies_loses_nothing_and_is_done_again(
    archive: VolumeRunLog, volume: FakeVolume, commit: int
) -> None:
    logs = filled(archive, "2026-11-17")
    volume.dies_at = volume.commits + commit
    asyncio.run(tidy(archive, FakeClaims(), NOW, KEEP, "t"))
    assert asyncio.run(archive.recent(7)) == logs
    asyncio.run(tidy(archive, FakeClaims(), NOW, KEEP, "t"))
    assert asyncio.run(archive.recent(7)) == logs
    assert asyncio.run(archive.loose_days()) == []


def test_a_log_that_comes_late_joins_the_compacted_ones(archive: VolumeRunLog) -> None:
    logs = filled(archive, "2026-11-17")
    asyncio.run(archive.compact("2026-11-17", NOW))
    late = a_log("2026-11-17", 7)
    asyncio.run(archive.write(late))
    assert asyncio.run(archive.recent(7)) == [*logs, late]
    asyncio.run(archive.compact("2026-11-17", NOW))
    assert asyncio.run(archive.recent(7)) == [*logs, late]


def test_old_days_are_removed(archive: VolumeRunLog) -> None:
    filled(archive, *(f"2026-01-0{day}" for day in range(1, 4)), *days(*range(9, 1, -1)))
    asyncio.run(tidy(archive, FakeClaims(), NOW, KEEP, "t"))
    assert asyncio.run(archive.days()) == days(*range(9, 1, -1))


def test_one_wake_a_day_tidies_up(archive: VolumeRunLog) -> None:
    world = World()
    world.live(hourly())
    filled(archive, "2026-11-17")
    ports = replace(world.ports("09:00"), archive=archive)
    world.wake("09:00", ports)
    assert asyncio.run(archive.loose_days()) == []
    filled(archive, "2026-11-18")
    world.wake("10:00", replace(world.ports("10:00"), archive=archive))
    assert asyncio.run(archive.loose_days()) == ["2026-11-18"], "not again on the same day"


@pytest.mark.parametrize("content", [b"{", b'{"format":99}'])
def test_a_file_that_cannot_be_read_stops_no_wake_and_its_day_alone_stays_as_it_is(
    archive: VolumeRunLog, tmp_path: Path, content: bytes
) -> None:
    """Each day's first wake tidies: what wakes but daily would not run any more."""
    world = World()
    world.live(hourly())
    filled(archive, "2026-11-16", "2026-11-17")
    (tmp_path / "runs" / "2026-11-16" / "060000-fc-damaged.jsonl").write_bytes(content)
    log = world.wake("09:00", replace(world.ports("09:00"), archive=archive))
    assert [line.occurrence.name for line in log.records] == ["hourly"]
    assert asyncio.run(archive.loose_days()) == ["2026-11-16"]


def test_a_stray_file_beside_the_days_keeps_none_of_them(
    archive: VolumeRunLog, tmp_path: Path
) -> None:
    for day in days(*range(100)):
        (tmp_path / "runs" / day).mkdir(parents=True)
    (tmp_path / "runs" / ".DS_Store").touch()
    asyncio.run(tidy(archive, FakeClaims(), NOW, KEEP, "t"))
    oldest = (TODAY - KEEP).isoformat()
    assert min(asyncio.run(archive.days())) == oldest


def test_each_day_but_today_gets_a_summary_of_exactly_its_files(
    archive: VolumeRunLog, tmp_path: Path
) -> None:
    filled(archive, *days(2, 1, 0))
    asyncio.run(tidy(archive, FakeClaims(), NOW, KEEP, "t"))
    found = sorted(path.parent.name for path in tmp_path.rglob("summary.ndjson"))
    assert found == days(2, 1)
    for day in found:
        folder = tmp_path / "runs" / day
        summary = decode_summary((folder / "summary.ndjson").read_bytes(), day)
        assert summary.files == {file.name: file.stat().st_size for file in folder.glob("*.jsonl")}


def test_a_day_that_an_earlier_version_compacted_gets_a_summary(
    archive: VolumeRunLog, tmp_path: Path
) -> None:
    logs = filled(archive, "2026-11-17")
    asyncio.run(archive.compact("2026-11-17", NOW))
    (tmp_path / "runs" / "2026-11-17" / "summary.ndjson").unlink()
    asyncio.run(tidy(archive, FakeClaims(), NOW, KEEP, "t"))
    assert (tmp_path / "runs" / "2026-11-17" / "summary.ndjson").exists()
    assert asyncio.run(archive.recent(7)) == logs


def test_a_day_whose_compacted_file_is_damaged_is_left_as_it_is(
    archive: VolumeRunLog, tmp_path: Path
) -> None:
    filled(archive, "2026-11-17")
    asyncio.run(archive.compact("2026-11-17", NOW))
    asyncio.run(archive.write(a_log("2026-11-17", 7)))
    compacted = tmp_path / "runs" / "2026-11-17" / "compacted.jsonl"
    garbled = b"{" + compacted.read_bytes()
    compacted.write_bytes(garbled)
    damaged = asyncio.run(archive.compact("2026-11-17", NOW))
    assert [one.where for one in damaged] == ["runs/2026-11-17/compacted.jsonl"]
    assert compacted.read_bytes() == garbled, "a person may still read what it holds"
    assert len(list(compacted.parent.glob("*.jsonl"))) == 2


def test_a_log_about_a_time_that_is_yet_to_come_stays_a_file_of_its_own(
    archive: VolumeRunLog, tmp_path: Path
) -> None:
    (log, *_) = filled(archive, "2026-11-17")
    ahead = replace(log, wake="fc-ahead", now=NOW + 60)
    asyncio.run(archive.write(ahead))
    asyncio.run(archive.compact("2026-11-17", NOW))
    (left,) = (tmp_path / "runs" / "2026-11-17").glob("*-notable.jsonl")
    assert left == tmp_path / ahead.path
    asyncio.run(archive.compact("2026-11-17", NOW + 60))
    assert not left.exists()
    assert ahead in asyncio.run(archive.recent(7))


def test_backfills_that_were_over_before_the_history_begins_are_removed() -> None:
    old, new, going = (backfill_of(count) for count in (1, 2, 3))
    files = FakeBackfillFiles({one.path: one.encode() for one in (old, new, going)})
    for one, day in ((old, "2026-08-01"), (new, "2026-11-01")):
        end = BackfillEnd(cancelled=False, at=f"{day}T09:00:00Z")
        files.files[ended_path(one.digest)] = end.encode()
    asyncio.run(forget_backfills(files, TODAY - KEEP))
    assert sorted(files.files) == sorted([new.path, ended_path(new.digest), going.path])
