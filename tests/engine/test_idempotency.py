"""A call that is tried again is done once, by the key that its tries share."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.idempotency import IdempotentCalls
from reconciler.engine.storage.database import Database
from reconciler.engine.storage.schema import STEPS
from tests.engine.test_expiry import TimeSource


class Counter:
    """Counts what is done, and answers with the count."""

    def __init__(self, folder: Path) -> None:
        self.clock = TimeSource()
        self.database = Database(folder / "db")
        self.answered = IdempotentCalls(self.database, self.clock)
        self.done = 0

    def call(self, key: str) -> str:
        def do() -> api_pb2.FunctionMapResponse:
            self.done += 1
            return api_pb2.FunctionMapResponse(function_call_id=f"fc-{self.done}")

        return self.answered.once(key, api_pb2.FunctionMapResponse, do).function_call_id


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path)


def test_a_call_with_one_key_is_done_once_and_answered_the_same(counter: Counter) -> None:
    assert [counter.call(key) for key in ("a", "a", "b", "a")] == ["fc-1", "fc-1", "fc-2", "fc-1"]


def test_without_a_key_every_call_is_done(counter: Counter) -> None:
    assert [counter.call(""), counter.call("")] == ["fc-1", "fc-2"]


def test_what_failed_may_be_tried_again(counter: Counter) -> None:
    def fail() -> api_pb2.FunctionMapResponse:
        raise LookupError

    with pytest.raises(LookupError):
        counter.answered.once("a", api_pb2.FunctionMapResponse, fail)
    assert counter.call("a") == "fc-1"


def test_a_key_is_recognised_after_a_restart(counter: Counter, tmp_path: Path) -> None:
    counter.call("a")
    counter.database.close()
    again = Counter(tmp_path)
    assert (again.call("a"), again.done) == ("fc-1", 0)


def test_a_key_is_forgotten_in_time(counter: Counter) -> None:
    counter.call("a")
    counter.clock.time += limits.ANSWER_AGE - 1
    counter.answered.expire()
    assert counter.call("a") == "fc-1"
    counter.clock.time += 2
    counter.answered.expire()
    assert counter.call("a") == "fc-2"


def test_a_state_folder_from_before_keys_is_brought_up(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "db") as old:
        old.executescript(f"{STEPS[0]}; PRAGMA user_version = 1")
    old.close()
    counter = Counter(tmp_path)
    assert [counter.call("a"), counter.call("a")] == ["fc-1", "fc-1"]
