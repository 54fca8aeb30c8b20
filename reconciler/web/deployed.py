"""The application as a container of Modal serves it.

A deploy defines a function with ``modal.asgi_app`` over :func:`web`, puts :func:`variables` into
its environment, and gives it the Modal Secret that ``web.auth`` names. There is no checkout: what
is live is compared with what the last apply left.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import modal
from starlette.types import ASGIApp

from reconciler.errors import ReconcileError
from reconciler.manifest import EnvironmentSettings, Settings
from reconciler.manifest.web_settings import WebSettings
from reconciler.query.deployment import drift_of
from reconciler.query.modal_ports import modal_ports
from reconciler.web.adapters import HttpKeySets, ModalResults
from reconciler.web.app import create_app
from reconciler.web.auth.credentials import credentials_of
from reconciler.web.ports import WebPorts
from reconciler.web.serving import Serving

VARIABLE: Final = "RECONCILE_WEB"
"""The environment variable with what the deploy knows."""
SUFFIX: Final = "-web"
"""What the app of the endpoint adds to the name of ours."""
FUNCTION: Final = "web"


def variables(settings: EnvironmentSettings) -> dict[str, str]:
    """The environment variables of the function that serves an environment."""
    web = settings.web or WebSettings()
    known = {
        "environment": settings.name,
        "modal": settings.modal,
        "app": settings.app,
        "web": web.to_json(),
    }
    return {VARIABLE: json.dumps(known, sort_keys=True)}


def web() -> ASGIApp:
    """The application of this container."""
    known = json.loads(os.environ[VARIABLE])
    app = str(known["app"])
    function = modal.Function.from_name(f"{app}{SUFFIX}", FUNCTION)
    return deployed_app(known, function.get_web_url() or "", os.environ)


def deployed_app(known: Mapping[str, object], url: str, secret: Mapping[str, str]) -> ASGIApp:
    """The application.

    Args:
        known: what :func:`variables` says.
        url: under which it is reached.
        secret: the entries of the Modal Secret, among others.

    Raises:
        ReconcileError: nothing authenticates anybody: it is never served openly.
        CredentialsError: an entry of the Secret is wrong.
    """
    web_known, app = known["web"], str(known["app"])
    assert isinstance(web_known, Mapping)
    settings = WebSettings.from_json(web_known)
    credentials = credentials_of(secret)
    if not credentials.tokens and not credentials.webhook_keys and settings.access is None:
        raise ReconcileError(
            "no entry of the Modal Secret authenticates anybody",
            where=settings.auth,
            remedy="Add one, such as `reconcile dashboard token` prints; see docs/web.md.",
        )
    environment = _environment(known)
    parts = urlsplit(url)
    hosts = {parts.netloc} if settings.access is None else {parts.netloc, settings.access.hostname}
    serving = Serving(
        environment=environment,
        web=settings,
        hosts=frozenset(hosts),
        https=parts.scheme == "https",
        loopback=False,
        credentials=credentials,
    )
    ports = WebPorts(
        modal=modal_ports(app, environment.modal),
        results=ModalResults(),
        key_sets=HttpKeySets(),
        find=lambda actual: drift_of(actual, app),
    )
    return create_app(ports, serving)


def _environment(known: Mapping[str, object]) -> EnvironmentSettings:
    """The settings of the environment, as far as a question needs them."""
    usual = Settings().environment(str(known["environment"]))
    return replace(usual, modal=str(known["modal"]), app=str(known["app"]))
