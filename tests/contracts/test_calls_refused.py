"""A start that Modal refuses has not happened, by name; one without an answer may have.

So may one that conflicts: the client may have sent it twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from reconciler.dispatch.answers import NotStartedError, StartUnknownError
from tests.end_to_end.project import SHOP
from tests.engine_fixture import RunningEngine


@pytest.fixture
def shop(client: RunningEngine) -> Iterator[RunningEngine]:
    client.modal("deploy", str(SHOP))
    yield client
    client.clear_faults()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            "PERMISSION_DENIED",
            "permission denied: the embedded engine refused to start shop/sync",
        ),
        ("UNAUTHENTICATED", "authentication failed: "),
        ("INVALID_ARGUMENT", "the embedded engine refused to start shop/sync: invalid: "),
        ("UNIMPLEMENTED", "the embedded engine cannot start shop/sync: not implemented: "),
        (
            "RESOURCE_EXHAUSTED",
            "the embedded engine refused to start shop/sync: a limit",
        ),
    ],
)
def test_a_refused_start_has_not_happened(shop: RunningEngine, status: str, said: str) -> None:
    from reconciler.dispatch.adapters.modal_calls import ModalCaller

    shop.fault("FunctionMap", "fail", status=status, times=9, scope="client")
    with pytest.raises(NotStartedError) as caught:
        asyncio.run(ModalCaller("main").start("shop", "sync", {"occurrence": "x"}))
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "status",
    ["UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "DATA_LOSS", "FAILED_PRECONDITION"],
)
def test_of_a_start_without_an_answer_or_with_a_conflict_nothing_is_known(
    shop: RunningEngine, status: str
) -> None:
    from reconciler.dispatch.adapters.modal_calls import ModalCaller

    shop.fault("FunctionMap", "lose", status=status, times=9, scope="client")
    with pytest.raises(StartUnknownError):
        asyncio.run(ModalCaller("main").start("shop", "sync", {"occurrence": "x"}))


@pytest.mark.parametrize(
    ("call", "resources", "asked"),
    [
        ("FunctionGet", {}, "look up the function shop/sync"),
        ("FunctionBindParams", {"cpu": 1}, "prepare shop/sync with the schedule's resources"),
    ],
)
def test_what_modal_refuses_before_a_start_is_named_by_what_was_asked(
    shop: RunningEngine, call: str, resources: dict[str, object], asked: str
) -> None:
    from reconciler.dispatch.adapters.modal_calls import ModalCaller

    shop.fault(call, "fail", status="PERMISSION_DENIED", times=9, scope="client")
    with pytest.raises(NotStartedError) as caught:
        asyncio.run(ModalCaller("main").start_with("shop", "sync", {}, resources))
    refused = f"permission denied: the embedded engine refused to {asked}"
    assert str(caught.value).startswith(refused)
