"""``reconcile dashboard``: the HTTP API and the dashboard, on this machine."""

from __future__ import annotations

import gc
import sys
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from reconciler.cli.connection import connected, open_query, open_workspace
from reconciler.cli.inputs import Inputs, read_inputs
from reconciler.cli.signals import run
from reconciler.cli.source import desired_of
from reconciler.cli.terminal import say
from reconciler.requirement import require_web
from reconciler.webhook_keys import new_webhook_key, webhook_entry
from reconciler.words import count


def serve(
    *, env: str | None, schedules: str | None, port: int, browser: bool, out: Path | None
) -> int:
    """Serve until Ctrl-C, or write the pages into a folder. Returns the exit code."""
    require_web()
    inputs = read_inputs(env, schedules)
    with connected(inputs):
        _serve(inputs, port, browser=browser, out=out)
    return 0


def token(*, name: str, scope: Sequence[str], webhook: bool) -> int:
    """Make a token or a webhook key, and print it with its entry of the Modal Secret. Nothing is
    stored. Returns the exit code."""
    require_web()
    from reconciler.web.auth import credentials
    from reconciler.web.auth.principal import Scope

    scopes = [Scope(one) for one in scope]
    if webhook:
        made = new_webhook_key()
        key, value = webhook_entry(name, made, scopes)
    else:
        made = credentials.new_token()
        key, value = credentials.token_entry(name, made, scopes)
    print(f"{'webhook key' if webhook else 'token'}: {made}")
    print(f"entry of the Modal Secret: {key}={value}")
    say("It is shown once. Add the entry to the Secret that `web.auth` names.")
    return 0


def _serve(inputs: Inputs, port: int, *, browser: bool, out: Path | None) -> None:
    from reconciler.deploy.owner import with_standing
    from reconciler.manifest.web_settings import WebSettings
    from reconciler.query.deployment_drift import findings_of
    from reconciler.web.adapters import HttpKeySets, ModalResults
    from reconciler.web.app import create_app
    from reconciler.web.auth.credentials import new_token, of_token
    from reconciler.web.ports import WebPorts
    from reconciler.web.server import LOOPBACK, listen, serve
    from reconciler.web.serving import Serving, loopback_hosts
    from reconciler.web.snapshot import write_snapshot

    checkout = open_workspace(inputs).checkout
    desired = desired_of(inputs, (), whole=False)
    ports = WebPorts(
        modal=open_query(inputs),
        results=ModalResults(),
        key_sets=HttpKeySets(),
        find=lambda actual: findings_of(actual, with_standing(checkout, desired, actual)),
    )
    listening = listen(port)
    port = listening.getsockname()[1]
    token = new_token()
    serving = Serving(
        environment=inputs.environment,
        web=inputs.environment.web or WebSettings(),
        hosts=loopback_hosts(port),
        https=False,
        loopback=True,
        credentials=of_token(token),
    )
    url = f"http://{LOOPBACK}:{port}/sign-in?token={token}"

    def ready() -> None:
        print(f"The dashboard of {inputs.environment.name} is ready: {url}", flush=True)
        say("Ctrl-C ends it.")
        if browser and sys.stdout.isatty():
            webbrowser.open(url)

    app = create_app(ports, serving, _no_log)
    if out is not None:
        listening.close()
        pages = run(write_snapshot(app, f"{LOOPBACK}:{port}", token, out))
        print(f"{count(pages, 'page')} written; open {out / 'index.html'}")
        return
    gc.set_threshold(50_000, 20, 100)  # lower than a command's: cycles add up while it serves
    with suppress(KeyboardInterrupt):
        run(serve(app, listening, ready), gives_up=False)


def _no_log(_line: str) -> None:
    """On a laptop the access log would only hide the URL."""
