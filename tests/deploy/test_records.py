"""The records of applies: which are read, and what they say together."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.deploy.apply_records import (
    AT_ONCE,
    commits_of,
    newest_number,
    read_history,
    read_record,
    record_or_damage,
)
from reconciler.deploy.fakes import FakeFiles
from reconciler.deploy.generation_files import read_generation
from reconciler.model.applied import Applied, Origin, applied_path
from reconciler.model.formats import FormatError, NewerFormatError
from reconciler.model.generation import generation_path
from tests.deploy.scenario import World
from tests.deploy.test_history import POINTER, RECORD
from tests.plan.scenario import hourly


def record(minute: int, number: int = 0) -> Applied:
    """The record of an apply in that minute."""
    at = f"2026-11-20T{minute // 60:02}:{minute % 60:02}:00Z"
    return replace(RECORD, pointer=replace(POINTER, at=at, number=number))


def files(*records: Applied) -> FakeFiles:
    found = FakeFiles()
    for one in records:
        found.files[one.path] = one.encode()
    return found


def test_the_last_applies_are_read_newest_first() -> None:
    three = [record(minute) for minute in (1, 2, 3)]
    applies, damaged = asyncio.run(read_history(files(*three), 2))
    assert (list(applies), damaged) == ([three[2], three[1]], ())
    assert len(asyncio.run(read_history(files(*three), 9))[0]) == 3
    assert asyncio.run(read_history(FakeFiles(), 9)) == ([], ())


def test_a_damaged_record_is_named_and_the_others_are_read() -> None:
    found = files(record(1), record(2))
    found.files[record(2).path] = b"garbage"
    applies, (damage,) = asyncio.run(read_history(found, 9))
    assert list(applies) == [record(1)]
    assert damage.where == record(2).path
    with pytest.raises(FormatError):
        asyncio.run(read_record(found, record(2).pointer))
    assert asyncio.run(record_or_damage(found, record(2).pointer)) == (None, (damage,))
    assert asyncio.run(record_or_damage(found, record(1).pointer)) == (record(1), ())


def test_an_apply_that_left_no_record_has_none() -> None:
    assert asyncio.run(read_record(FakeFiles(), POINTER)) is None
    assert asyncio.run(read_record(files(RECORD), None)) is None
    assert asyncio.run(read_record(files(RECORD), POINTER)) == RECORD


@pytest.mark.parametrize(
    ("numbers", "newest"),
    [
        ([], 0),
        ([3], 3),
        ([3, 4], 4),
        ([4, 3], 4),  # two machines, one of whose clocks is wrong
        ([0], 0),
        ([7] + [0] * (AT_ONCE - 1), 7),
        ([7] + [0] * AT_ONCE, 7),
        ([7] + [0] * 2 * AT_ONCE, 7),
        ([9, 2] + [0] * (AT_ONCE - 1), 2),
    ],
)
def test_the_highest_number_of_the_newest_records_that_have_one_counts(
    numbers: list[int], newest: int
) -> None:
    found = files(*(record(minute, number) for minute, number in enumerate(numbers)))
    assert asyncio.run(newest_number(found)) == newest


def test_a_damaged_record_names_no_number() -> None:
    found = files(record(1, 5), record(2, 6))
    found.files[record(2, 6).path] = b"garbage"
    assert asyncio.run(newest_number(found)) == 5


def test_a_commit_is_shown_where_it_is_known() -> None:
    origins = {"a": Origin("c" * 40, None, "x"), "b": Origin(None, None, "x")}
    assert commits_of(replace(RECORD, origins=origins)) == {"a": "c" * 40}
    assert commits_of(None) == {}


def stored(one: Applied, **changes: Any) -> bytes:
    return json.dumps({**json.loads(one.encode()), **changes}).encode()


def test_origins_that_are_the_same_are_written_once() -> None:
    one, other = Origin("c" * 40, "Ada", "x"), Origin("d" * 40, None, "y")
    many = replace(RECORD, origins={"a": one, "b": other, "c": one})
    body = json.loads(many.encode())
    assert (len(body["origins"]), body["schedules"]) == (2, {"a": 0, "b": 1, "c": 0})
    assert Applied.decode(many.encode(), "record") == many


def test_a_number_is_written_where_there_is_one() -> None:
    assert "number" not in json.loads(record(1).encode())
    assert json.loads(record(1, 2).encode())["number"] == 2
    assert Applied.decode(record(1, 2).encode(), "record") == record(1, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"origins": [["c" * 40, "Ada"]]},
        {"origins": [[1, "Ada", "x"]]},
        {"origins": [["c" * 40, 2, "x"]]},
        {"origins": [["c" * 40, "Ada", None]]},
        {"schedules": {"a": 1}},
        {"schedules": []},
        {"summary": 1},
        {"number": "1"},
        {"app": 1},
        {"pointer": []},
    ],
    ids=str,
)
def test_a_record_of_another_form_is_damaged(changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        Applied.decode(stored(RECORD, **changes), "record")


def test_records_sort_by_time_and_are_distinguished_by_their_generation() -> None:
    assert applied_path(POINTER) == f"applies/2026-11-20T15:00:00Z-{'a' * 12}.json"


def test_a_generation_is_read_with_what_is_wrong_with_its_file() -> None:
    world = World()
    applied = world.apply(hourly("a")).generation
    path = generation_path(applied.digest)
    whole = world.files.files[path]

    def read() -> tuple[bool, str | None]:
        found, damage = asyncio.run(read_generation(world.files, applied.digest))
        return found is not None, damage

    assert read() == (True, None)
    world.files.files[path] = whole.replace(b"sync", b"evil")
    edited = "was edited by hand: its content does not match its name, so no schedule runs"
    assert read() == (True, edited)
    world.files.files[path] = b"garbage"
    found, damage = read()
    assert not found
    assert str(damage).endswith(": no schedule runs")
    world.files.files[path] = whole.replace(b'"format":', b'"format":9')
    with pytest.raises(NewerFormatError):
        read()
    del world.files.files[path]
    assert read() == (False, "was removed: no schedule runs")
