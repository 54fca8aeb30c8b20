"""What the dispatcher relies on, of the fakes and of the real ports alike."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import modal
import pytest

from reconciler.dispatch.adapters.in_memory import FakeClaims
from reconciler.dispatch.answers import CallState, TargetMissingError
from reconciler.dispatch.ports import Caller, Claims, RunLog
from reconciler.model.formats import UnreadableEntry
from reconciler.model.runs_file import RunRecord, RunState, WakeLog


def test_a_claim_is_won_once_and_the_loser_can_read_who_won(claims: Claims) -> None:
    async def scenario() -> None:
        won = await asyncio.gather(
            *(claims.put_new("a@1", {"token": str(number)}) for number in range(8))
        )
        assert sorted(won) == [False] * 7 + [True]
        entry = await claims.get("a@1")
        assert entry == {"token": str(won.index(True))}

    asyncio.run(scenario())


def test_an_entry_that_is_not_there_is_none_also_before_anything_was_stored(
    claims: Claims,
) -> None:
    async def scenario() -> None:
        assert await claims.get("a") is None
        await claims.put("b", {"state": "started"})
        assert await claims.get("a") is None
        assert await claims.get("b") == {"state": "started"}

    asyncio.run(scenario())


def test_put_replaces_what_was_there(claims: Claims) -> None:
    async def scenario() -> None:
        await claims.put("a", {"state": "claimed"})
        await claims.put("a", {"state": "started", "calls": {"fc-1": "a@1"}})
        assert await claims.get("a") == {"state": "started", "calls": {"fc-1": "a@1"}}

    asyncio.run(scenario())


def of_a_class_that_is_gone() -> object:
    """A value that cannot be read back, since its module is not there any more."""
    module = ModuleType("gone_meanwhile")
    sys.modules[module.__name__] = module
    exec("class Gone: pass", module.__dict__)
    return module.Gone()


@pytest.mark.parametrize("made", [of_a_class_that_is_gone, lambda: 7, lambda: {1: "a"}])
def test_a_value_that_is_no_entry_is_there_and_has_no_fields(
    claims: Claims, name: str, made: Callable[[], object]
) -> None:
    async def scenario() -> None:
        assert await claims.put_new("a", {"by": "one"})
        if isinstance(claims, FakeClaims):
            claims.entries["b"] = made()  # type: ignore[assignment]  # which is the point
        else:
            others = modal.Dict.from_name(name, environment_name="main")
            await others.put.aio("b", made())
            sys.modules.pop("gone_meanwhile", None)
        assert not await claims.put_new("b", {"by": "two"})
        found = await claims.get("b")
        assert isinstance(found, UnreadableEntry)
        assert dict(found) == {}

    asyncio.run(scenario())


def test_a_dict_that_is_made_again_is_used_in_place_of_the_deleted_one(
    claims: Claims, name: str
) -> None:
    async def scenario() -> None:
        assert await claims.put_new("a", {"by": "one"})
        if isinstance(claims, FakeClaims):
            claims.entries.clear()
        else:
            await modal.Dict.objects.delete.aio(name, environment_name="main")
        assert await claims.get("a") is None
        assert await claims.put_new("a", {"by": "two"})
        assert await claims.get("a") == {"by": "two"}
        if isinstance(claims, FakeClaims):
            claims.entries.clear()
        else:
            await modal.Dict.objects.delete.aio(name, environment_name="main")
        await claims.put("b", {"by": "three"})
        assert await claims.get("a") is None
        assert await claims.get("b") == {"by": "three"}

    asyncio.run(scenario())


def test_starting_returns_the_id_of_a_call_that_can_be_asked_for(caller: Caller) -> None:
    async def scenario() -> None:
        one = await caller.start("shop", "sync", {"occurrence": "x"})
        other = await caller.start("shop", "Mailer.send", {"occurrence": "y"})
        assert one != other
        await caller.status(one)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("app", "function"), [("shop", "gone"), ("gone", "sync"), ("shop", "Mailer.gone")]
)
def test_a_missing_function_is_distinguished_and_nothing_is_started(
    caller: Caller, app: str, function: str
) -> None:
    with pytest.raises(TargetMissingError, match=f"there is no function {app}/{function}"):
        asyncio.run(caller.start(app, function, {}))


def test_a_call_that_was_cancelled_is_distinguished_from_one_that_failed(caller: Caller) -> None:
    async def scenario() -> None:
        call = await caller.start("shop", "endless", {})
        await caller.cancel(call)
        assert (await caller.wait(call, 20)).state is CallState.CANCELLED

    asyncio.run(scenario())


def log(day: str, wake: str) -> WakeLog:
    """A wake's log with one line."""
    record = RunRecord(
        name="a",
        times=(29_000_000,),
        state=RunState.STARTED,
        at=f"{day}T09:00:01Z",
        call="fc-1",
    )
    return WakeLog(
        wake=wake,
        slot="poller",
        started=f"{day}T09:00:00Z",
        now=29_000_000,
        generation="0" * 64,
        through=29_000_000,
        pending={"a@2025-02-20T05:20Z": 2},
        records=(record,),
    )


def test_logs_come_back_as_they_were_written_oldest_first_of_the_newest_days(
    run_log: RunLog,
) -> None:
    logs = [log("2026-11-18", "c"), log("2026-11-19", "b"), log("2026-11-20", "a")]

    async def scenario() -> None:
        assert await run_log.recent(7) == []
        for one in reversed(logs):
            await run_log.write(one)
        assert list(await run_log.recent(7)) == logs
        assert list(await run_log.recent(2)) == logs[1:]

    asyncio.run(scenario())


def test_of_the_lines_of_others_none_are_read_where_names_are_asked_for(run_log: RunLog) -> None:
    one, other = log("2026-11-19", "b"), log("2026-11-20", "a")
    (line,) = other.records
    other = replace(other, records=(line, replace(line, name="another")))

    async def scenario() -> None:
        for each in (one, other):
            await run_log.write(each)
        found = await run_log.recent(7, {"another"}.__contains__)
        assert [[line.name for line in each.records] for each in found] == [[], ["another"]]

    asyncio.run(scenario())
