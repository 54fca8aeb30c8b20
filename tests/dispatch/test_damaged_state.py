"""Damaged state: every kind of entry and file, with every kind of damage, under the same wakes.

The entries and the files are found, not listed: what a busy morning leaves behind is damaged one at
a time. A new kind of entry or file is therefore under test as soon as something writes it.
"""

from __future__ import annotations

import copy
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import modal
import pytest

from reconciler.alerts import Alerts
from reconciler.cron import minute
from reconciler.dispatch.adapters.volume_files import (
    VolumeGenerations,
    VolumeRunLog,
    VolumeTaskFiles,
)
from reconciler.dispatch.answers import CallState
from reconciler.dispatch.wake.request import Ports
from reconciler.model.formats import Damaged, Entry, FormatError, NewerFormatError
from reconciler.model.generation import generation_path, new_generation
from reconciler.model.pointer import POINTER_PATH, Pointer
from reconciler.model.runs_file import RunState, WakeLog
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.policies import Catchup, Delivery, Overlap
from tests.dispatch.alarm_scenario import BAD, SLACK, rule, run_hours, texts
from tests.dispatch.scenario import PUNCTUALITY, World, at, hourly, lines
from tests.dispatch.task_scenario import task

VALUES: dict[str, Any] = {
    "None": None,
    "empty text": "",
    "text": "hello",
    "bytes": b"\x80\x04",
    "number": 7,
    "list": ["state", "claimed"],
    "empty mapping": {},
    "number keys": {1: 2},
    "another mapping": {"state": "of a newer version", "format": 99.5},
}
"""Whole values that anybody may have stored under a key of ours."""
WRONG: tuple[Any, ...] = (None, 7, "", "hello", [], {"x": 1}, True)
"""What a field may hold instead."""


class FakeVolume:
    """Everything is published and reloaded at once."""

    @property
    def commit(self) -> Any:
        class Done:
            async def aio(self) -> None:
                return

        return Done()

    reload = commit


@dataclass
class Mounted(World):
    """A world whose files are on disk, as a container sees its Volume."""

    folder: Path = Path()

    def apply(self, *records: ScheduleRecord, overdue: bool = True) -> None:
        generation = new_generation(records, (), PUNCTUALITY, alerts=Alerts(rule(), overdue))
        path = self.folder / generation_path(generation.digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(generation.encoded)
        pointer = Pointer(
            generation=generation.digest,
            commit=None,
            dirty=False,
            by="ci",
            at="2026-11-20T08:00:00Z",
            previous=None,
        )
        (self.folder / POINTER_PATH).write_bytes(pointer.encode())
        self.generations.generation = generation

    def ports(self, time: str) -> Ports:
        volume = cast("modal.Volume", FakeVolume())
        log = VolumeRunLog(volume, self.folder)
        return replace(
            super().ports(time),
            generations=VolumeGenerations(volume, self.folder),
            log=log,
            archive=log,
            tasks=VolumeTaskFiles(volume, self.folder),
        )

    def files_of_live(self) -> list[str]:
        generation = self.generations.generation
        assert generation is not None
        return [path for path in self.files() if generation.digest in path]

    def files(self) -> list[str]:
        return sorted(
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_file()
        )


ONCE = {"delivery": Delivery.AT_MOST_ONCE, "catchup": Catchup.ALL}


def busy(folder: Path) -> Mounted:
    """What a morning leaves behind: every policy in use, alarms that wait, tasks of all kinds."""
    world = Mounted(folder=folder)
    world.apply(
        hourly("least", catchup=Catchup.ALL),
        hourly("once", **ONCE),
        hourly("queue", overlap=Overlap.QUEUE, catchup=Catchup.ALL),
        hourly("replace", overlap=Overlap.REPLACE),
        hourly("retried", function="gone", catchup=Catchup.ALL),
        hourly("skip", overlap=Overlap.SKIP),
        hourly("watched", retries=1),
        hourly("witness", when=("30 * * * *",), function="witness"),
    )
    for one in (task("done", "09:00"), task("later", "11:00"), task("once", "11:00", **ONCE_TASK)):
        path = folder / one.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.encode())
    world.caller.missing.add("shop/gone")
    world.messenger.refusing.add(SLACK.address.shown)
    world.wake("09:00")
    world.end(1, CallState.FAILED, "ValueError: no rows")
    world.wake("09:30")
    world.wake("10:00")
    world.messenger.refusing.clear()
    return world


