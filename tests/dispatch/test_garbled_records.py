"""One record of a readable generation cannot be read: it is skipped and named, the others go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from reconciler.alerts import Alerts
from reconciler.dispatch.answers import CallState, CallStatus
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.formats import FormatError
from reconciler.model.generation import Generation, generation_path, new_generation
from reconciler.model.runs_file import RunState
from reconciler.model.stored_generation import StoredGeneration, open_generation
from reconciler.policies import Catchup
from tests.dispatch.alarm_scenario import rule, texts
from tests.dispatch.scenario import PUNCTUALITY, World, at, hourly, lines

HEADER_LINES = 4


def generation(**begun: int) -> Generation:
    records = [hourly(name, catchup=Catchup.ALL) for name in "abc"]
    return new_generation(
        records, (), PUNCTUALITY, alerts=Alerts(rule()), begun={"a": 1, "b": 1, "c": 1} | begun
    )


def with_line(line: bytes, number: int = 1) -> StoredGeneration:
    """The generation with another line in place of that of a record."""
    found = generation().encoded.split(b"\n")
    found[HEADER_LINES + number] = line
    content = b"\n".join(found)
    return open_generation(content, generation_path(sha256(content).hexdigest()))


def b(**values: Any) -> bytes:
    """The record of b with other values."""
    record = json.loads(generation().encoded.split(b"\n")[HEADER_LINES + 1])
    return json.dumps({**record, **values}, sort_keys=True, separators=(",", ":")).encode()


LINES = {
    "empty": b"",
    "cut": b()[:40],
    "no JSON": b"\x00\xff garbage",
    "a list": b"[1, 2]",
    "nothing": b"null",
    "an empty object": b"{}",
    "a newer field": b(after=["a"]),
    "no function": b(function=None),
    "a number for a name": b(name=7),
    "a text for the anchor": b(anchor="yesterday"),
    "a text for the deadline": b(deadline="1h"),
    "a list for the arguments": b(args=[1]),
    "no times": b(when=["every day"]),
    "numbers for times": b(when=[1]),
    "an unknown zone": b(timezone="Mars/Olympus"),
    "an unknown exclusion": b(exclude=["never"]),
    "an unknown policy": b(catchup="sometimes"),
    "a wrong rename": b(formerly=[["old"]]),
    "deep": b"[" * 100_000,
}
DAMAGES = pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())


@DAMAGES
def test_the_others_run_and_the_record_is_named_once(line: bytes) -> None:
    world = World()
    where = f"{generation_path(with_line(line).digest)} record 2"
    for hour in ("09", "10", "11"):
        # A container of its own for each.
        world.generations.generation = with_line(line)
        log = world.wake(f"{hour}:00")
        assert lines(log, RunState.STARTED) == [f"a@{hour}:00", f"c@{hour}:00"]
        assert [one.where.startswith(where) for one in log.damaged] == (
            [True] if hour == "09" else []
        )
    (text,) = texts(world)
    assert where in text
    assert "it does not run until the next apply" in text


@pytest.mark.parametrize("cursor_is_lost", [False, True])
@pytest.mark.parametrize(
    ("last", "repaired"),
    [("11:00", "11:30"), ("2026-11-23T08:00", "2026-11-23T08:10")],
    ids=["soon", "after days"],
)
def test_after_the_repair_what_was_due_meanwhile_is_processed(
    cursor_is_lost: bool, last: str, repaired: str
) -> None:
    world = World()
    world.generations.generation = generation()
    world.wake("08:40")
    for time in ("09:00", "10:00", last):
        world.generations.generation = with_line(LINES["cut"])
        world.wake(time)
    if cursor_is_lost:
        del world.claims.entries[CURSOR_KEY]
    world.generations.generation = generation(b=2)
    log = world.wake(repaired)
    found = [line for line in lines(log, RunState.STARTED) if line.startswith("b@")]
    assert found[:3] == ["b@09:00", "b@10:00", "b@11:00"]
    assert len(found) == (3 if last == "11:00" else 72)
    assert len(lines(log, RunState.STARTED)) == len(found)
    assert "unread" not in world.claims.entries[CURSOR_KEY]


def test_what_could_not_be_started_before_waits_for_the_repair() -> None:
    world = World()
    world.caller.missing.add("shop/sync")
    world.generations.generation = generation()
    world.wake("09:00")
    world.caller.missing.clear()
    for time in ("09:30", "11:30", "13:30"):
        world.generations.generation = with_line(LINES["no JSON"])
        assert not [one for one in world.wake(time).records if one.name == "b"]
    assert "b@2026-11-20T09:00Z" in world.claims.entries[CURSOR_KEY]["unsettled"]
    world.generations.generation = generation(b=2)
    assert "b@09:00" in lines(world.wake("13:40"), RunState.STARTED)


def test_a_row_of_failures_goes_on_when_the_record_can_be_read_again() -> None:
    world = World()

    def live(number: int) -> Generation:
        alerts = Alerts(rule(failures=2))
        return replace(generation(b=number), alerts=alerts)

    world.generations.generation = live(1)
    world.wake("09:00")
    world.end(2, CallState.FAILED, "ValueError")
    world.wake("09:10")
    world.generations.generation = with_line(LINES["no JSON"])
    world.wake("09:20")
    world.wake("10:00")
    world.generations.generation = live(2)
    world.wake("10:10")
    (call,) = [
        record.call
        for log in world.log.logs
        for record in log.records
        if record.state is RunState.STARTED and record.occurrence.id == "b@2026-11-20T10:00Z"
    ]
    world.caller.statuses[str(call)] = CallStatus(CallState.FAILED, reason="ValueError")
    world.wake("10:20")
    assert any("b has a streak of 2 failures" in text for text in texts(world))


@DAMAGES
def test_a_wake_for_one_minute_or_one_schedule_names_it_too(line: bytes) -> None:
    world = World()
    world.generations.generation = with_line(line)
    log = world.wake("09:00", as_if=int(at("09:00").timestamp()) // 60)
    assert lines(log, RunState.STARTED) == ["a@09:00", "c@09:00"]
    assert len(log.damaged) == 1
    world.generations.generation = with_line(line)
    with pytest.raises(FormatError, match=r"record 2"):
        world.wake("09:05", trigger="b")
    world.generations.generation = with_line(line)
    assert lines(world.wake("09:05", trigger="c"), RunState.STARTED) == ["c@09:05"]


@pytest.mark.parametrize("number", [0, 1, 2])
@DAMAGES
def test_every_other_name_is_found(number: int, line: bytes) -> None:
    names = ["a", "b", "c"]
    for name in names:
        found = with_line(line.replace(b'"name":"b"', f'"name":"{names[number]}"'.encode()), number)
        record = found.find(name)
        assert (record is None) == (name == names[number])
        assert found.may_have(name)
    assert not with_line(LINES["a newer field"]).may_have("zz")


def test_a_name_that_is_there_twice_runs_once() -> None:
    world = World()
    world.generations.generation = with_line(b(name="a"))
    assert lines(world.wake("09:00"), RunState.STARTED) == ["a@09:00", "c@09:00"]


def cut(line: bytes) -> bytes:
    return line[:-3]


def another(line: bytes) -> bytes:
    return line.replace(b'"7"', b'"ff"')


def emptied(_line: bytes) -> bytes:
    return b"{}"


@pytest.mark.parametrize(("number", "damage"), [(1, cut), (1, another), (1, emptied), (2, emptied)])
def test_without_its_agenda_a_generation_is_none(
    number: int, damage: Callable[[bytes], bytes]
) -> None:
    written = generation().encoded.split(b"\n")
    written[number] = damage(written[number])
    world = World()
    world.generations.generation = open_generation(b"\n".join(written), "generations/x")
    with pytest.raises(FormatError, match="is not a generation"):
        world.wake("09:00")
    assert world.caller.calls == []
