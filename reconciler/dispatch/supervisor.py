"""The function that watches over runs, many in one container."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from uuid import uuid4

import modal

from reconciler.dispatch.environment import APP_VARIABLE
from reconciler.dispatch.http_messenger import HttpMessenger
from reconciler.dispatch.modal_calls import ModalCaller, ModalClaims, SystemClock, encode_ending
from reconciler.dispatch.supervision import Order, Supervisor
from reconciler.policies import LONGEST_RUN

SUPERVISED_AT_ONCE: Final = 500
"""Runs that one container watches over; they only wait."""
SUPERVISOR_TIMEOUT: Final = LONGEST_RUN
"""All the tries of one run and the waits between them have to fit; manifests are held to it."""


async def supervise(order: Mapping[str, Any]) -> dict[str, Any]:
    """Watch over one run; returns how it ended."""
    claims, caller = _ports()
    supervisor = Supervisor(
        order=Order.from_json(order),
        call=modal.current_function_call_id() or f"local-{uuid4().hex}",
        token=uuid4().hex,
        clock=SystemClock(),
        claims=claims,
        caller=caller,
        pause=asyncio.sleep,
        messenger=HttpMessenger(),
    )
    return encode_ending(await supervisor.run())


@cache
def _ports() -> tuple[ModalClaims, ModalCaller]:
    name = os.environ[APP_VARIABLE]
    return ModalClaims(name), ModalCaller(own_app=name)
