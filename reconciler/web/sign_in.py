"""People sign in with a token, by a form, into a signed cookie."""

from __future__ import annotations

from functools import cache
from typing import Final
from urllib.parse import parse_qs

from jinja2 import Environment, PackageLoader
from starlette.responses import RedirectResponse, Response

from reconciler.web.auth.credentials import BearerToken
from reconciler.web.auth.principal import Scope
from reconciler.web.auth.sessions import KEPT, cookie_name, has_run_out, new_session
from reconciler.web.endpoint import CHANGES, READS, Call, Endpoint
from reconciler.web.problems import RequestError

PATH: Final = "/sign-in"
HOME: Final = "/"
"""Where a person who has signed in begins."""
NOT_VALID: Final = "This token is not valid. It may have been rotated."
SIGNED_OUT: Final = "You were signed out after 12 h."
NO_KEY: Final = "Signing in needs WEB_COOKIE_KEY in the Modal Secret."


@cache
def templates() -> Environment:
    """The templates; every value is escaped."""
    return Environment(loader=PackageLoader("reconciler.web"), autoescape=True)


async def _show(call: Call) -> Response:
    """The form. The URL that ``reconcile dashboard`` opens holds the token already; a token that
    lasts has no place in a URL."""
    token = call.request.query_params.get("token")
    if token is None or not call.site.serving.loopback:
        site, cookie = call.site, call.request.cookies.get(_cookie(call), "")
        over = has_run_out(site.serving.credentials, cookie, site.ports.clock.now())
        return _form(call, SIGNED_OUT if over else None)
    return _signed_in(call, token)


async def _sign_in(call: Call) -> Response:
    media_type = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise RequestError(415, "media-type", "the form is application/x-www-form-urlencoded")
    fields = parse_qs(call.body.decode("utf-8", "replace"), max_num_fields=5)
    return _signed_in(call, "".join(fields.get("token", ())[:1]).strip())


async def _sign_out(call: Call) -> Response:
    response = RedirectResponse(PATH, 303)
    response.delete_cookie(_cookie(call), secure=call.site.serving.https, httponly=True)
    return response


def _signed_in(call: Call, presented: str) -> Response:
    site = call.site
    token = site.serving.credentials.token(presented)
    if token is None or Scope.READ not in token.scopes:
        site.refusals.count("token")
        wait = site.failing.take(call.address)
        if wait is not None:
            return _form(call, f"Too many tries. Try again in {wait:.0f} s.", 429)
        return _form(call, NOT_VALID, 401)
    if not site.serving.credentials.cookie_keys:
        return _form(call, NO_KEY, 503)
    response = RedirectResponse(HOME, 303)
    response.set_cookie(
        _cookie(call),
        _session(call, token),
        max_age=int(KEPT.total_seconds()),
        secure=site.serving.https,
        httponly=True,
        samesite="lax",
    )
    return response


def _session(call: Call, token: BearerToken) -> str:
    return new_session(call.site.serving.credentials, token, call.site.ports.clock.now())


def _cookie(call: Call) -> str:
    return cookie_name(https=call.site.serving.https)


def _form(call: Call, error: str | None = None, status: int = 200) -> Response:
    serving = call.site.serving
    access = serving.web.access
    page = (
        templates()
        .get_template("sign_in.html")
        .render(
            environment=serving.environment.name,
            app=serving.environment.app,
            access=None if access is None else access.hostname,
            loopback=serving.loopback,
            error=error,
        )
    )
    return Response(page, status, media_type="text/html")


SIGN_IN: Final = (
    Endpoint(READS, PATH, _show, None),
    Endpoint(CHANGES, PATH, _sign_in, None),
    Endpoint(CHANGES, "/sign-out", _sign_out, None),
)
