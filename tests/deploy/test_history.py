"""The record of an apply, as this version and the one before write and read it."""

from __future__ import annotations

import json
from typing import Any

from reconciler.model.applied import Applied, Origin
from reconciler.model.pointer import Pointer

POINTER = Pointer(
    generation="a" * 64,
    commit="c" * 40,
    dirty=False,
    by="somebody",
    at="2026-11-20T15:00:00Z",
    previous=None,
    author="Ada",
    link="https://git.example/runs/1",
)
RECORD = Applied(POINTER, "1 to create", {"a": Origin("c" * 40, "Ada", "2026-11-20T15:00:00Z")})
KEYS_OF_0_1_0 = {"generation", "commit", "dirty", "by", "at", "previous", "author", "link"}


def stored(record: Applied) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(record.encode())
    return body


def test_a_record_is_read_back() -> None:
    assert Applied.decode(RECORD.encode(), RECORD.path) == RECORD


def test_version_0_1_0_knows_every_key_of_the_pointer_in_a_record() -> None:
    assert set(stored(RECORD)["pointer"]) == KEYS_OF_0_1_0


def test_a_key_that_a_later_version_adds_to_the_pointer_is_passed_over() -> None:
    body = stored(RECORD)
    later = {**body, "pointer": {**body["pointer"], "later": 1}}
    assert Applied.decode(json.dumps(later).encode(), RECORD.path) == RECORD


def test_a_record_without_the_keys_that_came_later_is_read() -> None:
    body = stored(RECORD)
    older = {key: body["pointer"][key] for key in KEYS_OF_0_1_0 - {"author", "link"}}
    read = Applied.decode(json.dumps({**body, "pointer": older}).encode(), RECORD.path)
    assert (read.pointer.author, read.pointer.link) == (None, None)