ONCE_TASK = {"delivery": Delivery.AT_MOST_ONCE}


def afternoon(world: Mounted) -> list[WakeLog]:
    """The wakes after that; each of them sees the damage."""
    return [world.wake(time) for time in ("10:05", "10:30", "11:00", "11:07", "11:30")]


def field_damages(entry: Entry) -> Iterator[dict[str, Any]]:
    """The entry with each field missing, or holding something else."""
    for key in entry:
        yield {name: value for name, value in entry.items() if name != key}
        for wrong in WRONG:
            # A whole number is a newer format, which is refused.
            if (key, wrong) != ("format", 7):
                yield {**entry, key: wrong}


def calls_by_occurrence(world: Mounted, logs: list[WakeLog]) -> Counter[tuple[str, int]]:
    """The starts of each occurrence, as the lines of all wakes have them; each call once."""
    calls = {
        line.call: (line.name, line.times[-1])
        for log in logs
        for line in log.records
        if line.call is not None
    }
    return Counter(calls.values())


def check(world: Mounted, logs: list[WakeLog], before: int) -> None:
    """Safety and liveness, whatever was damaged."""
    calls = world.caller.calls[before:]
    assert sum(call.function == "witness" for call in calls) == 2, "the witness runs at half past"
    runs = calls_by_occurrence(world, logs)
    assert all(times == 1 for (name, _), times in runs.items() if name in ("once", "task/once"))
    written = {(line.name, moment) for log in logs for line in log.records for moment in line.times}
    for name in ("least", "once", "watched"):
        assert (name, minute(at("11:00"))) in written, f"{name} is silent"


