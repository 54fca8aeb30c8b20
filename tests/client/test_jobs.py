"""Calls that are submitted now, and their state, on the engine."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from reconciler.client import JobState, Outcome, SubmitError, result, result_async, submit
from reconciler.client import submit_async as submit_soon
from reconciler.errors import ReconcileError
from tests.end_to_end.project import SHOP
from tests.engine_fixture import RunningEngine

MAIN = "main"


@pytest.fixture(scope="module")
def shop(client: RunningEngine) -> RunningEngine:
    """The session's engine with the shop deployed."""
    client.modal("deploy", str(SHOP), cwd=Path(SHOP).parent)
    return client


def test_a_job_is_done_with_its_value(shop: RunningEngine) -> None:
    call = submit("shop/sync", {"occurrence": "by hand"}, environment=MAIN)
    assert result(call, timeout=60) == Outcome(JobState.DONE, value="by hand")


def test_a_job_that_fails_says_why(shop: RunningEngine) -> None:
    call = submit("shop/fail", {"occurrence": "x"}, environment=MAIN)
    assert result(call, timeout=60) == Outcome(JobState.FAILED, error="ValueError: no rows")


def test_a_job_that_lost_a_connection_of_its_own_has_failed(shop: RunningEngine) -> None:
    call = submit("shop/lose_connection", {"occurrence": "x"}, environment=MAIN)
    error = "ConnectionError: no route to the database"
    assert result(call, timeout=60) == Outcome(JobState.FAILED, error=error)


def test_a_job_whose_containers_die_has_failed_with_what_modal_says(shop: RunningEngine) -> None:
    call = submit("shop/die", {"occurrence": "x"}, environment=MAIN)
    error = "InternalFailure: Container was killed by SIGKILL"
    assert result(call, timeout=60) == Outcome(JobState.FAILED, error=error)
    assert result(call) == Outcome(JobState.FAILED, error=error), "and stays so"


@pytest.mark.parametrize(
    ("function", "error"),
    [("leave", "SystemExit: no rows"), ("leave_without_a_word", "Mute")],
)
def test_a_job_that_that_raises_an_unusual_exception_has_failed_and_raises_nothing_here(
    shop: RunningEngine, function: str, error: str
) -> None:
    call = submit(f"shop/{function}", {"occurrence": "x"}, environment=MAIN)
    assert result(call, timeout=60) == Outcome(JobState.FAILED, error=error)
    assert submit("shop/sync", {"occurrence": "x"}, environment=MAIN), "the client goes on"


def test_a_job_is_done_also_when_its_value_cannot_be_read_here(shop: RunningEngine) -> None:
    done = result(submit("shop/report", {"occurrence": "x"}, environment=MAIN), timeout=60)
    assert (done.state, done.value) == (JobState.DONE, None)
    assert done.error is not None
    assert done.error.startswith("what it returned cannot be read here: DeserializationError: ")


@pytest.mark.parametrize(
    "error", ["ConnectionError('no database')", "modal.exception.NotFoundError('no such app')"]
)
def test_a_job_whose_module_cannot_be_imported_has_failed_whatever_it_raises(
    shop: RunningEngine, tmp_path: Path, error: str
) -> None:
    name = f"broken-{uuid4().hex[:12]}"
    source = tmp_path / "broken.py"
    source.write_text(
        f"import modal\napp = modal.App({name!r})\n"
        f"if not modal.is_local():\n    raise {error}\n"
        "@app.function()\ndef job():\n    return 1\n"
    )
    shop.modal("deploy", str(source), cwd=tmp_path)
    ended = result(submit(f"{name}/job", environment=MAIN), timeout=60)
    assert ended.state is JobState.FAILED
    assert ended.error is not None
    assert ended.error.split(": no ")[0] == error.rpartition(".")[2].partition("(")[0]


def test_a_result_that_cannot_be_fetched_yet_is_not_taken_for_a_failure(
    shop: RunningEngine,
) -> None:
    call = submit("shop/bulky", environment=MAIN)
    assert result(call, timeout=60).state is JobState.DONE
    shop.fault("BlobGet", "fail", status="FAILED_PRECONDITION", times=4, scope="client")
    with pytest.raises(ReconcileError, match="look up the result of a call: conflict"):
        result(call)
    shop.clear_faults()
    assert result(call).state is JobState.DONE


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("FAILED_PRECONDITION", "conflict: "),
        ("PERMISSION_DENIED", "permission denied: "),
        ("INTERNAL", "internal error: "),
        ("UNAVAILABLE", "did not answer when asked to look up the result of a call"),
    ],
)
def test_without_an_answer_from_modal_the_state_of_a_job_is_an_error(
    shop: RunningEngine, status: str, said: str
) -> None:
    call = submit("shop/sync", {"occurrence": "by hand"}, environment=MAIN)
    shop.fault("FunctionGetOutputs", "fail", status=status, times=4, scope="client")
    with pytest.raises(ReconcileError, match=said):
        result(call)
    shop.clear_faults()
    assert result(call, timeout=60).state is JobState.DONE


