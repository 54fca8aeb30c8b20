"""Functions of a deployed app, called by the official client and run by Modal's own runtime."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from reconciler.engine.containers.launcher import must_start_fresh
from tests.engine_fixture import RunningEngine, until


def function(name: str) -> Any:
    import modal

    return modal.Function.from_name("sample", name)


def test_a_call_returns_what_the_function_returns(sample: str) -> None:
    assert function("square").remote(7) == 49


def test_a_spawned_call_is_found_again_by_its_id(sample: str) -> None:
    import modal

    call = function("square").spawn(8)
    assert modal.FunctionCall.from_id(call.object_id).get() == 64
    assert modal.FunctionCall.from_id(call.object_id).get() == 64


def test_a_pending_call_has_no_result_yet(sample: str) -> None:
    call = function("wait").spawn(1.0)
    with pytest.raises(TimeoutError):
        call.get(timeout=0)
    assert call.get() == "rested"


def test_an_unknown_call_has_expired(sample: str) -> None:
    import modal

    with pytest.raises(modal.exception.OutputExpiredError):
        modal.FunctionCall.from_id("fc-" + "0" * 22).get(timeout=0)


def test_map_keeps_the_order_of_its_inputs(sample: str) -> None:
    assert list(function("square").map(range(40))) == [number**2 for number in range(40)]


def test_starmap_and_returned_exceptions(sample: str) -> None:
    results = list(function("fail_until").starmap([("/nowhere/at/all", 1)], return_exceptions=True))
    assert [type(result) for result in results] == [FileNotFoundError]


def test_an_exception_of_the_users_own_type_crosses(sample: str) -> None:
    with pytest.raises(Exception, match="socks") as caught:
        function("fail").remote("socks")
    assert "OutOfStockError" in repr(caught.value)


def test_large_arguments_and_results_go_through_blobs(sample: str) -> None:
    data = bytes(range(256)) * (20 << 10)
    assert function("echo").remote(data) == data
    assert function("echo").spawn(data).get() == data


def test_a_generator_yields_one_by_one(sample: str) -> None:
    assert list(function("count_to").remote_gen(5)) == [0, 1, 2, 3, 4]


def test_a_failed_attempt_is_retried_as_the_function_says(sample: str, tmp_path: Path) -> None:
    assert function("fail_until").remote(str(tmp_path / "log"), 3) == 3


def test_retries_run_out(sample: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="3"):
        function("fail_until").remote(str(tmp_path / "log"), 99)
    assert (tmp_path / "log").stat().st_size == 3


def test_an_attempt_ends_at_its_timeout(sample: str) -> None:
    import modal

    begun = time.monotonic()
    with pytest.raises(modal.exception.FunctionTimeoutError, match="timeout of 1s"):
        function("sleep_too_long").remote()
    assert time.monotonic() - begun < 30


def test_an_input_outlives_the_container_that_dies_under_it(sample: str, tmp_path: Path) -> None:
    assert function("die_once").remote(str(tmp_path / "died")) == "second container"


def test_an_input_that_kills_every_container_fails(sample: str) -> None:
    import modal

    with pytest.raises(modal.exception.InternalFailure, match="SIGKILL"):
        function("die").remote()


def test_a_cancelled_call_is_over_for_its_caller(sample: str) -> None:
    import modal

    call = function("wait").spawn(60)
    call.cancel()
    with pytest.raises(modal.exception.RemoteError, match="cancelled"):
        call.get()


def test_cancelling_with_containers_ends_them(client: RunningEngine, sample: str) -> None:
    call = function("wait").spawn(61)
    until(lambda: any(function("wait").get_current_stats().num_running_inputs for _ in [0]))
    call.cancel(terminate_containers=True)
    until(lambda: not function("wait").get_current_stats().num_running_inputs)


def test_a_container_is_used_again_while_it_is_warm(sample: str) -> None:
    pids = {function("process_id").remote() for _ in range(5)}
    assert len(pids) == 1


def test_an_idle_container_takes_over_while_another_is_busy(sample: str) -> None:
    busy = function("wait").spawn(3)
    function("wait").remote(0)
    begun = time.monotonic()
    for _ in range(5):
        function("wait").remote(0)
    assert time.monotonic() - begun < 3
    busy.cancel(terminate_containers=True)


def test_concurrent_inputs_share_a_container(sample: str) -> None:
    function("nap").remote(0)
    begun = time.monotonic()
    assert list(function("nap").map(range(10))) == list(range(10))
    assert time.monotonic() - begun < 10 * 0.3


def test_batched_inputs_come_together(sample: str) -> None:
    assert list(function("in_batches").map(range(4))) == [4, 4, 4, 4]


def test_a_function_calls_others_by_handle_and_by_name(sample: str) -> None:
    assert function("call_others").remote(3) == (9, 9, False)


def test_files_and_read_only_volumes_are_where_they_were_asked_for(sample: str) -> None:
    assert function("places").remote() == ("/tmp", True, "Read-only file system")


def test_a_class_keeps_its_state_per_parameter(sample: str) -> None:
    import modal

    counter = modal.Cls.from_name("sample", "Counter")
    five = counter(start=5)
    assert [five.add.remote(1), five.add.remote(2)] == [6, 8]
    assert counter().add.remote(1) == 11


def test_looking_up_a_function_that_does_not_exist(sample: str) -> None:
    import modal

    with pytest.raises(modal.exception.NotFoundError, match="'nothing' from the 'sample' app"):
        function("nothing").hydrate()
    with pytest.raises(modal.exception.NotFoundError, match="not found in environment 'main'"):
        modal.Function.from_name("no-app", "f").hydrate()
    with pytest.raises(modal.exception.NotFoundError, match=r"is a modal\.Cls"):
        function("Counter").hydrate()


def test_what_the_engine_lacks_is_refused_by_name(sample: str) -> None:
    import modal

    with pytest.raises(modal.exception.UnimplementedError, match="QueueGetOrCreate"):
        modal.Queue.from_name("line", create_if_missing=True).hydrate()


def test_only_variables_that_an_interpreter_reads_at_its_start_need_a_fresh_one() -> None:
    assert not must_start_fresh({"PYTHONPATH": "/root", "PYTHONUNBUFFERED": "1", "GREETING": "x"})
    for name in ("PYTHONHASHSEED", "PYTHONOPTIMIZE", "MODAL_LOGLEVEL", "LD_PRELOAD"):
        assert must_start_fresh({name: "1"})


def test_an_ordinary_container_is_a_fork_which_has_imported_the_client_already(
    client: RunningEngine, sample: str
) -> None:
    assert function("square").remote(2) == 4
    pids = client.status()["pids_by_function"]["square"]
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in pids]
    assert commands
    assert all("zygote.py" in command for command in commands)


def test_a_fresh_interpreter_honours_such_a_variable(sample: str) -> None:
    assert function("optimised").remote() == (False, "/root/sample_app.py")
