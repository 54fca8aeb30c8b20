"""The workspace's billing rates: Modal's list prices. The engine charges nothing."""

from __future__ import annotations

from typing import Final

from modal_proto import api_pb2

from reconciler.engine.caller import Peer

_RATES: Final = {"cpu_hour_cost": "0.04730", "mem_gib_hour_cost": "0.00800"}
"""Dollars for a core and hour, and for a GiB and hour, under the names that Modal has for them
(seen in November 2026; they are not documented)."""


class Billing:
    """Rates only: reports and summaries are not there."""

    async def workspace_billing_rates(
        self, _request: api_pb2.WorkspaceBillingRatesRequest, _caller: Peer
    ) -> api_pb2.WorkspaceBillingRatesResponse:
        formatted = "\n".join(f"{name}  ${dollars}" for name, dollars in _RATES.items())
        return api_pb2.WorkspaceBillingRatesResponse(rates=_RATES, formatted=formatted)