def copy_of(world: Mounted, folder: Path) -> Mounted:
    """The same world, which goes on by itself."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(world.folder, folder)
    return replace(copy.deepcopy(world), folder=folder)


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Mounted:
    return busy(tmp_path_factory.mktemp("morning"))


def goes_on(morning: Mounted, folder: Path, key: str, value: Any) -> Mounted:
    """The afternoon with this value in the Dict; whatever is in it, it is as it should be."""
    world = copy_of(morning, folder)
    before = len(world.caller.calls)
    cast("dict[str, Any]", world.claims.entries)[key] = value
    try:
        check(world, afternoon(world), before)
    except (Exception, AssertionError) as error:
        error.add_note(f"{key} = {value!r}")
        raise
    return world


def test_a_morning_leaves_every_kind_of_entry_behind(morning: Mounted) -> None:
    assert set(one_of_each(morning)) == {
        "claim started",
        "claim failed",
        "claim skipped",
        "cursor",
        "cursor/after",
        "notice failed",
        "queue",
        "running",
        "task started",
        "tidy",
    }


def one_of_each(world: Mounted) -> dict[str, str]:
    """A key of each kind of entry."""
    found = {}
    for key, entry in sorted(world.claims.entries.items()):
        place = key.rpartition("/")[0] or ("claim" if "@" in key else key)
        kind = place.partition("/")[0] if "@" in place else place
        found[f"{kind} {entry.get('state', '')}".rstrip()] = key
    return found


@pytest.mark.parametrize("value", VALUES)
def test_no_entry_of_the_dict_stops_a_wake_whatever_is_in_it(
    morning: Mounted, tmp_path: Path, value: str
) -> None:
    for key in sorted(morning.claims.entries):
        goes_on(morning, tmp_path / "world", key, VALUES[value])


def test_no_field_of_an_entry_stops_a_wake_whatever_is_in_it(
    morning: Mounted, tmp_path: Path
) -> None:
    for key in one_of_each(morning).values():
        entry = morning.claims.entries[key]
        for damaged in field_damages(entry):
            goes_on(morning, tmp_path / "world", key, damaged)


# Files


BYTES: dict[str, Any] = {
    "empty": lambda _: b"",
    "garbage": lambda _: b"\x80\xff\x00 garbage",
    "cut off": lambda content: content[: len(content) // 2],
    "cut in the last line": lambda content: content[:-3],
    "a list": lambda _: b"[]\n",
    "nested": lambda _: b"[" * 100_000,
    "newer": lambda content: re.sub(rb'"format":\d', b'"format":99', content, count=1),
}
"""What may have become of a file."""


def damaged(world: Mounted, path: str, damage: str) -> None:
    file = world.folder / path
    file.write_bytes(BYTES[damage](file.read_bytes()))


def small_files(world: Mounted) -> list[str]:
    return [path for path in world.files() if path.startswith(("runs/", "tasks/", "settled/"))]


@pytest.mark.parametrize("damage", BYTES)
def test_no_file_but_the_live_ones_stops_a_wake_whatever_became_of_it(
    morning: Mounted, tmp_path: Path, damage: str
) -> None:
    assert len(small_files(morning)) >= 5
    for path in small_files(morning):
        world = copy_of(morning, tmp_path / "world")
        damaged(world, path, damage)
        before = len(world.caller.calls)
        # Without a cursor the runs files are read; once a day they are in any case.
        del world.claims.entries["cursor"]
        try:
            check(world, afternoon(world), before)
        except (Exception, AssertionError) as error:
            error.add_note(path)
            raise


def test_a_damaged_runs_file_is_named_by_the_wake_and_people_are_notified_of_it_once(
    morning: Mounted, tmp_path: Path
) -> None:
    world = copy_of(morning, tmp_path / "world")
    path = small_files(world)[0]
    damaged(world, path, "garbage")
    for _ in range(2):
        del world.claims.entries["cursor"]
        logs = afternoon(world)
        world.end(len(world.caller.calls), CallState.SUCCEEDED)
    assert [one.where for log in logs for one in log.damaged] == []
    alarms = [text for text in texts(world) if path in text]
    assert len(alarms) == 1
    assert (
        "cannot be read: does not begin with the log of a wake. To look: reconcile status"
        in (alarms[0])
    )


def test_a_damaged_cursor_is_reported_and_the_runs_files_say_where_to_go_on() -> None:
    world = World()
    world.live(hourly(), alerts=Alerts(rule()))
    world.wake("09:00")
    cast("dict[str, Any]", world.claims.entries)["cursor"] = "hello"
    log = world.wake("10:00")
    assert lines(log, RunState.STARTED) == ["hourly@10:00"]
    assert log.damaged == (Damaged("Dict entry cursor", "it holds a value of type str"),)
    assert texts(world) == [
        "Dict entry cursor cannot be read: it holds a value of type str. To look: reconcile status"
    ]
    assert world.wake("10:05").damaged == ()
    assert len(texts(world)) == 1


def test_a_cursor_of_a_newer_version_is_refused_by_name_and_kept() -> None:
    world = World()
    world.live(hourly(), alerts=Alerts(rule()))
    newer = {"format": 99}
    world.claims.entries["cursor"] = newer
    with pytest.raises(NewerFormatError, match="Dict entry cursor: written in format 99"):
        world.wake("09:00")
    assert (world.caller.calls, world.claims.entries["cursor"]) == ([], newer)
    assert len(texts(world)) == 1


@pytest.mark.parametrize(
    ("delivery", "state", "calls"),
    [
        (Delivery.AT_MOST_ONCE, RunState.MISSED, 0),
        (Delivery.AT_LEAST_ONCE, RunState.STARTED, 1),
    ],
)
def test_a_claim_that_cannot_be_read_is_in_doubt(
    delivery: Delivery, state: RunState, calls: int
) -> None:
    world = World()
    world.live(hourly(delivery=delivery), alerts=Alerts(rule()))
    cast("dict[str, Any]", world.claims.entries)["hourly@2026-11-20T09:00Z"] = 7
    log = world.wake("09:00")
    (line,) = log.records
    assert (line.state, len(world.caller.calls)) == (state, calls)
    assert "Dict entry hourly@2026-11-20T09:00Z cannot be read: it holds a value of" in (
        line.reason or ""
    )
    assert [one.where for one in log.damaged] == ["Dict entry hourly@2026-11-20T09:00Z"]
    assert "Dict entry hourly@2026-11-20T09:00Z cannot be read" in "".join(texts(world))
    assert world.wake("09:05").records == ()


@pytest.mark.parametrize("delivery", list(Delivery))
def test_a_claim_that_cannot_be_read_starts_nothing_that_is_suspended(delivery: Delivery) -> None:
    world = World()
    world.live(hourly(delivery=delivery, suspended="a change"))
    cast("dict[str, Any]", world.claims.entries)["hourly@2026-11-20T09:00Z"] = 7
    log = world.wake("09:00")
    assert [(line.state, line.reason) for line in log.records] == [
        (RunState.SKIPPED, "suspended: a change")
    ]
    assert world.caller.calls == []
    assert [one.where for one in log.damaged] == ["Dict entry hourly@2026-11-20T09:00Z"]
    assert world.claims.entries["hourly@2026-11-20T09:00Z"]["state"] == "skipped"


def test_a_notice_that_cannot_be_read_keeps_no_other_from_being_sent() -> None:
    world = World()
    world.live(hourly(), alerts=Alerts(rule()))
    world.messenger.refusing.add(SLACK.address.shown)
    run_hours(world, [BAD])
    world.wake("09:30")
    world.messenger.refusing.clear()
    cursor = dict(world.claims.entries["cursor"])
    world.claims.entries["cursor"] = {**cursor, "notices": [{"kind": "x"}, *cursor["notices"]]}
    world.wake("09:40")
    (text,) = texts(world)
    assert "• hourly failed, hourly@2026-11-20T09:00Z" in text
    assert "• Dict entry cursor cannot be read: {'kind': 'x'} is not a notification" in text


@pytest.mark.parametrize("damage", ["empty", "garbage", "cut off", "a list", "newer"])
@pytest.mark.parametrize("live", ["pointer", "generation"])
def test_a_pointer_or_a_generation_that_cannot_be_read_stops_the_starts_and_not_the_alarms(
    tmp_path: Path, live: str, damage: str
) -> None:
    world = Mounted(folder=tmp_path)
    world.apply(hourly("before"))
    world.apply(hourly())
    (generation,) = world.files_of_live()
    world.messenger.refusing.add(SLACK.address.shown)
    run_hours(world, [BAD])
    world.wake("09:30")
    world.messenger.refusing.clear()
    path = POINTER_PATH if live == "pointer" else generation
    damaged(world, path, damage)
    calls = len(world.caller.calls)
    for time in ("09:40", "10:00"):
        with pytest.raises(FormatError, match=path):
            world.wake(time)
    assert len(world.caller.calls) == calls
    (text,) = texts(world)
    assert "hourly failed" in text
    assert f"{path} cannot be read" in text


def test_where_overdue_is_false_no_notification_is_sent_of_a_pointer_that_cannot_be_read(
    tmp_path: Path,
) -> None:
    world = Mounted(folder=tmp_path)
    world.apply(hourly(), overdue=False)
    world.messenger.refusing.add(SLACK.address.shown)
    run_hours(world, [BAD])
    world.wake("09:30")
    world.messenger.refusing.clear()
    damaged(world, POINTER_PATH, "garbage")
    with pytest.raises(FormatError, match=POINTER_PATH):
        world.wake("09:40")
    (text,) = texts(world)
    assert text.startswith("hourly failed")
    assert POINTER_PATH not in text


def test_where_no_generation_can_be_read_the_wake_still_fails_by_name(tmp_path: Path) -> None:
    world = Mounted(folder=tmp_path)
    world.apply(hourly())
    for path in world.files():
        damaged(world, path, "garbage")
    with pytest.raises(FormatError, match="is not a pointer"):
        world.wake("09:00")
    assert world.messenger.sent == []


def test_a_record_that_cannot_be_read_is_named_and_stops_no_alarm_of_its_schedule(
    tmp_path: Path,
) -> None:
    """The file bears the name of its content, so that only the record shows what is wrong."""
    world = Mounted(folder=tmp_path)
    world.apply(hourly())
    world.messenger.refusing.add(SLACK.address.shown)
    run_hours(world, [BAD])
    world.wake("09:30")
    world.messenger.refusing.clear()
    (path,) = world.files_of_live()
    content = (world.folder / path).read_bytes()
    *kept, record = content.splitlines(keepends=True)
    garbled = b"".join([*kept, b"x" * (len(record) - 1) + b"\n"])
    digest = sha256(garbled).hexdigest()
    (world.folder / generation_path(digest)).write_bytes(garbled)
    pointer = (world.folder / POINTER_PATH).read_bytes()
    live = path.rpartition("/")[2].removesuffix(".jsonl").encode()
    (world.folder / POINTER_PATH).write_bytes(pointer.replace(live, digest.encode()))
    log = world.wake("10:00")
    assert [one.where for one in log.damaged] == [f"{generation_path(digest)} record 1"]
    assert log.records == ()
    assert any("hourly failed" in text for text in texts(world)), texts(world)
    assert any(digest in text for text in texts(world)), texts(world)
