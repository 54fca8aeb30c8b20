"""The web endpoints that a definition declares, and their labels.

Modal's address of an endpoint is ``https://<label>.modal.run``. The label follows from names alone,
so it survives a redeploy, and a stop followed by a deploy. Here each label has a port of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modal_proto import api_pb2

_WORKSPACE: Final = "local"
_MAIN: Final = "main"
_LONGEST: Final = 63
"""A label is one part of a host name."""

_DIGEST: Final = 7


@dataclass(frozen=True)
class LabelNames:
    """The names that a label follows from. ``ephemeral``: of ``modal serve`` or ``modal run``."""

    environment: str
    app: str
    ephemeral: bool


@dataclass(frozen=True)
class WebEndpoint:
    """One endpoint. ``method`` is empty unless it is a method of a class."""

    label: str
    name: str
    method: str
    config: api_pb2.WebhookConfig


def endpoints(place: LabelNames, name: str, data: api_pb2.FunctionData) -> Iterator[WebEndpoint]:
    """The endpoints of the function or class ``name``."""
    if data.webhook_config.type:
        yield _endpoint(place, name, "", data.webhook_config)
    for method, defined in sorted(data.method_definitions.items()):
        if defined.webhook_config.type:
            shown = f"{name.removesuffix('.*')}.{method}"
            yield _endpoint(place, shown, method, defined.webhook_config)


def _endpoint(
    place: LabelNames, name: str, method: str, config: api_pb2.WebhookConfig
) -> WebEndpoint:
    return WebEndpoint(_label(place, name, config), name, method, config)


def _label(place: LabelNames, name: str, config: api_pb2.WebhookConfig) -> str:
    owner = _WORKSPACE if place.environment == _MAIN else f"{_WORKSPACE}-{place.environment}"
    wanted = config.requested_suffix or f"{place.app}-{name}"
    if place.ephemeral:
        wanted = f"{wanted}-{config.ephemeral_suffix or 'dev'}"
    whole = f"{owner}--{re.sub('[^a-z0-9-]+', '-', wanted.lower()).strip('-')}"
    if len(whole) <= _LONGEST:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST]
    return f"{whole[: _LONGEST - _DIGEST - 1]}-{digest}"
