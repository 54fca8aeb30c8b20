"""Injected faults, as the client and containers live through them; and the rules themselves."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.caller import Peer
from reconciler.engine.fault_injection import CallerScope, FaultInjector, FaultMode, FaultRule
from reconciler.errors import ReconcileError
from tests.engine_fixture import RunningEngine

CLIENT = Peer()
INSIDE = Peer(container="ta-1", function="square")


@pytest.fixture
def notes(client: RunningEngine) -> Any:
    import modal

    return modal.Dict.from_name("notes", create_if_missing=True).hydrate()


def function(name: str) -> Any:
    import modal

    return modal.Function.from_name("sample", name)


def test_a_call_that_fails_before_it_is_done_has_no_effect(
    no_faults: RunningEngine, notes: Any
) -> None:
    import modal

    key = uuid4().hex
    no_faults.fault("DictUpdate", "fail", status="PERMISSION_DENIED")
    with pytest.raises(modal.exception.PermissionDeniedError):
        notes.put(key, 1)
    assert notes.get(key) is None


def test_a_lost_answer_makes_the_clients_own_claim_look_taken(
    no_faults: RunningEngine, notes: Any
) -> None:
    key = uuid4().hex
    no_faults.fault("DictUpdate", "lose")
    assert notes.put(key, "mine", skip_if_exists=True) is False
    assert notes[key] == "mine"


def added(notes: Any, mode: str, engine: RunningEngine) -> int:
    """How often a function ran that was called once, its answer being lost in that way."""
    import modal

    key = uuid4().hex
    function("note").hydrate()
    engine.forget_calls()
    engine.fault("FunctionMap", mode)
    call = function("note").spawn(key)
    assert engine.calls()["FunctionMap"] == 2, "the client has tried again"
    assert modal.FunctionCall.from_id(call.object_id).get(timeout=20) == key
    function("note").remote("the next in line")
    return sum(value == key for value in notes.values())


def test_a_call_whose_answer_was_lost_is_recognised_by_its_key_when_it_is_sent_again(
    no_faults: RunningEngine, notes: Any, sample: str
) -> None:
    assert added(notes, "lose", no_faults) == 1


def test_a_forgotten_call_is_made_twice_when_it_is_sent_again(
    no_faults: RunningEngine, notes: Any, sample: str
) -> None:
    assert added(notes, "forget", no_faults) == 2


def test_inputs_whose_answer_was_lost_are_added_once(no_faults: RunningEngine, sample: str) -> None:
    no_faults.fault("FunctionPutInputs", "lose")
    assert list(function("square").map(range(30))) == [n * n for n in range(30)]


def test_a_container_killed_at_a_call_is_replaced(no_faults: RunningEngine, sample: str) -> None:
    key = uuid4().hex
    no_faults.fault("DictUpdate", "kill-after", function="claim", scope="container")
    assert function("claim").remote(key, "owner") is False


def test_an_input_whose_delivery_was_lost_is_delivered_again(
    no_faults: RunningEngine, sample: str
) -> None:
    function("square").remote(1)
    no_faults.fault("FunctionGetInputs", "lose", function="square")
    assert function("square").remote(5) == 25


def test_a_skipped_reload_shows_old_data(no_faults: RunningEngine, sample: str) -> None:
    function("write").remote("stale", "old")
    assert function("read").remote("stale", reload=True) == "old"
    function("write").remote("stale", "new")
    no_faults.fault("VolumeReload", "skip", function="read")
    assert function("read").remote("stale", reload=True) == "old"
    assert function("read").remote("stale", reload=True) == "new"


def test_a_held_up_commit_is_seen_late(no_faults: RunningEngine, sample: str) -> None:
    no_faults.fault("VolumeCommit", "hold", seconds=60)
    name = uuid4().hex
    call = function("write").spawn(name, "text")
    assert function("read").remote(name, reload=True) is None
    no_faults.clear_faults()
    call.get()
    assert function("read").remote(name, reload=True) == "text"


def test_calls_are_counted(no_faults: RunningEngine, notes: Any) -> None:
    no_faults.forget_calls()
    notes.put("a", 1)
    notes.get("a")
    notes.get("a")
    # An idle container of another test may ask for work meanwhile.
    calls = {method: count for method, count in no_faults.calls().items() if "Dict" in method}
    assert calls == {"DictUpdate": 1, "DictGet": 2}


def test_calls_are_remembered_in_their_order_with_the_function_that_made_them(
    no_faults: RunningEngine, notes: Any, sample: str
) -> None:
    function("claim").hydrate()
    no_faults.forget_calls()
    notes.get("a")
    function("claim").remote(uuid4().hex, "owner")
    made = [call for call in no_faults.trace() if call[0] in ("DictGet", "DictUpdate")]
    assert made == [("DictGet", ""), ("DictUpdate", "claim")]


def test_a_clients_process_can_be_killed_at_a_call(no_faults: RunningEngine, notes: Any) -> None:
    key = uuid4().hex
    code = f"import modal; input(); modal.Dict.from_name('notes').put({key!r}, 1)"
    with subprocess.Popen(
        [sys.executable, "-c", code], env=no_faults.env, stdin=subprocess.PIPE
    ) as doomed:
        no_faults.fault("DictUpdate", "kill-after", pid=doomed.pid)
        doomed.communicate(b"go", timeout=20)
    assert doomed.returncode == -signal.SIGKILL
    assert notes.get(key) == 1


def test_faults_and_counts_by_command_line(no_faults: RunningEngine, notes: Any) -> None:
    def steer(*arguments: str) -> str:
        command = ("-m", "reconciler.engine", *arguments, "--state", str(no_faults.state))
        return no_faults.python(*command, check=False)

    steer("faults", '{"method": "DictLen", "mode": "fail"}')
    assert "DictLen" in steer("faults")
    steer("faults", "--clear")
    assert steer("faults").strip() == "[]"
    assert "did you" in steer("faults", "{}") or "missing" in steer("faults", "{}")
    notes.len()
    assert "DictLen" in steer("calls")


def picked(rule: dict[str, object], callers: list[Peer]) -> list[bool]:
    faults = FaultInjector()
    faults.add([FaultRule.parse({"method": "DictGet", "mode": "skip", **rule})])
    return [faults.count("DictGet", caller).skips for caller in callers]


def test_a_rule_picks_from_the_nth_call_on() -> None:
    assert picked({"nth": 2, "times": 2}, [CLIENT] * 5) == [False, True, True, False, False]


def test_a_rule_looks_only_at_calls_in_its_scope() -> None:
    assert picked({"scope": "container"}, [CLIENT, INSIDE]) == [False, True]
    assert picked({"scope": "client"}, [INSIDE, CLIENT]) == [False, True]
    assert picked({"function": "other"}, [INSIDE]) == [False]
    assert picked({"method": "*"}, [CLIENT]) == [True]
    tries = [CLIENT, Peer(attempt=0), Peer(attempt=1), Peer(attempt=0)]
    assert picked({"first_try": True, "times": 9}, tries) == [False, True, False, True]


def test_a_spent_rule_is_forgotten() -> None:
    faults = FaultInjector()
    faults.add([FaultRule("DictGet", FaultMode.FAIL)])
    faults.count("DictGet", CLIENT)
    assert faults.rules == []


@given(nth=st.integers(1, 20), times=st.integers(1, 20), calls=st.integers(0, 60))
def test_a_rule_picks_exactly_as_often_as_it_says(nth: int, times: int, calls: int) -> None:
    assert sum(picked({"nth": nth, "times": times}, [CLIENT] * calls)) == max(
        0, min(times, calls - nth + 1)
    )


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"mode": "fail"}, "'method' is missing"),
        ({"method": "A", "mode": "explode"}, "explode"),
        ({"method": "A", "mode": "fail", "status": "SAD"}, "SAD"),
        ({"method": "A", "mode": "fail", "nth": 0}, "from 1"),
        ({"method": "A", "mode": "hold", "seconds": -1}, "seconds"),
        ({"method": "A", "mode": "fail", "when": 1}, "unknown key 'when'"),
        ({"method": "A", "mode": "fail", "scope": "all"}, "all"),
        ({"method": "A", "mode": "fail", "pid": 7}, "only for a kill"),
        ({"method": "A", "mode": "kill", "pid": -1}, "of a process"),
    ],
)
def test_a_wrong_rule_is_refused(rule: dict[str, object], said: str) -> None:
    with pytest.raises(ReconcileError, match=said):
        FaultRule.parse(rule)


def test_too_many_rules_are_refused() -> None:
    with pytest.raises(ReconcileError, match="rules"):
        FaultInjector().add([FaultRule("A", FaultMode.FAIL, scope=CallerScope.ANY)] * 1_001)
