"""What goes away with time; the clock is the test's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from modal_proto import api_pb2

from reconciler.engine.addresses import Addresses
from reconciler.engine.apps import AppStore
from reconciler.engine.caller import Peer
from reconciler.engine.calls import Calls
from reconciler.engine.catalog import Catalog
from reconciler.engine.ids import IdKind
from reconciler.engine.logs import LogFilter, LogOrigin, LogStore
from reconciler.engine.rpc.dicts import Dicts
from reconciler.engine.storage.database import Database

DAY = 86_400.0
ASYNC = api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC


@dataclass
class TimeSource:
    time: float = 1_000_000_000.0

    def now(self) -> float:
        return self.time


@pytest.fixture
def clock() -> TimeSource:
    return TimeSource()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "db")
    yield opened
    opened.close()


class Shelf:
    """A Dict, spoken to as the client does."""

    def __init__(self, database: Database, clock: TimeSource) -> None:
        self.catalog = Catalog(database, clock)
        self.dicts = Dicts(self.catalog, database, clock)
        self.id = self.catalog.add(IdKind.DICT, "main", "d", b"").id

    def put(self, value: bytes, *, only_new: bool = False) -> bool:
        request = api_pb2.DictUpdateRequest(
            dict_id=self.id,
            updates=[api_pb2.DictEntry(key=b"k", value=value)],
            if_not_exists=only_new,
        )
        return asyncio.run(self.dicts.dict_update(request, Peer())).created

    def get(self) -> bytes | None:
        request = api_pb2.DictGetRequest(dict_id=self.id, key=b"k")
        answer = asyncio.run(self.dicts.dict_get(request, Peer()))
        return answer.value if answer.found else None


@pytest.fixture
def shelf(database: Database, clock: TimeSource) -> Shelf:
    return Shelf(database, clock)


def test_an_entry_dies_after_seven_idle_days(shelf: Shelf, clock: TimeSource) -> None:
    shelf.put(b"v")
    clock.time += 7 * DAY
    assert shelf.get() is None


def test_a_read_keeps_an_entry_alive(shelf: Shelf, clock: TimeSource) -> None:
    shelf.put(b"v")
    for _ in range(3):
        clock.time += 6 * DAY
        assert shelf.get() == b"v"


def test_a_dead_entry_can_be_claimed_anew(shelf: Shelf, clock: TimeSource) -> None:
    assert shelf.put(b"first", only_new=True)
    clock.time += 6 * DAY
    assert not shelf.put(b"second", only_new=True)
    clock.time += 7 * DAY
    assert shelf.put(b"third", only_new=True)
    assert shelf.get() == b"third"


def test_a_result_is_kept_for_seven_days_after_its_end(
    database: Database, clock: TimeSource
) -> None:
    calls = Calls(database, clock)
    call, (one,) = calls.begin("fu-1", ASYNC, [api_pb2.FunctionPutInputsItem()])
    clock.time += 30 * DAY
    calls.expire()
    assert calls.function(call) == "fu-1", "it has not ended yet"
    assert calls.finish(one, api_pb2.FunctionGetOutputsItem())
    clock.time += 6 * DAY
    calls.expire()
    assert calls.counts(call) == (1, 0)
    clock.time += 2 * DAY
    calls.expire()
    assert calls.function(call) is None


def test_the_first_end_of_an_input_counts(database: Database, clock: TimeSource) -> None:
    calls = Calls(database, clock)
    call, (one,) = calls.begin("fu-1", ASYNC, [api_pb2.FunctionPutInputsItem()])
    assert calls.finish(one, api_pb2.FunctionGetOutputsItem(task_id="first"))
    assert not calls.finish(one, api_pb2.FunctionGetOutputsItem(task_id="second"))
    assert [output.task_id for _, output in calls.outputs(call, 0, None, None, 9)] == ["first"]


def test_outputs_come_in_the_order_of_their_ends(database: Database, clock: TimeSource) -> None:
    calls = Calls(database, clock)
    items = [api_pb2.FunctionPutInputsItem(idx=number) for number in range(3)]
    call, inputs = calls.begin("fu-1", ASYNC, items)
    for one in (inputs[2], inputs[0]):
        calls.finish(one, api_pb2.FunctionGetOutputsItem(idx=one.index))
    found = calls.outputs(call, 0, None, None, 9)
    assert [output.idx for _, output in found] == [2, 0]
    assert calls.outputs(call, found[0][0], None, None, 9) == found[1:]
    assert calls.outputs(call, 0, 0, 0, 9) == found[1:]
    assert [one.index for one in calls.unfinished_inputs(call)] == [1]


def test_an_app_that_is_run_depends_on_its_client(database: Database, clock: TimeSource) -> None:
    apps = AppStore(database, clock, Addresses(database))
    run = apps.create("main", "run", api_pb2.APP_STATE_EPHEMERAL, {})
    apps.create("main", "deployed", api_pb2.APP_STATE_DEPLOYED, {}, "deployed")
    clock.time += 50
    apps.beat(run)
    clock.time += 50
    assert apps.silent(clock.time - 60) == []
    clock.time += 50
    assert [app.id for app in apps.silent(clock.time - 60)] == [run]


def test_logs_are_found_by_whose_and_when(database: Database, clock: TimeSource) -> None:
    logs = LogStore(database, clock)
    logs.add(LogOrigin("ap", "fu", "ta", "fc"), 1, "one\ntwo\n")
    clock.time += 10
    logs.add(LogOrigin("ap", "fu", "tb"), 2, "three\n")
    logs.add(LogOrigin("other", "fu", "tc"), 1, "four\n")

    def found(chosen: LogFilter) -> list[str]:
        return [entry.data for entry in logs.latest(chosen, 9)]

    assert found(LogFilter("ap")) == ["one\n", "two\n", "three\n"]
    assert found(LogFilter("ap", call="fc", text="tw")) == ["two\n"]
    assert found(LogFilter("ap", fd=2)) == ["three\n"]
    assert found(LogFilter("ap", until=clock.time)) == ["one\n", "two\n"]
    assert [entry.data for entry in logs.latest(LogFilter("ap"), 1)] == ["three\n"]
