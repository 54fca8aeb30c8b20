"""The app that serves the HTTP API on Modal: what git says of it, and what of that is deployed.

It is an app of its own, so that a web problem cannot stop the dispatcher. Its tags say what it was
deployed with, and a tag of our app says what the last apply left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from reconciler.manifest import EnvironmentSettings
from reconciler.manifest.web_settings import WebSettings
from reconciler.plan.change import Action, Change, Kind
from reconciler.plan.identity import Owner
from reconciler.plan.safety import Refusal, SafetyRule
from reconciler.plan.state import Actual, LiveTarget
from reconciler.plan.tags import MANAGED_BY, MANAGED_TAG, WEB_TAG, owner_tags, tag_value
from reconciler.plan.target_names import beginning
from reconciler.plan.worker_tags import key_secret

if TYPE_CHECKING:
    from reconciler.plan.worker import PlannedWorker

WEB_OF_TAG: Final = "web-of"
"""On the app of the HTTP API: the name of our app."""
OLD_KEY_TAG: Final = "old-key"
"""On the app of the HTTP API: a key that it accepts beside the current one, and until when."""
SPREADING: Final = 15
"""Minutes after a deploy of the Worker in which an earlier version of it may run."""
FUNCTION: Final = "web"
"""The name of its function."""
HOOKS: Final = "hooks"
"""The function that serves wakes and triggers behind Modal's proxy, where settings ask for it."""
SETTINGS_VARIABLE: Final = "RECONCILE_WEB"
"""The variable of its container that holds :func:`container_settings`, as JSON."""


