"""The function that every slot deploys.

There is no module-level ``modal.App`` here, so it cannot be started by ``modal run`` or ``modal
serve``: an ephemeral copy of the dispatcher, whose crons would fire too, does not exist.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from time import monotonic
from typing import Any, Final
from uuid import uuid4

import modal

from reconciler.cron import instant
from reconciler.dispatch.adapters.http_messenger import HttpMessenger
from reconciler.dispatch.adapters.modal_calls import ModalCaller, ModalClaims, SystemClock
from reconciler.dispatch.adapters.volume_files import (
    VolumeBackfillFiles,
    VolumeGenerations,
    VolumeRunLog,
    VolumeTaskFiles,
    mounted_at,
)
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.wake.request import NothingAppliedError, Ports, WakeRequest
from reconciler.dispatch.wake.sending import send_test_alerts
from reconciler.dispatch.wake.wake import wake as process
from reconciler.foreign_text import on_one_line
from reconciler.model.generation import APP_VARIABLE, SLOT_VARIABLE
from reconciler.model.occurrence import Occurrence, parse_minute
from reconciler.model.outbox import sending_line
from reconciler.model.runs_file import RunRecord

LOADED: Final = monotonic()
"""When this container loaded this module, which is after it had mounted the Volume."""
ABOUT_TO_END: Final = 30.0
"""Seconds for which a wake waits for the end of a call that asked for it."""
LONGEST_PAUSE: Final = 60.0
"""Seconds for which a wake waits for the minute that it was asked for."""
MARGIN: Final = 0.05
"""Seconds by which the clock that sleeps may run ahead of the one that tells the minute."""


async def wake(
    as_if: str | None = None,
    trigger: str | None = None,
    after: str | None = None,
    minute: str | None = None,
    source: str = "",
    triggered: str = "",
    args: Mapping[str, Any] | None = None,
    rerun: str | None = None,
    backfill: str = "",  # noqa: ARG001 - only a dispatcher that drives backfills takes it
    test_alerts: bool = False,
    rerun_args: Mapping[str, Any] | None = None,
) -> str:
    """Process what is due; a cron calls this without arguments.

    Args:
        as_if: process this minute alone (``2026-11-23T09:00Z``), as a wake in it would have.
        trigger: start this schedule now, whatever its times are.
        after: wait for this call to end, which is about to.
        minute: wait for this minute, if it is about to begin: the clock of what asks for a wake may
            be ahead of ours.
        source: who asks for it over HTTP.
        triggered: when that was triggered, ISO 8601, where it says so; for the history.
        args: of a trigger: arguments in place of those of the manifest.
        rerun: start this further run of an occurrence (``NAME@2026-11-23T09:00Z.2``).
        backfill: the digest of the backfill because of which it is asked for. Each wake drives
            them all; a dispatcher that does not refuses this argument.
        test_alerts: send a test alert to each recipient, and do nothing else.
        rerun_args: of a further run: arguments in place of those of the manifest.

    Returns:
        The wake's log, as its runs file has it; empty when nothing was ever applied. Of test
        alerts, a line of JSON for each: the address, the format and the error, if any.
    """
    if test_alerts:
        return "\n".join(json.dumps(one.to_json()) for one in await send_test_alerts(_ports()))
    request = WakeRequest(
        wake=modal.current_function_call_id() or f"local-{uuid4().hex}",
        token=uuid4().hex,
        slot=os.environ[SLOT_VARIABLE],
        as_if=None if as_if is None else parse_minute(as_if),
        trigger=trigger,
        source=source,
        triggered=triggered,
        args=dict(args or rerun_args or {}),
        rerun=None if rerun is None else Occurrence.parse(rerun),
    )
    if minute is not None:
        await asyncio.sleep(seconds_until(parse_minute(minute), _ports().clock.now()))
    if after is not None:
        with suppress(UnavailableError):
            await _ports().caller.wait(after, ABOUT_TO_END)
    try:
        log = await process(_ports(), request)
    except NothingAppliedError:
        print("nothing was applied yet: there is no live generation")
        return ""
    for record in log.records:
        print(_line(record))
    for sending in log.sendings:
        print(on_one_line(sending_line(sending)))
    return log.encode().decode()


def seconds_until(at: int, now: datetime) -> float:
    """The seconds for which a wake waits for an epoch minute: none when it has begun, and never
    longer than a sender's clock may be ahead."""
    left = (instant(at) - now).total_seconds()
    return min(left + MARGIN, LONGEST_PAUSE) if left > 0 else 0.0


@cache
def _ports() -> Ports:
    """The real ports, kept while the container is warm."""
    name = os.environ[APP_VARIABLE]
    volume = modal.Volume.from_name(name)
    folder = mounted_at()
    log = VolumeRunLog(volume, folder)
    return Ports(
        clock=SystemClock(),
        claims=ModalClaims(name),
        generations=VolumeGenerations(volume, folder, LOADED),
        caller=ModalCaller(own_app=name),
        log=log,
        archive=log,
        tasks=VolumeTaskFiles(volume, folder),
        messenger=HttpMessenger(),
        backfills=VolumeBackfillFiles(volume, folder),
    )


def _line(record: RunRecord) -> str:
    parts = [record.state.value, record.occurrence.id]
    if record.count > 1:
        parts.append(f"and {record.count - 1} before it")
    if record.call:
        parts.append(record.call)
    if record.reason:
        parts.append(f"({record.reason})")
    return on_one_line(" ".join(parts))
