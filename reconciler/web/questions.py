"""The questions of the API: status, schedules and runs, each answered by the query layer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import Any, Final, TypeVar

from starlette.datastructures import QueryParams
from starlette.responses import Response

from reconciler.model.history import Run
from reconciler.query.live import live_status
from reconciler.query.runs import RunsWanted, list_runs
from reconciler.query.status import Filter, ScheduleStatus, State, Status
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.runs_text import run_json
from reconciler.render.status_text import status_json
from reconciler.web.answers import json_answer
from reconciler.web.auth.principal import Scope
from reconciler.web.endpoint import READS, Call, Endpoint
from reconciler.web.paging import next_cursor, page_of, page_request
from reconciler.web.problems import RequestError
from reconciler.web.site import Site
from reconciler.words import suggestion

T = TypeVar("T")

DAYS: Final = 90
"""Days with runs files that are searched at most."""


async def answered(site: Site, question: Awaitable[T]) -> T:
    """The answer to a question.

    Raises:
        TimeoutError: Modal did not answer in time.
    """
    async with asyncio.timeout(site.serving.answer_seconds):
        return await question


async def current_status(site: Site) -> Status:
    """How everything stands.

    Raises:
        RequestError: nothing was applied (404).
    """
    status = await answered(
        site, live_status(site.ports.modal, site.serving.environment, site.ports.find)
    )
    if status is None:
        raise nothing_applied(site)
    return status


def nothing_applied(site: Site) -> RequestError:
    """The error of a question about live state before the first apply."""
    return RequestError(
        404,
        "nothing-applied",
        f"nothing was applied to {site.serving.environment.name} yet",
        remedy="Run reconcile first.",
    )


async def _status(call: Call) -> Response:
    return json_answer(call.request, status_json(await current_status(call.site)))


async def _schedules(call: Call) -> Response:
    page = page_request(call.request, str)
    wanted = _filter(call.request.query_params)
    status = await current_status(call.site)
    found = [one for one in status.schedules if wanted(one)]
    items, cursor = page_of(found, page, lambda one: (one.record.name,))
    listed = status_json(status, items)["schedules"]
    document = {"format": OUTPUT_FORMAT, "total": len(found), "schedules": listed}
    return json_answer(call.request, {**document, "cursor": cursor})


async def _schedule(call: Call) -> Response:
    name = call.request.path_params["name"]
    status = await current_status(call.site)
    found = next((one for one in status.schedules if name in one.record.names), None)
    if found is None:
        raise unknown_schedule(name, status)
    (shown,) = status_json(status, [found])["schedules"]
    return json_answer(
        call.request, {"format": OUTPUT_FORMAT, **shown, "definition": _definition(found)}
    )


def unknown_schedule(name: str, status: Status) -> RequestError:
    """The error for a name that no live schedule bears."""
    known = [one.record.name for one in status.schedules]
    return RequestError(
        404, "unknown-schedule", f"there is no schedule `{name}`", remedy=suggestion(name, known)
    )


def _definition(found: ScheduleStatus) -> dict[str, Any]:
    """What was applied; the values of arguments may be secret."""
    record = found.record
    definition = record.to_json()
    definition.pop("args", None)
    return {**definition, "arguments": sorted(record.args)}


async def _runs(call: Call) -> Response:
    page = page_request(call.request, int, str)
    query, site = call.request.query_params, call.site
    wanted = RunsWanted(
        count=page.limit,
        days=DAYS,
        since=_time(query, "since"),
        failed=_flag(query, "failed"),
        name=query.get("schedule"),
        before=None if page.after is None else (int(page.after[0]), str(page.after[1])),
    )
    found = await answered(site, list_runs(site.ports.modal, site.serving.environment, wanted))
    runs = list(reversed(found.runs))
    cursor = next_cursor(_key(runs[-1])) if found.more and runs else None
    return json_answer(
        call.request,
        {
            "format": OUTPUT_FORMAT,
            "runs": [run_json(run) for run in runs],
            "cursor": cursor,
            "damaged": [{"where": one.where, "why": one.why} for one in found.damaged],
        },
    )


def _key(run: Run) -> tuple[int, str]:
    return run.occurrence.at, run.occurrence.name


def _filter(query: QueryParams) -> Filter:
    states = query.getlist("state")
    unknown = next((state for state in states if state not in set(State)), None)
    if unknown is not None:
        raise RequestError(
            400, "state", f"there is no state `{unknown}`", remedy=suggestion(unknown, State)
        )
    labels = dict(label.partition("=")[::2] for label in query.getlist("label"))
    return Filter(
        owner=query.get("owner"),
        labels={name: value or None for name, value in labels.items()},
        states=frozenset(map(State, states)),
    )


def _time(query: QueryParams, name: str) -> datetime | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise RequestError(
            400, "time", f"`{name}` is a time in ISO 8601 with an offset: 2026-11-20T06:00Z"
        )
    return found


def _flag(query: QueryParams, name: str) -> bool:
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise RequestError(400, "flag", f"`{name}` is `true` or `false`")
    return text == "true"


QUESTIONS: Final = (
    Endpoint(READS, "/api/v1/status", _status, Scope.READ),
    Endpoint(READS, "/api/v1/schedules", _schedules, Scope.READ),
    Endpoint(READS, "/api/v1/schedules/{name}", _schedule, Scope.READ),
    Endpoint(READS, "/api/v1/runs", _runs, Scope.READ),
)
