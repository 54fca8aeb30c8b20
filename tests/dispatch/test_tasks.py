"""Tasks that programs create: each runs once, whenever it appears and whatever is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pytest

from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeClaims, FakeRunLog, FakeTaskFiles
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.wake.housekeeping import REMEMBERED, forget_tasks
from reconciler.model.claim import ClaimState, claim_key
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.formats import Entry, FormatError
from reconciler.model.runs_file import RunState, WakeLog
from reconciler.model.task import (
    Ending,
    SettledTask,
    Task,
    TaskPath,
    decode_task,
    is_task,
    task_id_of,
)
from reconciler.policies import Delivery
from tests.dispatch.scenario import World, hourly, lines
from tests.dispatch.task_scenario import settled, spawned, store, task

DEEP = task("bad").encode().replace(b"{}", b'{"a":' + b"[" * 900 + b"]" * 900 + b"}", 1)
"""Deep enough to be read, and too deep to be worked with."""


@pytest.fixture
def world() -> World:
    made = World()
    made.live()
    return made


def test_a_due_task_is_started_with_its_arguments_and_its_file_makes_way(world: World) -> None:
    one = task(args={"text": "${occurrence.id} $${x}", "deep": [{"a": "${occurrence.time}"}]})
    store(world, one)
    log = world.wake("15:00")
    assert lines(log, RunState.STARTED) == ["task/renewal@15:00"]
    (call,) = world.caller.calls
    assert (call.app, call.function, call.args) == ("shop", "sync", one.args)
    assert list(world.tasks.files) == ["settled/renewal.json"]
    assert settled(world, one) == SettledTask(
        task=one, ending=Ending.STARTED, at="2026-11-20T15:00:00Z", call=call.id
    )


def test_a_task_is_not_started_before_its_time(world: World) -> None:
    store(world, task(time="15:01"), task("tomorrow", "2026-11-21T14:00"))
    assert world.wake("15:00").records == ()
    assert world.caller.calls == []


def test_a_task_that_appears_after_the_wake_of_its_minute_is_started_by_the_next(
    world: World,
) -> None:
    world.wake("14:59")
    world.wake("15:00:20")
    store(world, task(time="14:59"))
    world.wake("15:05")
    assert spawned(world) == ["sync"]


@pytest.mark.parametrize(
    "time", ["14:59", "2026-11-20T03:00", "2026-10-28T14:59", "2025-03-01T09:00"]
)
def test_a_task_is_found_however_long_no_wake_came(world: World, time: str) -> None:
    store(world, task(time=time, created=0))
    world.wake("15:00")
    assert spawned(world) == ["sync"]


def test_a_task_created_long_after_its_time_is_started_under_at_most_once_too(
    world: World,
) -> None:
    store(world, task(time="2026-11-10T09:00", delivery=Delivery.AT_MOST_ONCE))
    world.wake("15:00")
    assert spawned(world) == ["sync"]


def test_a_time_long_past_is_filed_under_the_creation() -> None:
    assert task(time="2026-11-18T09:00").path == "tasks/2026-11-20/12/renewal.json"
    assert task(time="2026-11-20T09:00").path == "tasks/2026-11-20/09/renewal.json"


def test_two_wakes_start_a_task_once(world: World) -> None:
    store(world, task())
    kept = dict(world.tasks.files)
    world.wake("15:00")
    world.tasks.files.update(kept)  # what a wake sees that had looked a moment earlier
    world.tasks.files.pop("settled/renewal.json")
    world.wake("15:00")
    assert spawned(world) == ["sync"]
    assert list(world.tasks.files) == ["settled/renewal.json"]


def test_a_file_that_comes_back_is_not_started_again_once_its_claim_has_died(
    world: World,
) -> None:
    store(world, task())
    kept = dict(world.tasks.files)
    world.wake("15:00")
    world.tasks.files.update(kept)
    world.claims.entries.clear()
    world.wake("2026-11-29T15:00")
    assert spawned(world) == ["sync"]
    assert list(world.tasks.files) == ["settled/renewal.json"]


def test_the_runs_files_are_asked_when_neither_claim_nor_file_is_left(world: World) -> None:
    one = task()
    store(world, one)
    kept = dict(world.tasks.files)
    world.wake("15:00")
    world.tasks.files = dict(kept)
    world.claims.entries.clear()
    world.wake("2026-11-29T15:00")
    assert spawned(world) == ["sync"]
    found = settled(world, one)
    assert found is not None
    assert (found.ending, found.call) == (Ending.STARTED, "fc-1")


@dataclass
class UnwritableTasks(FakeTaskFiles):
    """Files that can be read only."""

    async def change(self, *_changes: object) -> None:
        raise UnavailableError


@dataclass
class UnwritableLog(FakeRunLog):
    """A history that takes nothing."""

    async def write(self, _log: WakeLog) -> None:
        raise UnavailableError


def test_a_task_keeps_its_file_until_its_start_is_in_the_history(world: World) -> None:
    store(world, task())
    ports = replace(world.ports("15:00"), log=UnwritableLog())
    with pytest.raises(UnavailableError):
        world.wake("15:00", ports)
    assert list(world.tasks.files) == ["tasks/2026-11-20/15/renewal.json"]
    log = world.wake("15:05")
    assert lines(log, RunState.STARTED) == ["task/renewal@15:00"]
    assert spawned(world) == ["sync"]


def test_a_wake_that_cannot_settle_has_processed_the_minute_all_the_same(world: World) -> None:
    store(world, task())
    ports = replace(world.ports("15:00"), tasks=UnwritableTasks(world.tasks.files))
    assert lines(world.wake("15:00", ports), RunState.STARTED) == ["task/renewal@15:00"]
    world.wake("15:05")
    assert spawned(world) == ["sync"]
    assert list(world.tasks.files) == ["settled/renewal.json"]


def test_a_start_that_fails_is_tried_again_as_the_next_attempt(world: World) -> None:
    store(world, task())
    world.caller = FakeCaller(missing={"shop/sync"})
    log = world.wake("15:00")
    assert lines(log, RunState.START_FAILED) == ["task/renewal@15:00"]
    world.caller = FakeCaller()
    log = world.wake("15:05")
    assert [record.attempt for record in log.records] == [2]
    assert spawned(world) == ["sync"]
    assert world.claims.entries[CURSOR_KEY]["unsettled"] == {}


def test_a_start_in_doubt_is_left_alone_under_at_most_once(world: World) -> None:
    one = task(delivery=Delivery.AT_MOST_ONCE)
    store(world, one)
    world.claims.entries[one.occurrence.id] = {
        "state": "claimed",
        "token": "dead",
        "wake": "fc-dead",
        "attempt": "1",
        "until": "2026-11-20T15:05:30Z",
    }
    log = world.wake("15:10")
    assert lines(log, RunState.MISSED) == ["task/renewal@15:00"]
    found = settled(world, one)
    assert found is not None
    assert found.ending is Ending.MISSED
    assert found.reason is not None
    assert "delivery is at-most-once" in found.reason


def test_a_task_that_was_cancelled_is_written_down_as_skipped_when_its_time_comes(
    world: World,
) -> None:
    one = task()
    store(world, one)
    word = SettledTask(task=one, ending=Ending.CANCELLED, at="2026-11-20T13:00:00Z", reason="no")
    world.tasks.files[one.settled_path] = word.encode()
    log = world.wake("15:00")
    assert lines(log, RunState.SKIPPED) == ["task/renewal@15:00"]
    assert log.records[0].reason == "no"
    assert list(world.tasks.files) == [one.settled_path]


def test_a_cancellation_that_got_no_further_than_its_claim_holds(world: World) -> None:
    one = task()
    store(world, one)
    world.claims.entries[claim_key(one.occurrence, 1)] = {
        "state": ClaimState.SKIPPED.value,
        "error": "cancelled",
    }
    log = world.wake("15:00")
    assert lines(log, RunState.SKIPPED) == ["task/renewal@15:00"]
    found = settled(world, one)
    assert found is not None
    assert found.ending is Ending.CANCELLED


def test_the_next_edition_of_an_id_is_a_task_of_its_own(world: World) -> None:
    first, second = task(), task(edition=2, function="other")
    store(world, first, second)
    word = SettledTask(task=first, ending=Ending.CANCELLED, at="2026-11-20T13:00:00Z")
    world.tasks.files[first.settled_path] = word.encode()
    log = world.wake("15:00")
    assert lines(log, RunState.STARTED) == ["task/renewal~2@15:00"]
    assert spawned(world) == ["other"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not a task"),
        (b"[" * 100_000, "is not a task"),
        (DEEP, "its arguments are nested more than 100 levels deep"),
        (task("other").encode(), "it says that it is tasks/2026-11-20/15/other.json"),
        (json.dumps({"format": 2}).encode(), "written in format 2, and this version reads up to"),
    ],
)
def test_a_file_that_cannot_be_read_is_reported_by_name_and_stops_no_other(
    world: World, content: bytes, reason: str
) -> None:
    store(world, task("good"))
    world.tasks.files["tasks/2026-11-20/15/bad.json"] = content
    log = world.wake("15:00")
    assert lines(log, RunState.START_FAILED) == ["task/bad@15:00"]
    assert lines(log, RunState.STARTED) == ["task/good@15:00"]
    (line,) = (one.reason for one in log.records if one.state is RunState.START_FAILED)
    assert line is not None
    assert line.startswith("tasks/2026-11-20/15/bad.json:")
    assert reason in line
    assert "Remove it from the Volume" in line or "Upgrade schedule-reconciler" in line
    assert "tasks/2026-11-20/15/bad.json" in world.tasks.files
    assert world.wake("15:05").records == (), "not again on the same day"
    assert lines(world.wake("2026-11-21T15:00"), RunState.START_FAILED) == ["task/bad@15:00"]


def test_tasks_and_schedules_are_processed_by_the_same_wake(world: World) -> None:
    world.live(hourly())
    store(world, task(time="08:40"), task("later", "09:00"))
    log = world.wake("09:00")
    assert sorted(lines(log, RunState.STARTED)) == [
        "hourly@09:00",
        "task/later@09:00",
        "task/renewal@08:40",
    ]


def test_a_wake_as_if_in_a_minute_serves_the_tasks_of_that_minute_alone(world: World) -> None:
    store(world, task(), task("earlier", "14:59"))
    log = world.wake("12:00", as_if=task().at)
    assert lines(log, RunState.STARTED) == ["task/renewal@15:00"]
    world.live(hourly())
    assert lines(world.wake("15:30", trigger="hourly"), RunState.STARTED) == ["hourly@15:30"]


def test_more_tasks_than_one_step_takes_are_all_started_once(world: World) -> None:
    many = [task(f"t{number}", f"14:{number % 60:02}") for number in range(450)]
    store(world, *many)
    world.wake("15:00")
    assert len(spawned(world)) == 450
    assert len(world.log.logs) > 1
    assert sorted(world.tasks.files) == sorted(one.settled_path for one in many)


@dataclass
class CountingClaims(FakeClaims):
    """Counts what is asked of the Dict, one call each."""

    calls: int = 0

    async def get(self, key: str) -> Entry | None:
        self.calls += 1
        return await super().get(key)

    async def put(self, key: str, entry: Entry) -> None:
        self.calls += 1
        await super().put(key, entry)

    async def put_new(self, key: str, entry: Entry) -> bool:
        self.calls += 1
        return await super().put_new(key, entry)


def test_a_due_task_costs_two_calls_of_the_dict_and_its_spawn(world: World) -> None:
    counts = []
    world.wake("14:00")
    for number in (0, 1, 100):
        store(world, *(task(f"t{number}-{index}") for index in range(number)))
        claims = CountingClaims(world.claims.entries)
        world.wake("15:00", replace(world.ports("15:00"), claims=claims))
        counts.append(claims.calls)
    nothing, one, hundred = counts
    assert (one - nothing, hundred - nothing) == (2, 200)


@dataclass
class CountingFiles(FakeTaskFiles):
    """Counts what costs a call where the Volume is not mounted, and a commit where it is."""

    listings: int = 0
    changes: int = 0

    async def pending(self, until: int | None = None) -> Sequence[str]:
        self.listings += 1
        return await super().pending(until)

    async def change(self, write: Mapping[str, bytes], remove: Collection[str] = ()) -> None:
        self.changes += 1
        await super().change(write, remove)


def test_a_wake_with_no_due_tasks_costs_one_listing_and_one_with_many_one_change(
    world: World,
) -> None:
    files = CountingFiles()
    ports = replace(world.ports("15:00"), tasks=files)
    world.wake("15:00", ports)
    files.files = {one.path: one.encode() for one in (task("far", "2027-01-01T00:00"),)}
    world.wake("15:00", ports)
    assert (files.listings, files.changes) == (2, 0)
    files.files |= {one.path: one.encode() for one in (task(f"t{n}") for n in range(50))}
    world.wake("15:00", ports)
    assert (files.listings, files.changes) == (3, 1)


TODAY = date(2026, 11, 20)


def word_of(one: Task, day: str) -> dict[str, bytes]:
    said = SettledTask(task=one, ending=Ending.CANCELLED, at=f"{day}T10:00:00Z")
    return {one.settled_path: said.encode()}


@pytest.mark.parametrize(
    ("name", "task_id"),
    [
        ("task/renewal", "renewal"),
        ("task/renewal~3", "renewal"),
        ("renewal", None),
        ("task/a b", None),
    ],
)
def test_the_id_of_a_task_is_read_from_its_name(name: str, task_id: str | None) -> None:
    assert task_id_of(name) == task_id


def test_a_file_whose_name_is_not_that_of_a_task_is_passed_over(world: World) -> None:
    strange = {"tasks/2026-11-20/14/notes.txt", "tasks/2026-11-20/14/a b.json"}
    world.tasks.files |= dict.fromkeys(strange, b"x")
    log = world.wake("15:05")
    assert (log.records, log.damaged) == ((), ())
    assert set(world.tasks.files) == strange


def test_ids_are_forgotten_after_two_weeks() -> None:
    files = FakeTaskFiles(
        {**word_of(task("old"), "2026-11-05"), **word_of(task("new"), "2026-11-06")}
    )
    asyncio.run(forget_tasks(files, TODAY))
    assert REMEMBERED.days == 14
    assert list(files.files) == ["settled/new.json"]


def test_an_id_is_remembered_while_anything_of_it_is_left() -> None:
    pending = task("far", "2027-01-01T00:00")
    files = FakeTaskFiles(
        {
            **word_of(pending, "2026-10-01"),
            pending.path: pending.encode(),
            **word_of(task("again"), "2026-10-01"),
            **word_of(task("again", edition=2), "2026-11-19"),
            "settled/damaged.json": b"{",
        }
    )
    before = dict(files.files)
    asyncio.run(forget_tasks(files, TODAY))
    assert files.files == before


def test_what_a_path_says_is_what_the_file_says() -> None:
    for one in (task(), task("A.b_c-d", edition=12), task("x.json")):
        place = TaskPath.parse(one.path)
        assert place is not None
        assert (place.id, place.edition, place.name) == (one.id, one.edition, one.name)
        assert place.hour == one.at
        assert decode_task(one.encode(), one.path) == one
        assert is_task(one.name)
    for path in ("tasks/2026-11-20/15/a b.json", "tasks/2026-11-20/24/a.json", "runs/a.json"):
        assert TaskPath.parse(path) is None
    with pytest.raises(FormatError, match="holds a list where an object is expected"):
        decode_task(b"[]", task().path)
