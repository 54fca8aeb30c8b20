"""The application as a container of Modal serves it.

The functions of the deploy (:mod:`reconciler.web.entrypoint`) call :func:`web` and :func:`hooks`.
They get the settings that :func:`~reconciler.plan.web_app.container_settings` gives, and the Modal
Secret that ``web.auth`` names. There is no checkout: what is live is compared with what the last
apply left.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import modal
from starlette.types import ASGIApp

from reconciler.errors import ReconcileError
from reconciler.manifest import EnvironmentSettings, Settings
from reconciler.manifest.web_settings import WebSettings
from reconciler.plan.web_app import FUNCTION, HOOKS, SETTINGS_VARIABLE, web_app_name
from reconciler.query.deployment_drift import drift_of
from reconciler.query.modal_ports import modal_ports
from reconciler.web.adapters import HttpKeySets, ModalResults
from reconciler.web.app import create_app
from reconciler.web.auth.credentials import credentials_of
from reconciler.web.auth.principal import Scope
from reconciler.web.ports import WebPorts
from reconciler.web.serving import Serving
from reconciler.web.wakes import WAKES


def web() -> ASGIApp:
    """The application of this container."""
    known = json.loads(os.environ[SETTINGS_VARIABLE])
    return deployed_app(known, _own_url(known, FUNCTION), os.environ)


def hooks() -> ASGIApp:
    """Wakes and triggers alone, behind Modal's proxy: an endpoint with ``requires_proxy_auth``."""
    known = json.loads(os.environ[SETTINGS_VARIABLE])
    serving = replace(
        _serving(known, _own_url(known, HOOKS), {}),
        authenticated=frozenset({Scope.WAKE, Scope.TRIGGER}),
    )
    return create_app(_ports(serving), serving, endpoints=WAKES)


def deployed_app(known: Mapping[str, Any], url: str, secret: Mapping[str, str]) -> ASGIApp:
    """The application.

    Args:
        known: what :func:`~reconciler.plan.web_app.container_settings` gives.
        url: under which it is reached.
        secret: the entries of the Modal Secret, among others.

    Raises:
        ReconcileError: no credential is configured: it is never served openly.
        CredentialsError: an entry of the Secret is wrong.
    """
    serving = _serving(known, url, secret)
    credentials, access = serving.credentials, serving.web.access
    if not credentials.tokens and not credentials.webhook_keys and access is None:
        raise ReconcileError(
            "no entry of the Modal Secret is a credential",
            where=serving.web.auth,
            remedy="Add one, such as `reconcile dashboard token` prints; see docs/web.md.",
        )
    return create_app(_ports(serving), serving)


def _own_url(known: Mapping[str, Any], function: str) -> str:
    app = web_app_name(known["app"])
    return modal.Function.from_name(app, function).get_web_url() or ""


def _serving(known: Mapping[str, Any], url: str, secret: Mapping[str, str]) -> Serving:
    web_settings = WebSettings.from_json(known["web"])
    parts, access = urlsplit(url), web_settings.access
    return Serving(
        environment=_environment(known),
        web=web_settings,
        hosts=frozenset({parts.netloc} if access is None else {parts.netloc, access.hostname}),
        https=parts.scheme == "https",
        loopback=False,
        credentials=credentials_of(secret),
    )


def _ports(serving: Serving) -> WebPorts:
    app = serving.environment.app
    return WebPorts(
        modal=modal_ports(app, serving.environment.modal),
        results=ModalResults(),
        key_sets=HttpKeySets(),
        find=lambda actual: drift_of(actual, app),
    )


def _environment(known: Mapping[str, Any]) -> EnvironmentSettings:
    """The settings of the environment, as far as a question needs them."""
    usual = Settings().environment(str(known["environment"]))
    return replace(usual, modal=str(known["modal"]), app=str(known["app"]))
