"""The frame of every page: what all show, who may see them, and what stands in place of one that
cannot be shown."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from jinja2 import Environment, PackageLoader
from starlette.responses import RedirectResponse, Response

from reconciler.dispatch.answers import UnavailableError
from reconciler.errors import ReconcileError
from reconciler.foreign_text import on_one_line
from reconciler.query.status import Status
from reconciler.redaction import redacted
from reconciler.web.answers import tagged
from reconciler.web.auth.principal import Scope
from reconciler.web.endpoint import Call, Handler
from reconciler.web.last_shown import Shown
from reconciler.web.live import answered
from reconciler.web.pages.failures import failure_of
from reconciler.web.pages.items import other_things
from reconciler.web.pages.moments import span
from reconciler.web.problems import MODAL_SILENT, RequestError, as_request_error
from reconciler.web.refusals import KEY, counts_of
from reconciler.web.sign_in import PATH as SIGN_IN_PATH

_CONTENT: Final = "<!-- content -->"
_HEADLINE: Final = re.compile(r'<h1(?: data-was="(?P<past>[^"]*)")?>(?P<text>.*?)</h1>')
_PROOF: Final = re.compile(r'<p class="proof" data-was="([^"]*)">.*?</p>')
_SECONDS: Final = re.compile(r"\d\d:\d\d:\d\dZ|\d+ s ago")
"""What of a page changes every second."""
VIEWS: Final = (
    ("/", "Attention"),
    ("/schedules", "Schedules"),
    ("/timeline", "Timeline"),
    ("/slots", "Slots and cost"),
    ("/history", "History"),
    ("/triggers", "Triggers"),
)
"""The views, in the order of their keys."""


@cache
def templates() -> Environment:
    """The templates; every value is escaped."""
    return Environment(
        loader=PackageLoader("reconciler.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


async def page(call: Call, template: str, status: Status, **values: Any) -> Response:
    """A page about what is live."""
    values["number"] = await attention_number(call, status)
    values["generation"] = status.generation[:8]
    now = call.site.ports.clock.now()
    call.site.shown.keep(_url(call), Shown(now, template, values))
    text = rendered(call, template, now, **values)
    same = _SECONDS.sub("", text).encode()
    return tagged(call.request, text.encode(), "text/html; charset=utf-8", same=same)


async def attention_number(call: Call, status: Status) -> int:
    """How many things need attention: the same on every page."""
    site = call.site
    refused = counts_of(await answered(site, site.ports.modal.claims.get(KEY)))
    wanting = sum(not one.well for one in status.schedules)
    others = sum(other_things(status, refused, site.ports.clock.now()))
    return wanting + others


def rendered(call: Call, template: str, at: datetime, **values: Any) -> str:
    """The text of a page that shows what was so at that time."""
    return (
        templates()
        .get_template(template)
        .render(
            environment=call.site.serving.environment.name,
            as_of=f"{at:%H:%M:%S}Z",
            path=call.request.url.path,
            url=_url(call),
            views=VIEWS,
            version=version("schedule-reconciler"),
            **values,
        )
    )


def signed_in(handler: Handler) -> Handler:
    """The page; the form for those who have not signed in; in words what cannot be shown."""

    async def answer(call: Call) -> Response:
        try:
            await call.site.authenticator.authenticate(call.request, Scope.READ, None)
        except RequestError as error:
            if error.status == 401:
                return RedirectResponse(SIGN_IN_PATH, 303)
            raise
        asked = call.site.ports.clock.now()
        try:
            return await handler(call)
        except (ReconcileError, UnavailableError, TimeoutError) as error:
            return _failed(call, as_request_error(error), asked)

    return answer


def _failed(call: Call, error: RequestError, asked: datetime) -> Response:
    now = call.site.ports.clock.now()
    if error.kind == MODAL_SILENT:
        shown = call.site.shown.find(_url(call), asked)
        if shown is not None:
            content = _stale(call, shown, now)
            return Response(content, error.status, error.headers, "text/html")
    environment = call.site.serving.environment
    failure = failure_of(error, environment.name, environment.app)
    content = rendered(
        call,
        "error.html",
        now,
        number=0,
        title=on_one_line(failure.title),
        text=redacted(on_one_line(failure.text)),
        steps=failure.steps,
        otherwise=failure.otherwise,
        back=failure.back,
    )
    return Response(content, error.status, error.headers, "text/html")


def _stale(call: Call, shown: Shown, now: datetime) -> str:
    """The page as it was last shown, under a notice that says so; its sentences in the past
    tense."""
    silent = call.site.shown.silent or now
    text = rendered(
        call,
        shown.template,
        shown.at,
        **shown.values,
        silent=span(now - silent),
        old=span(now - shown.at) or "0 s",
    )
    begin, content = text.split(_CONTENT, 1)
    content = _HEADLINE.sub(_was, content, count=1)
    return begin + _PROOF.sub(r'<p class="proof">\1</p>', content, count=1)


def _was(headline: re.Match[str]) -> str:
    return f'<p class="was">{headline["past"] or headline["text"]}</p>'


def _url(call: Call) -> str:
    url = call.request.url
    return f"{url.path}?{url.query}" if url.query else url.path
