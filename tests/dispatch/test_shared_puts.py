"""Entries that are put at about the same time share their calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from reconciler.dispatch.adapters.modal_calls import SharedPuts
from reconciler.dispatch.answers import UnavailableError
from reconciler.model.formats import Entry

ENTRY: Entry = {"state": "started"}


@dataclass
class Store:
    """Stores when it is let, and fails at keys that are named ``bad…``."""

    calls: list[list[str]] = field(default_factory=list)
    stored: dict[str, Entry] = field(default_factory=dict)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, entries: Mapping[str, Entry]) -> None:
        self.calls.append(sorted(entries))
        await self.gate.wait()
        if any(key.startswith("bad") for key in entries):
            raise UnavailableError("no answer")
        self.stored |= entries


async def _turns() -> None:
    """Let everything that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_what_comes_while_a_call_is_under_way_goes_together_in_the_next() -> None:
    async def scene() -> None:
        store = Store()
        puts = SharedPuts(store)
        first = asyncio.create_task(puts.put("a", ENTRY))
        await _turns()
        later = [asyncio.create_task(puts.put(key, ENTRY)) for key in ("b", "c", "d")]
        await _turns()
        assert store.calls == [["a"]]
        assert not any(task.done() for task in (first, *later))
        store.gate.set()
        await asyncio.gather(first, *later)
        assert store.calls == [["a"], ["b", "c", "d"]]
        assert sorted(store.stored) == ["a", "b", "c", "d"]

    asyncio.run(scene())


def test_of_two_puts_under_one_key_the_later_wins() -> None:
    async def scene() -> None:
        store = Store()
        store.gate.set()
        puts = SharedPuts(store)
        await asyncio.gather(puts.put("a", {"n": 1}), puts.put("a", {"n": 2}))
        assert store.stored == {"a": {"n": 2}}
        await puts.put("a", {"n": 3})
        assert store.stored == {"a": {"n": 3}}

    asyncio.run(scene())


def test_a_call_that_fails_fails_for_those_whose_entries_it_held() -> None:
    async def scene() -> None:
        store = Store()
        puts = SharedPuts(store)
        first = asyncio.create_task(puts.put("a", ENTRY))
        await _turns()
        failing = [asyncio.create_task(puts.put(key, ENTRY)) for key in ("b", "bad")]
        store.gate.set()
        await first
        for task in failing:
            with pytest.raises(UnavailableError):
                await task
        await puts.put("c", ENTRY)
        assert sorted(store.stored) == ["a", "c"]

    asyncio.run(scene())


def test_one_that_is_cancelled_takes_nothing_from_the_others() -> None:
    async def scene() -> None:
        store = Store()
        puts = SharedPuts(store)
        first, second = (asyncio.create_task(puts.put(key, ENTRY)) for key in ("a", "b"))
        await _turns()
        first.cancel()
        store.gate.set()
        await second
        assert sorted(store.stored) == ["a", "b"]

    asyncio.run(scene())
