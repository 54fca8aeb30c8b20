"""The pages over HTTP: each asks the query layer and renders what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader
from starlette.responses import RedirectResponse, Response

from reconciler.cron import minute
from reconciler.dispatch.answers import UnavailableError
from reconciler.errors import ReconcileError
from reconciler.foreign_text import on_one_line
from reconciler.model.runs import Run
from reconciler.query.last_hours import LastHours, last_hours
from reconciler.query.nothing_found import NothingFoundError, unknown_schedule
from reconciler.query.runs import RunsWanted, list_runs
from reconciler.query.status import State, Status
from reconciler.query.timeline import timeline
from reconciler.redaction import redacted
from reconciler.web.answers import tagged
from reconciler.web.auth.principal import Scope
from reconciler.web.endpoint import READS, Call, Endpoint, Handler
from reconciler.web.live import answered, current_status
from reconciler.web.pages.attention import attention, next_hour
from reconciler.web.pages.failures import failure_of
from reconciler.web.pages.glyphs import needs_attention
from reconciler.web.pages.listing import Wanted, listing
from reconciler.web.pages.one_schedule import RUNS, schedule_page
from reconciler.web.problems import RequestError, as_request_error
from reconciler.web.sign_in import PATH as SIGN_IN_PATH

HOURS: Final = 24
DAYS: Final = 90
"""Days with runs files in which the last runs of a schedule are searched."""
ASSETS: Final = {"dashboard.css": "text/css", "dashboard.js": "text/javascript"}


@cache
def templates() -> Environment:
    """The templates; every value is escaped."""
    return Environment(
        loader=PackageLoader("reconciler.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


async def _attention(call: Call) -> Response:
    status, hours = await _day(call)
    now = call.site.ports.clock.now()
    records = [one.record for one in status.schedules]
    ahead = timeline(records, [slot.slot for slot in status.slots], *next_hour(now))
    page = attention(status, hours, ahead, call.site.serving.environment.name, now)
    return _page(call, "attention.html", status, page=page, title="Attention")


async def _schedules(call: Call) -> Response:
    status, hours = await _day(call)
    query = call.request.query_params
    wanted = Wanted(
        text=query.get("q", ""),
        state=query.get("state", ""),
        by_name=query.get("sort") == "name",
        page=_number(query.get("page", "1")),
    )
    if wanted.state not in {"", "attention", *State}:
        raise RequestError(400, "state", f"there is no state `{wanted.state}`")
    page = listing(status.schedules, hours, wanted, call.site.ports.clock.now())
    return _page(call, "schedules.html", status, page=page, wanted=wanted, title="Schedules")


async def _one_schedule(call: Call) -> Response:
    name = call.request.path_params["name"]
    site = call.site
    status = await current_status(site)
    found = next((one for one in status.schedules if name in one.record.names), None)
    if found is None:
        raise unknown_schedule(name, [one.record.name for one in status.schedules])
    if found.record.name != name:
        return RedirectResponse(f"/schedules/{found.record.name}", 303)
    wanted = RunsWanted(count=RUNS, days=DAYS, name=name)
    try:
        runs = await answered(site, list_runs(site.ports.modal, site.serving.environment, wanted))
        newest: Sequence[Run] = runs.runs
    except NothingFoundError:
        newest = ()
    now = site.ports.clock.now()
    page = schedule_page(found, newest, now, minute(now))
    return _page(call, "schedule.html", status, page=page, title=name)


async def _asset(call: Call) -> Response:
    name = call.request.path_params["name"]
    if name not in ASSETS:
        raise RequestError(404, "not-found", "there is no such file")
    content = files("reconciler.web").joinpath("assets", name).read_bytes()
    return tagged(call.request, content, ASSETS[name])


async def _day(call: Call) -> tuple[Status, LastHours]:
    site = call.site
    status = await current_status(site)
    records = [one.record for one in status.schedules]
    until = minute(site.ports.clock.now())
    history = site.ports.modal.history
    return status, await answered(site, last_hours(history, records, until, HOURS))


def _page(call: Call, template: str, status: Status, **values: Any) -> Response:
    number = sum(map(needs_attention, status.schedules))
    number += sum(slot.overdue is not None for slot in status.slots)
    generation = status.generation[:8]
    text = _rendered(call, template, number=number, generation=generation, **values)
    return tagged(call.request, text.encode(), "text/html; charset=utf-8")


def _rendered(call: Call, template: str, **values: Any) -> str:
    now = call.site.ports.clock.now()
    return (
        templates()
        .get_template(template)
        .render(
            environment=call.site.serving.environment.name,
            as_of=f"{now:%H:%M:%S}Z",
            path=call.request.url.path,
            **values,
        )
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _signed_in(handler: Handler) -> Handler:
    """The page; the form for those who have not signed in; in words what cannot be shown."""

    async def answer(call: Call) -> Response:
        try:
            await call.site.authenticator.authenticate(call.request, Scope.READ, None)
        except RequestError as error:
            if error.status == 401:
                return RedirectResponse(SIGN_IN_PATH, 303)
            raise
        try:
            return await handler(call)
        except (ReconcileError, UnavailableError, TimeoutError) as error:
            return _failed(call, as_request_error(error))

    return answer


def _failed(call: Call, error: RequestError) -> Response:
    environment = call.site.serving.environment.name
    failure = failure_of(error, environment)
    content = _rendered(
        call,
        "error.html",
        number=0,
        title=on_one_line(failure.title),
        text=redacted(on_one_line(failure.text)),
        steps=failure.steps,
        back=failure.back,
    )
    return Response(content, error.status, error.headers, "text/html")


PAGES: Final = (
    Endpoint(READS, "/", _signed_in(_attention), None),
    Endpoint(READS, "/schedules", _signed_in(_schedules), None),
    Endpoint(READS, "/schedules/{name}", _signed_in(_one_schedule), None),
    Endpoint(READS, "/assets/{name}", _asset, None),
)
