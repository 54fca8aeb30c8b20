"""How much may be deployed in the workspace, over all environments; Modal's refusal beyond that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from modal_proto import api_pb2

from reconciler.engine import limits


@dataclass(frozen=True)
class Quota:
    """Deployed crons and web endpoints; None for any number.

    Whether Modal counts endpoints of ephemeral apps is undocumented; here they do not count.
    """

    crons: int | None = limits.DEFAULT_CRONS
    web_endpoints: int | None = limits.DEFAULT_WEB_ENDPOINTS

    def refusal(
        self, others: Iterable[api_pb2.FunctionData], wanted: Iterable[api_pb2.FunctionData]
    ) -> str:
        """Modal's message for an app that has too many; empty if it may be deployed.

        Args:
            others: what other apps have deployed.
            wanted: what the app would have.
        """
        others, wanted = list(others), list(wanted)
        for limit, count, noun in (
            (self.crons, _crons, "cron jobs"),
            (self.web_endpoints, _web_endpoints, "web endpoints"),
        ):
            deployed, new = sum(map(count, others)), sum(map(count, wanted))
            if limit is not None and new > 0 and deployed + new > limit:
                return (
                    f"Deployment failed: reached limit of {limit} {noun}"
                    f" (# already deployed => {deployed}, # in this app => {new})"
                )
        return ""


def _crons(data: api_pb2.FunctionData) -> int:
    return int(data.HasField("schedule"))


def _web_endpoints(data: api_pb2.FunctionData) -> int:
    of_methods = sum(bool(one.webhook_config.type) for one in data.method_definitions.values())
    return bool(data.webhook_config.type) + of_methods
