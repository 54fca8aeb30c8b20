"""Whatever Modal answers when it is asked for rates, nothing fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from reconciler.deploy import modal_apps
from reconciler.deploy.modal_apps import ModalApps
from tests.engine_fixture import RunningEngine


@pytest.fixture
def refusing(client: RunningEngine) -> Iterator[RunningEngine]:
    yield client
    client.clear_faults()


@pytest.mark.parametrize("status", ["UNIMPLEMENTED", "PERMISSION_DENIED", "UNAUTHENTICATED"])
def test_a_refusal_means_that_the_rates_are_not_known(refusing: RunningEngine, status: str) -> None:
    refusing.fault("WorkspaceBillingRates", "fail", status=status)
    assert asyncio.run(ModalApps("ours", "main").rates()) is None
    assert asyncio.run(ModalApps("ours", "main").rates()) is not None


def test_an_answer_that_does_not_come_is_not_waited_for(
    refusing: RunningEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modal_apps, "PATIENCE", timedelta(milliseconds=200))
    refusing.fault("WorkspaceBillingRates", "hold", seconds=30)
    assert asyncio.run(ModalApps("ours", "main").rates()) is None
