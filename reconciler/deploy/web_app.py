"""The Modal app of the HTTP API: its image, and the settings of its container."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from importlib.metadata import requires
from pathlib import Path
from typing import Any, Final, TypeAlias

import modal
from modal.exception import NotFoundError

from reconciler.deploy.deployment import package_folder
from reconciler.deploy.ports import MissingObjectError, WebEndpointLimitError
from reconciler.dispatch.adapters.modal_calls import translated_errors
from reconciler.plan.web_app import FUNCTION, HOOKS, SETTINGS_VARIABLE, PlannedWeb
from reconciler.requirement import PACKAGE

ELSEWHERE: Final = frozenset({"cli", "engine", "github", "importers"})
"""What of our package its container does not need."""
REQUIRED: Final = (
    "httpx",
    "icalendar",
    "jinja2",
    "prometheus-client",
    "pydantic",
    "pyjwt",
    "pyyaml",
    "starlette",
    "tzdata",
)
"""What our code in it imports, in versions as this package requires them."""
AT_ONCE: Final = 50
"""Requests at the same time, in its one container."""
SCALEDOWN: Final = 60
"""Seconds that the container waits for another request; each of them is billed."""
TIMEOUT: Final = 120
"""Seconds that a request may take."""

Endpoints: TypeAlias = Mapping[str, Callable[[], Any]]
"""The functions of the app by their names. They are above this layer: the caller passes them."""

_LIMIT: Final = re.compile(r"reached limit of \d+ web endpoints[^\n]*")


def in_web(path: Path) -> bool:
    """Whether a file of our package belongs into the container of the HTTP API.

    Args:
        path: relative to the package, or absolute.
    """
    relative = path.relative_to(package_folder()) if path.is_absolute() else path
    if relative.parts[0] in ELSEWHERE:
        return False
    return relative.suffix == ".py" or relative.parts[:2] == ("web", "templates")


@cache
def requirements() -> tuple[str, ...]:
    """The packages of its image, as this package's metadata has them."""
    found = (text.partition(";")[0].strip() for text in requires(PACKAGE) or ())
    wanted = {re.split(r"[^\w.-]", text, maxsplit=1)[0].lower(): text for text in found}
    return tuple(wanted[name] for name in REQUIRED)


def python() -> str:
    """The Python of its image: this one's minor version, which the embedded engine has too."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


@cache
def web_digest() -> str:
    """A digest of our code in the container and of what it requires.

    Two machines with the same version of this package agree on it.
    """
    root = package_folder()
    seen = sha256(" ".join(requirements()).encode())
    for path in sorted(root.rglob("*")):
        if path.is_file() and in_web(path):
            seen.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()[:12]


def build_web_app(
    planned: PlannedWeb, tags: Mapping[str, str], environment: str, endpoints: Endpoints
) -> modal.App:
    """Define the app; nothing is sent anywhere."""
    app = modal.App(planned.app, tags=dict(tags), include_source=False)
    image = (
        modal.Image.debian_slim(python_version=python())
        .pip_install(*requirements())
        .add_local_python_source("reconciler", ignore=lambda path: not in_web(path))
    )
    for name in planned.functions:
        asgi: Any = modal.asgi_app(requires_proxy_auth=name == HOOKS)
        app.function(
            name=name,
            image=image,
            env={SETTINGS_VARIABLE: json.dumps(planned.settings, sort_keys=True)},
            secrets=[
                modal.Secret.from_name(name, environment_name=environment)
                for name in (planned.auth, planned.key, planned.old_key)
                if name is not None
            ],
            max_containers=1,
            scaledown_window=SCALEDOWN,
            timeout=TIMEOUT,
            include_source=False,
        )(modal.concurrent(max_inputs=AT_ONCE)(asgi(endpoints[name])))
    return app


async def deploy_web(
    planned: PlannedWeb, tags: Mapping[str, str], environment: str, endpoints: Endpoints
) -> str:
    """See :class:`~reconciler.deploy.ports.Apps`."""
    with translated_errors(f"look up the Secret {planned.auth}"):
        try:
            secret = modal.Secret.from_name(planned.auth, environment_name=environment)
            await secret.hydrate.aio()
        except NotFoundError as error:
            raise MissingObjectError(
                f"there is no Modal Secret {planned.auth} in environment {environment}, and "
                "`web: auth:` names it",
                remedy=f"Create it: modal secret create {planned.auth} KEY=VALUE --env "
                f"{environment}\n  For --env local put `reconcile engine exec` before that. "
                "docs/web.md says what it holds.",
            ) from error
    app = build_web_app(planned, tags, environment, endpoints)
    with translated_errors(f"deploy the app {planned.app}", patient=True):
        try:
            await app.deploy.aio(environment_name=environment)
        except modal.Error as error:
            refused = _LIMIT.search(str(error))
            if refused is None:
                raise
            raise WebEndpointLimitError(
                f"Modal refused to deploy {planned.app}: {refused[0]}. Its old version stays.",
                remedy="Stop an app with a web endpoint, or leave `web:` out of the settings.",
            ) from error
    function = modal.Function.from_name(planned.app, FUNCTION, environment_name=environment)
    with translated_errors(f"read the address of {planned.app}"):
        return await function.get_web_url.aio() or ""
