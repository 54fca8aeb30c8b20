"""The questions of the API: status, schedules and runs, each answered by the query layer."""

from __future__ import annotations

from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.responses import Response

from reconciler.query.nothing_found import unknown_schedule
from reconciler.query.status import Filter, ScheduleStatus, State
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.status_text import status_json
from reconciler.web.answers import json_answer
from reconciler.web.auth.principal import Scope
from reconciler.web.endpoint import READS, Call, Endpoint
from reconciler.web.live import current_status
from reconciler.web.operation import (
    CURSOR,
    LIMIT,
    DescribedAnswer,
    Operation,
    Parameter,
    every,
    has,
    nullable,
    problem,
)
from reconciler.web.paging import page_of, page_request
from reconciler.web.problems import RequestError
from reconciler.words import suggestion


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
        raise unknown_schedule(name, [one.record.name for one in status.schedules])
    (shown,) = status_json(status, [found])["schedules"]
    return json_answer(
        call.request, {"format": OUTPUT_FORMAT, **shown, "definition": _definition(found)}
    )


def _definition(found: ScheduleStatus) -> dict[str, Any]:
    """What was applied; the values of arguments may be secret."""
    record = found.record
    definition = record.to_json()
    definition.pop("args", None)
    return {
        "after": {},
        **definition,
        "dependants": list(record.dependants),
        "arguments": sorted(record.args),
    }


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


_NOTHING: Final = problem("Nothing was applied yet.")
_SCHEDULE: Final = has("name", "state", "well", "last", "next")
_BACKFILL: Final = has("digest", "name", "state", "from", "to", "runs", "started", "open")
_DEFINITION: Final = has(
    "arguments", after={"type": "object"}, dependants=every({"type": "string"})
)
_CURSOR: Final = nullable("string")
_STATES: Final = {"type": "array", "items": {"type": "string", "enum": [*State]}}

QUESTIONS: Final = (
    Endpoint(
        READS,
        "/api/v1/status",
        _status,
        Scope.READ,
        operation=Operation(
            "How everything stands: what `reconcile status --format json` prints",
            {
                200: DescribedAnswer(
                    "The status.",
                    has(
                        "format",
                        "well",
                        "generation",
                        "slots",
                        schedules=every(_SCHEDULE),
                        backfills=every(_BACKFILL),
                    ),
                ),
                304: DescribedAnswer("The client's copy is current."),
                404: _NOTHING,
            },
        ),
    ),
    Endpoint(
        READS,
        "/api/v1/schedules",
        _schedules,
        Scope.READ,
        operation=Operation(
            "The schedules, by name",
            {
                200: DescribedAnswer(
                    "A page.", has("format", "total", schedules=every(_SCHEDULE), cursor=_CURSOR)
                ),
                304: DescribedAnswer("The client's copy is current."),
                404: _NOTHING,
            },
            (
                LIMIT,
                CURSOR,
                Parameter("state", "In one of these states.", _STATES),
                Parameter("owner", "Of this owner."),
                Parameter(
                    "label", "With this label, `NAME` or `NAME=VALUE`.", every({"type": "string"})
                ),
            ),
        ),
    ),
    Endpoint(
        READS,
        "/api/v1/schedules/{name}",
        _schedule,
        Scope.READ,
        operation=Operation(
            "One schedule, with its definition",
            {
                200: DescribedAnswer(
                    "The schedule.", has("format", "name", "state", definition=_DEFINITION)
                ),
                304: DescribedAnswer("The client's copy is current."),
                404: problem("There is no such schedule; similar names are given."),
            },
        ),
    ),
)