def test_a_job_that_runs_is_pending_and_an_unknown_call_is_expired(shop: RunningEngine) -> None:
    call = submit("shop/endless", environment=MAIN)
    assert result(call) == Outcome(JobState.PENDING)
    assert result("fc-" + "0" * 22) == Outcome(JobState.EXPIRED)


def test_a_method_of_a_class_can_be_submitted_asynchronously(shop: RunningEngine) -> None:
    async def both() -> Outcome:
        call = await submit_soon("shop/Mailer.send", {"occurrence": "m"}, environment=MAIN)
        return await result_async(call, timeout=60)

    assert asyncio.run(both()) == Outcome(JobState.DONE, value="m")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            "shop/nothing",
            "there is no function shop/nothing in Modal environment `main`\n  Deploy it,",
        ),
        (None, "None is not the name of a function\n  Write it as app/function,"),
        (
            "shop",
            "'shop' is not the name of a function\n  Write it as app/function, or app/Class",
        ),
    ],
)
def test_a_function_that_does_not_exist_is_refused(
    shop: RunningEngine, function: Any, message: str
) -> None:
    with pytest.raises(SubmitError) as caught:
        submit(function, environment=MAIN)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("args", [[1], "x", {1: 2}])
def test_arguments_that_are_not_keyword_arguments_are_refused(args: Any) -> None:
    with pytest.raises(SubmitError, match="is not a mapping of names to values") as caught:
        submit("shop/sync", args)
    assert caught.value.remedy is not None
    assert caught.value.remedy.startswith("Pass the keyword arguments of the call")


def test_an_argument_that_the_client_cannot_pass_on_is_refused() -> None:
    with pytest.raises(SubmitError, match="an argument cannot be named self"):
        submit("shop/accept", {"self": 1})


def test_arguments_that_cannot_be_sent_are_an_error_of_the_submission(
    shop: RunningEngine,
) -> None:
    with pytest.raises(SubmitError, match="cannot pickle"):
        submit("shop/accept", {"lock": threading.Lock()}, environment=MAIN)


def test_a_missing_environment_is_named(shop: RunningEngine) -> None:
    with pytest.raises(SubmitError) as caught:
        submit("shop/sync", environment="nope")
    what, remedy = str(caught.value).split("\n")
    assert what == "there is no Modal environment `nope`"
    assert remedy.startswith("  This workspace has: main")  # and those of other tests
    assert remedy.endswith("Create it with `modal environment create nope`, or name another.")


@pytest.mark.parametrize("call", ["nope", "", None, "fc-", "fc-a/b"])
def test_a_malformed_call_id_is_an_error_and_not_a_failed_job(call: Any) -> None:
    with pytest.raises(ReconcileError) as caught:
        result(call)
    assert (
        str(caught.value)
        == f"{call!r} is not a call id\n  Give the id that submit returned: `fc-…`."
    )


def test_a_submission_whose_function_was_not_looked_up_has_started_nothing(
    shop: RunningEngine,
) -> None:
    shop.fault("FunctionGet", "fail", status="FAILED_PRECONDITION", times=9, scope="client")
    with pytest.raises(SubmitError, match="refused to look up the function shop/sync: conflict"):
        submit("shop/sync", {"occurrence": "x"}, environment=MAIN)
    shop.clear_faults()
    shop.fault("FunctionGet", "fail", status="UNAVAILABLE", times=9, scope="client")
    with pytest.raises(SubmitError, match="did not answer when asked to look up") as caught:
        submit("shop/sync", {"occurrence": "x"}, environment=MAIN)
    shop.clear_faults()
    assert caught.value.remedy == "Nothing was started; submit it again."


def test_a_submission_whose_credentials_are_refused_has_started_nothing(
    shop: RunningEngine,
) -> None:
    shop.fault("FunctionMap", "fail", status="UNAUTHENTICATED", times=9, scope="client")
    with pytest.raises(SubmitError, match="authentication failed"):
        submit("shop/sync", {"occurrence": "x"}, environment=MAIN)
    shop.clear_faults()
