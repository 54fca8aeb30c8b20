"""The pages over HTTP: each asks the query layer and renders what it answers."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from starlette.responses import RedirectResponse, Response

from reconciler.cron import ZoneError, minute, tzinfo_named
from reconciler.dispatch.adapters.at_once import together
from reconciler.model.occurrence import parse_minute
from reconciler.query.applies import list_applies
from reconciler.query.changes import changes_of
from reconciler.query.git_seen import git_seen
from reconciler.query.last_hours import LastHours, last_hours
from reconciler.query.name_matcher import NameMatcher
from reconciler.query.runs import RunsWanted, newest_of
from reconciler.query.slots import slots_and_cost
from reconciler.query.status import State, Status
from reconciler.query.timeline import timeline
from reconciler.query.triggers import triggers_of
from reconciler.web.answers import tagged
from reconciler.web.endpoint import READS, Call, Endpoint
from reconciler.web.live import answered, current_status
from reconciler.web.pages.attention import attention, next_hour
from reconciler.web.pages.failures import UNKNOWN_SCHEDULE
from reconciler.web.pages.frame import page, signed_in
from reconciler.web.pages.history_page import SHOWN, history_page
from reconciler.web.pages.listing import LONGEST, Wanted, listing
from reconciler.web.pages.one_schedule import RUNS, schedule_page
from reconciler.web.pages.slots_page import slots_page
from reconciler.web.pages.timeline_page import RANGES, TimelineWanted, timeline_page
from reconciler.web.pages.triggers_page import triggers_page
from reconciler.web.problems import RequestError
from reconciler.web.refusals import KEY, counts_of
from reconciler.web.site import HOURS
from reconciler.words import near_names

DAYS: Final = 90
"""Days with runs files in which the last runs of a schedule are searched."""
APPLIES: Final = 20
"""The newest applies, as many as a chart may show."""
ASSETS: Final = {"dashboard.css": "text/css", "dashboard.js": "text/javascript"}


async def _attention(call: Call) -> Response:
    status, hours = await _day(call)
    site, now = call.site, call.site.ports.clock.now()
    refused = counts_of(await answered(site, site.ports.modal.claims.get(KEY)))
    records = [one.record for one in status.schedules]
    ahead = timeline(records, [slot.slot for slot in status.slots], *next_hour(now))
    found = attention(status, hours, ahead, refused, site.serving.environment.name, now)
    return await page(call, "attention.html", status, page=found, title="Attention")


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
    found = listing(status.schedules, hours, wanted, call.site.ports.clock.now())
    return await page(call, "schedules.html", status, page=found, wanted=wanted, title="Schedules")


async def _timeline(call: Call) -> Response:
    site = call.site
    status = await current_status(site)
    wanted = _timeline_wanted(call)
    now = minute(site.ports.clock.now())
    window = wanted.window(now)
    records = [one.record for one in status.schedules]
    past = ahead = None
    if window.after < now:
        until = min(window.until, now)
        hours = -(-(until - window.after) // 60)
        if until == now and hours <= HOURS:
            read = site.hours.read(records, until, hours)
        else:
            read = last_hours(site.ports.modal.history, records, until, hours, now)
        past = await answered(site, read)
    if window.until > now:
        ahead = timeline(records, (), max(window.after, now), window.until)
    applies = await answered(
        site, list_applies(site.ports.modal, site.serving.environment, APPLIES)
    )
    found = timeline_page(
        status.schedules, past, ahead, applies.applies, wanted, site.ports.clock.now()
    )
    return await page(call, "timeline.html", status, page=found, wanted=wanted, title="Timeline")


async def _slots(call: Call) -> Response:
    site = call.site
    status, hours = await _day(call)
    triggers = triggers_of(hours, [one.slot for one in status.slots])
    asked = slots_and_cost(site.ports.modal, site.serving.environment, status, hours, triggers)
    found = slots_page(await answered(site, asked), status, site.ports.clock.now())
    return await page(call, "slots.html", status, page=found, title="Slots and cost")


async def _history(call: Call) -> Response:
    site, modal = call.site, call.site.ports.modal
    status = await current_status(site)
    now = site.ports.clock.now()
    applies = await answered(site, list_applies(modal, site.serving.environment, SHOWN + 1))
    records = [one.record for one in status.schedules]
    changes, git = await answered(
        site,
        together(changes_of(modal.history, applies.applies, records, now), git_seen(modal.claims)),
    )
    environment = site.serving.environment.name
    found = history_page(status, changes, git, applies.damaged, environment, now)
    return await page(call, "history.html", status, page=found, title="History")


async def _triggers(call: Call) -> Response:
    site = call.site
    status, hours = await _day(call)
    entry = await answered(site, site.ports.modal.claims.get(KEY))
    found = triggers_page(
        hours,
        triggers_of(hours, [one.slot for one in status.slots]),
        counts_of(entry),
        _number(call.request.query_params.get("page", "1")),
        site.ports.clock.now(),
    )
    return await page(call, "triggers.html", status, page=found, title="Triggers")


async def _one_schedule(call: Call) -> Response:
    name = call.request.path_params["name"]
    site = call.site
    status = await current_status(site)
    found = next((one for one in status.schedules if name in one.record.names), None)
    if found is None:
        near = near_names(name, [one.record.name for one in status.schedules])
        raise RequestError(
            404,
            UNKNOWN_SCHEDULE,
            f"no schedule is named {name[:LONGEST]}",
            remedy=f"Nearest: {', '.join(near)}." if near else None,
        )
    if found.record.name != name:
        return RedirectResponse(f"/schedules/{found.record.name}", 303)
    environment, modal = site.serving.environment, site.ports.modal
    newest, applies = await answered(
        site,
        together(
            newest_of(
                modal.history,
                modal.caller,
                RunsWanted(count=RUNS, name=name),
                NameMatcher(frozenset({name}), found.record.formerly),
                days=DAYS,
            ),
            list_applies(modal, environment, APPLIES),
        ),
    )
    shown = schedule_page(
        status, found, newest.runs, applies.applies, environment.name, site.ports.clock.now()
    )
    return await page(call, "schedule.html", status, page=shown, title=name)


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
    return status, await answered(site, site.hours.read(records, until, HOURS))


def _timeline_wanted(call: Call) -> TimelineWanted:
    query = call.request.query_params
    zone = query.get("zone", "")
    if zone:
        try:
            tzinfo_named(zone)
        except ZoneError as error:
            raise RequestError(400, "zone", str(error)) from error
    length = query.get("range", "24h")
    if length not in RANGES:
        raise RequestError(400, "range", f"`range` is {' or '.join(RANGES)}")
    return TimelineWanted(
        text=query.get("q", ""),
        range=length,
        middle=_minute(call, "at"),
        zone=zone,
        minute=_minute(call, "minute"),
        page=_number(query.get("page", "1")),
    )


def _minute(call: Call, name: str) -> int | None:
    text = call.request.query_params.get(name)
    if text is None:
        return None
    try:
        return parse_minute(text)
    except ValueError as error:
        raise RequestError(400, "time", f"`{name}` is a time such as 2026-11-20T06:00Z") from error


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


PAGES: Final = (
    Endpoint(READS, "/", signed_in(_attention), None),
    Endpoint(READS, "/schedules", signed_in(_schedules), None),
    Endpoint(READS, "/schedules/{name}", signed_in(_one_schedule), None),
    Endpoint(READS, "/timeline", signed_in(_timeline), None),
    Endpoint(READS, "/slots", signed_in(_slots), None),
    Endpoint(READS, "/history", signed_in(_history), None),
    Endpoint(READS, "/triggers", signed_in(_triggers), None),
    Endpoint(READS, "/assets/{name}", _asset, None),
)