@dataclass(frozen=True)
class PlannedWeb:
    """The app of the HTTP API as it would be deployed.

    Attributes:
        app: its name.
        auth: the Modal Secret with the credentials that it accepts.
        settings: of its container, as JSON.
        runtime: the digest of our own code in its container.
        key: the Modal Secret with the key of the Worker on Cloudflare; None where there is none.
        old_key: the one of the key that the Worker has until it is deployed; None without one.
        old_until: the epoch minute until which the old one may be used.
    """

    app: str
    auth: str
    settings: Mapping[str, Any]
    runtime: str
    key: str | None = None
    old_key: str | None = None
    old_until: int = 0

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of its functions."""
        return (FUNCTION, HOOKS) if self.settings["web"]["proxy_auth"] else (FUNCTION,)

    @cached_property
    def digest(self) -> str:
        """What it is deployed with."""
        parts = [dict(self.settings), self.auth, self.runtime]
        text = json.dumps(parts if self.key is None else [*parts, self.key], sort_keys=True)
        return sha256(text.encode()).hexdigest()[:16]


def web_app_name(app: str) -> str:
    """The name of the app of the HTTP API beside our app."""
    return f"{beginning(app)}web"


def plan_web(
    settings: EnvironmentSettings, runtime: str, worker: PlannedWorker | None, now: int
) -> PlannedWeb | None:
    """The app that the settings ask for; None without ``web:``, or where it has no ``auth:``.

    Args:
        worker: the Worker on Cloudflare that calls it; None where there is none.
        now: epoch minute.
    """
    if settings.web is None or settings.web.auth is None:
        return None
    planned = PlannedWeb(
        web_app_name(settings.app),
        settings.web.auth,
        container_settings(settings, settings.web),
        runtime,
    )
    if worker is None:
        return planned
    key = key_secret(settings.app, worker.key)
    if not worker.old_key:
        return replace(planned, key=key)
    old = key_secret(settings.app, worker.old_key)
    return replace(planned, key=key, old_key=old, old_until=now + SPREADING)


def container_settings(settings: EnvironmentSettings, web: WebSettings) -> dict[str, Any]:
    """The environment that its containers show, and what the API allows, as JSON."""
    return {
        "environment": settings.name,
        "modal": settings.modal,
        "app": settings.app,
        "web": web.to_json(),
    }


def web_tags(owner: Owner, app: str, planned: PlannedWeb) -> dict[str, str]:
    """The whole set of tags of the app of the HTTP API."""
    tags = {**owner_tags(owner), WEB_OF_TAG: tag_value(app), WEB_TAG: planned.digest}
    if planned.old_key is not None:
        tags[OLD_KEY_TAG] = f"{planned.old_until}.{planned.old_key}"
    return tags


def old_key_of(tags: Mapping[str, str]) -> tuple[int, str] | None:
    """The key that an app of the HTTP API accepts beside the current one, after the epoch minute
    until which the Worker may use it; None without one."""
    until, _, key = tags.get(OLD_KEY_TAG, "").partition(".")
    return (int(until), key) if until.isdecimal() and key else None


def is_web_of(tags: Mapping[str, str], app: str) -> bool:
    """Whether an app with these tags serves the HTTP API of our app."""
    return tags.get(MANAGED_TAG) == MANAGED_BY and tags.get(WEB_OF_TAG) == tag_value(app)


def live_web(actual: Actual, app: str) -> LiveTarget | None:
    """The deployed app that serves the HTTP API of our app."""
    found = actual.code_targets.get(web_app_name(app))
    return found if found is not None and is_web_of(found.tags, app) else None


def refuse_other_app(actual: Actual, app: str, planned: PlannedWeb | None) -> Iterator[Refusal]:
    """An app that this repository does not manage would be overwritten."""
    found = actual.code_targets.get(web_app_name(app))
    if planned is not None and found is not None and not is_web_of(found.tags, app):
        yield Refusal(
            SafetyRule.FOREIGN_APP,
            f"{planned.app} is an app that this repository does not manage",
            "stop it, leave `web:` out of the settings, or set another `app:`",
        )


def web_changes(actual: Actual, app: str, planned: PlannedWeb | None, now: int) -> Iterator[Change]:
    """What git changes, and what has become needless.

    Args:
        now: epoch minute.
    """
    live, applied = live_web(actual, app), _applied(actual)
    if planned is None:
        if live is not None and live.busy is False:
            reason = "`web:` is gone from the settings, and no request is open"
            yield Change(action=Action.DELETE, kind=Kind.WEB, name=live.app, reason=reason)
    elif live is None and applied is None:
        reason = f"serves the HTTP API and the dashboard, with the Secret {planned.auth}"
        yield _change(Action.CREATE, planned, reason)
    elif applied != planned.digest:
        yield _change(Action.UPDATE, planned, "its settings or our code in it changed")
    elif planned.old_key is None and live is not None:
        old = old_key_of(live.tags)
        if old is not None and old[0] < now:
            reason = f"the Worker has its new key: {old[1]} is no longer accepted"
            yield _change(Action.UPDATE, planned, reason)


def web_drift(actual: Actual, app: str, planned: PlannedWeb | None) -> Iterator[Change]:
    """What is deployed otherwise than it was applied, where git did not change it."""
    applied = _applied(actual)
    if planned is None or actual.revision is not None or applied != planned.digest:
        return
    live = live_web(actual, app)
    if live is None:
        yield _change(Action.REPAIR, planned, "it is no longer deployed")
    elif missing := [name for name in planned.functions if name not in live.functions]:
        yield _change(Action.REPAIR, planned, f"lacks its function {missing[0]}")
    elif live.tags.get(WEB_TAG) != applied:
        touched = "" if live.deployed is None else f"; deployed {live.deployed}"
        yield _change(Action.REPAIR, planned, f"differs from what was applied{touched}")


def _applied(actual: Actual) -> str | None:
    """The digest of what the last apply deployed."""
    return None if actual.own is None else actual.own.tags.get(WEB_TAG)


def _change(action: Action, planned: PlannedWeb, reason: str) -> Change:
    return Change(
        action=action,
        kind=Kind.WEB,
        name=planned.app,
        reason=reason,
        after=None if action is Action.REPAIR else dict(planned.settings),
    )
