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
from reconciler.dispatch.answers import CallState
from reconciler.dispatch.wake.supervision import RunOrder, Supervisor, ask_for_wake, close_queue
from reconciler.model.generation import APP_VARIABLE
from reconciler.policies import LONGEST_RUN

SUPERVISED_AT_ONCE: Final = 500
"""Runs that one container supervises; they only wait."""
SUPERVISOR_TIMEOUT: Final = LONGEST_RUN
"""All the tries of one run and the waits between them have to fit; manifests are held to it."""


async def supervise(order: Mapping[str, Any]) -> dict[str, Any]:
    """Supervise one run; returns how it ended.

    When it failed, or something waits for it, a wake is asked for: recipients are notified, and
    what waits is started, now and not with the next cron.
    """
    claims, caller = _ports()
    call = modal.current_function_call_id() or f"local-{uuid4().hex}"
    run_order, clock = RunOrder.from_json(order), SystemClock()
    supervisor = Supervisor(
        order=run_order,
        call=call,
        token=uuid4().hex,
        clock=clock,
        claims=claims,
        caller=caller,
        pause=asyncio.sleep,
        messenger=HttpMessenger(),
    )
    status = await supervisor.run()
    asks = run_order.waited_for or status.state in (CallState.FAILED, CallState.TIMED_OUT)
    if asks or await close_queue(call, claims):
        app = os.environ[APP_VARIABLE]
        await ask_for_wake(call, app, clock, claims, caller, asyncio.sleep)
    return encode_ending(status)


@cache
def _ports() -> tuple[ModalClaims, ModalCaller]:
    name = os.environ[APP_VARIABLE]
    return ModalClaims(name), ModalCaller(own_app=name)
