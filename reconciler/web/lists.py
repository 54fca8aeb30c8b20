"""The long lists of the API: runs, next occurrences and applies, by page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Final

from starlette.datastructures import QueryParams
from starlette.responses import Response

from reconciler.cron import minute
from reconciler.model.formats import Damaged
from reconciler.model.runs import Run
from reconciler.query.applies import list_applies
from reconciler.query.runs import RunsWanted, list_runs
from reconciler.query.timeline import Timeline, upcoming
from reconciler.render.applies import applies_json
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.runs_text import run_json
from reconciler.render.timeline import timeline_json
from reconciler.web.answers import json_answer
from reconciler.web.auth.principal import Scope
from reconciler.web.endpoint import READS, Call, Endpoint
from reconciler.web.live import answered, live_generation
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
from reconciler.web.paging import next_cursor, page_request, whole_number
from reconciler.web.problems import RequestError

DAYS: Final = 90
"""Days with runs files that are searched at most."""
NEXT_HOURS: Final = 48
MOST_APPLIES: Final = 10_000
NEWER: Final = 20
"""Applies that may have come since the page before."""


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
            "damaged": _damaged(found.damaged),
        },
    )


async def _next(call: Call) -> Response:
    page = page_request(call.request, int, str)
    hours = whole_number(call.request.query_params, "hours", NEXT_HOURS, most=24 * 366)
    records = (await live_generation(call.site)).records
    now = minute(call.site.ports.clock.now())
    key = None if page.after is None else (int(page.after[0]), str(page.after[1]))
    after = now if key is None else max(now, key[0] - 1)
    until = now + 60 * hours
    # The cursor's minute is looked at again: others of it may come after the one that it names.
    left = (
        one for one in upcoming(records, after, until) if key is None or (one.at, one.name) > key
    )
    found = tuple(islice(left, page.limit + 1))
    shown = found[: page.limit]
    cursor = next_cursor((shown[-1].at, shown[-1].name)) if len(found) > len(shown) else None
    document = timeline_json(Timeline(now, until, shown, (), {}, {}), page.limit)
    part = {name: document[name] for name in ("format", "after", "until", "next")}
    return json_answer(call.request, {**part, "cursor": cursor})


async def _history(call: Call) -> Response:
    page = page_request(call.request, str, int)
    site = call.site
    before, seen = ("", 0) if page.after is None else (str(page.after[0]), int(page.after[1]))
    # Newer applies than those of the page before may have come since.
    count = min(seen, MOST_APPLIES) + page.limit + NEWER
    found = await answered(site, list_applies(site.ports.modal, site.serving.environment, count))
    left = [one for one in found.applies if not before or one.pointer.at < before]
    shown = left[: page.limit]
    cursor = None
    if len(left) > len(shown):
        cursor = next_cursor((shown[-1].pointer.at, seen + len(shown)))
    return json_answer(
        call.request,
        {**applies_json(shown), "cursor": cursor, "damaged": _damaged(found.damaged)},
    )


def _damaged(found: Iterable[Damaged]) -> list[dict[str, str]]:
    return [{"where": one.where, "why": one.why} for one in found]


def _key(run: Run) -> tuple[int, str]:
    return run.occurrence.at, run.occurrence.name


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


_RUN: Final = has("occurrence", "name", "time", "state", "call")
_CURSOR: Final = nullable("string")
_MOMENT: Final = {"type": "string", "format": "date-time"}

LISTS: Final = (
    Endpoint(
        READS,
        "/api/v1/runs",
        _runs,
        Scope.READ,
        operation=Operation(
            "The runs, newest first",
            {
                200: DescribedAnswer("A page.", has("format", runs=every(_RUN), cursor=_CURSOR)),
                304: DescribedAnswer("The client's copy is current."),
                404: problem("There is no such schedule or task."),
            },
            (
                LIMIT,
                CURSOR,
                Parameter("schedule", "Of this schedule, or the task with this id."),
                Parameter("since", "Of which a wake recorded something from then on.", _MOMENT),
                Parameter("failed", "Only failed and missed ones.", {"type": "boolean"}),
            ),
        ),
    ),
    Endpoint(
        READS,
        "/api/v1/next",
        _next,
        Scope.READ,
        operation=Operation(
            "The next occurrences of what is live",
            {
                200: DescribedAnswer(
                    "A page.",
                    has(
                        "format", "after", "until", next=every(has("name", "time")), cursor=_CURSOR
                    ),
                ),
                304: DescribedAnswer("The client's copy is current."),
                404: problem("Nothing was applied yet."),
            },
            (
                LIMIT,
                CURSOR,
                Parameter(
                    "hours",
                    "How far to look ahead.",
                    {"type": "integer", "minimum": 1, "maximum": 8784, "default": NEXT_HOURS},
                ),
            ),
        ),
    ),
    Endpoint(
        READS,
        "/api/v1/history",
        _history,
        Scope.READ,
        operation=Operation(
            "The applies, newest first",
            {
                200: DescribedAnswer(
                    "A page.",
                    has("format", applies=every(has("at", "by", "commit")), cursor=_CURSOR),
                ),
                304: DescribedAnswer("The client's copy is current."),
            },
            (LIMIT, CURSOR),
        ),
    ),
)
