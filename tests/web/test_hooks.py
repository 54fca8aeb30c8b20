"""The endpoint behind Modal's proxy: wakes and triggers, and nothing else."""

from __future__ import annotations

import json

import pytest

from reconciler.errors import ReconcileError
from reconciler.manifest import Settings
from reconciler.manifest.web_settings import WebSettings
from reconciler.plan.web_app import container_settings
from reconciler.web.app import create_app
from reconciler.web.auth.credentials import credentials_of
from reconciler.web.auth.principal import Scope
from reconciler.web.deployed import deployed_app
from reconciler.web.wakes import WAKES
from tests.plan.scenario import hourly
from tests.web.site import TestSite


@pytest.fixture
def site() -> TestSite:
    site = TestSite()
    site.apply(*hourly("a"))
    site.serving = {
        "loopback": False,
        "credentials": credentials_of({}),
        "authenticated": frozenset({Scope.WAKE, Scope.TRIGGER}),
    }
    serving = site.how_served()
    site.use(create_app(site.ports(), serving, site.logged.append, WAKES))
    return site


def test_what_the_proxy_has_authenticated_may_wake(site: TestSite) -> None:
    assert site.ask("/wake", "POST", token=None, json={}).status_code == 202
    assert json.loads(site.logged[0])["by"] == "proxy:modal"


@pytest.mark.parametrize("path", ["/api/v1/status", "/metrics", "/next.ics", "/sign-in", "/"])
def test_nothing_else_is_there(site: TestSite, path: str) -> None:
    assert site.ask(path, token=None).status_code == 404


def test_an_application_that_authenticates_no_request_is_never_served() -> None:
    web = WebSettings(auth="web")
    known = container_settings(Settings(web=web).environment("production"), web)
    with pytest.raises(ReconcileError) as error:
        deployed_app(known, "https://web.example", {"WEB_COOKIE_KEY": "k" * 32})
    assert str(error.value).startswith("web: no entry of the Modal Secret is a credential")
