"""The function that supervises runs, many in one container."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from uuid import uuid4

import modal

from reconciler.dispatch.adapters.http_messenger import HttpMessenger
from reconciler.dispatch.adapters.modal_calls import (
    ModalCaller,
    ModalClaims,
    SystemClock,
    encode_ending,
)
from reconciler.dispatch.answers import CallState, NotStartedError, StartUnknownError
from reconciler.dispatch.wake.supervision import RunOrder, Supervisor
from reconciler.model.generation import APP_VARIABLE, ON_DEMAND
from reconciler.policies import LONGEST_RUN

SUPERVISED_AT_ONCE: Final = 500
"""Runs that one container supervises; they only wait."""
SUPERVISOR_TIMEOUT: Final = LONGEST_RUN
"""All the tries of one run and the waits between them have to fit; manifests are held to it."""


async def supervise(order: Mapping[str, Any]) -> dict[str, Any]:
    """Supervise one run; returns how it ended.

    When it failed, a wake is asked for, so that recipients are notified now and not with the next
    cron.
    """
    claims, caller = _ports()
    call = modal.current_function_call_id() or f"local-{uuid4().hex}"
    supervisor = Supervisor(
        order=RunOrder.from_json(order),
        call=call,
        token=uuid4().hex,
        clock=SystemClock(),
        claims=claims,
        caller=caller,
        pause=asyncio.sleep,
        messenger=HttpMessenger(),
    )
    status = await supervisor.run()
    if status.state in (CallState.FAILED, CallState.TIMED_OUT):
        await _wake_after(call, caller)
    return encode_ending(status)


async def _wake_after(call: str, caller: ModalCaller) -> None:
    try:
        await caller.start(os.environ[APP_VARIABLE], ON_DEMAND, {"after": call})
    except (NotStartedError, StartUnknownError):
        return  # the next wake sees the end as well


@cache
def _ports() -> tuple[ModalClaims, ModalCaller]:
    name = os.environ[APP_VARIABLE]
    return ModalClaims(name), ModalCaller(own_app=name)
