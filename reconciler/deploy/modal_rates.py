"""What the workspace pays for a container, as Modal tells it to whoever may ask."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

import modal

from reconciler.dispatch.adapters.modal_calls import translated_errors
from reconciler.dispatch.answers import UnavailableError
from reconciler.plan import Rates

PATIENCE: Final = timedelta(seconds=5)
"""After which the list price will do: nothing depends on the rates but a figure in a plan."""

_CORE_HOUR: Final = "cpu_hour_cost"
_GIB_HOUR: Final = "mem_gib_hour_cost"
"""The names that Modal has for them. They are not documented, so a plan can do without."""


async def workspace_rates() -> Rates | None:
    """See :meth:`~reconciler.deploy.ports.Apps.rates`."""
    try:
        with translated_errors("tell its rates"):
            async with asyncio.timeout(PATIENCE.total_seconds()):
                told = await modal.Workspace.from_context().billing.rates.aio()
    except (UnavailableError, ArithmeticError):  # the second: a rate is no number to the client
        return None
    # Going through them leaves out those that are deprecated, which to look up would warn or raise.
    return read_rates(dict(told.items()))


def read_rates(told: Mapping[str, Decimal]) -> Rates | None:
    """What a container costs, None unless both parts are there and make sense."""
    core, gib = (float(told.get(name, math.nan)) for name in (_CORE_HOUR, _GIB_HOUR))
    if not all(math.isfinite(rate) and rate >= 0 for rate in (core, gib)):
        return None
    return Rates(core_hour=core, gib_hour=gib)
