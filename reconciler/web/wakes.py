"""Wakes and triggers over HTTP. They claim nothing: they start the dispatcher, which processes
whatever is due, so that a request too many does no harm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.responses import Response

from reconciler.cron import instant, minute
from reconciler.dispatch.answers import NotStartedError, StartUnknownError, TargetMissingError
from reconciler.model.generation import ON_DEMAND, Generation
from reconciler.model.occurrence import Occurrence, format_minute, parse_minute
from reconciler.model.runs import Run
from reconciler.model.runs_file import RunState, format_time
from reconciler.query.live_runs import with_open_calls
from reconciler.render.runs_text import run_json
from reconciler.web.auth.principal import Scope
from reconciler.web.bodies import TriggerBody, TriggeredJob, WakeBody, body_of, validated
from reconciler.web.body import json_of
from reconciler.web.endpoint import CHANGES, Call, Endpoint
from reconciler.web.idempotency import Answer
from reconciler.web.lists import DAYS
from reconciler.web.live import answered, live_generation
from reconciler.web.nominal import AHEAD, Meant, NotMeant, SenderTrigger, meant_by
from reconciler.web.once import answered_once
from reconciler.web.operation import DescribedAnswer, Operation, Parameter, every, has, problem
from reconciler.web.problems import RequestError
from reconciler.web.site import Site

LONGEST_AGO: Final = timedelta(days=1)
"""How long ago a sender may have been triggered, for which it may repeat its request."""


async def _wake(call: Call) -> Response:
    """``POST /wake`` with ``{"minute": …, "source": …}``."""
    body = body_of(call, WakeBody, empty=True)
    now = call.site.ports.clock.now()
    at = minute(now) if body.minute is None else parse_minute(body.minute)
    if instant(at) > now + AHEAD:
        raise RequestError(
            422, "ahead", f"that minute is more than {AHEAD.seconds} s ahead of this clock"
        )

    async def wake() -> Answer:
        started = await _spawn(call, at, body.source)
        return Answer(202, {"wake": started, "minute": format_minute(at)}, {})

    return await answered_once(call, call.site.idempotency.repeatable, wake)


async def _trigger(call: Call) -> Response:
    """``POST /trigger`` with one job, or ``{"jobs": […]}``."""
    document = json_of(call.request, call.body)
    several = isinstance(document, dict) and "jobs" in document
    body = validated(document, TriggerBody) if several else None
    jobs = [validated(document, TriggeredJob)] if body is None else body.jobs
    source = None if body is None else body.source

    async def trigger() -> Answer:
        generation = await live_generation(call.site)
        found = await _resolved(call.site, jobs, generation)
        due = [one for one in found if one["status"] == 202]
        if due:
            last = max(parse_minute(one["occurrence"].rpartition("@")[2]) for one in due)
            started = await _spawn(call, last, source)
            for one in due:
                one["wake"] = started
        status = _status_of(found)
        if status >= 400:
            raise _refusal(found, status)
        return Answer(status, {"jobs": found} if several else found[0], {})

    return await answered_once(call, call.site.idempotency.repeatable, trigger)


def _status_of(jobs: Sequence[dict[str, Any]]) -> int:
    """Of several jobs: accepted where one was, else settled where one was, else why not."""
    found = {job["status"] for job in jobs}
    return next(status for status in (202, 200, 422, 404) if status in found)


def _refusal(jobs: Sequence[dict[str, Any]], status: int) -> RequestError:
    """The error when none of the jobs can be started; that of the first one says why."""
    first = next(job for job in jobs if job["status"] == status)
    return RequestError(
        status,
        "unknown-job" if status == 404 else "nominal-time",
        first["detail"],
        remedy=first["remedy"],
        more={"jobs": list(jobs)} if len(jobs) > 1 else None,
    )


async def _resolved(
    site: Site, jobs: Iterable[TriggeredJob], generation: Generation
) -> list[dict[str, Any]]:
    """What each job means, as its part of the answer."""
    now = site.ports.clock.now()
    found = [
        (
            job.job,
            meant_by(
                SenderTrigger(job=job.job, execution=job.execution_id, at=job.triggered_at),
                generation,
                now,
            ),
        )
        for job in jobs
    ]
    occurrences = {one.occurrence for _, one in found if isinstance(one, Meant)}
    settled = await answered(site, _settled(site, occurrences))
    return [_part(name, one, settled) for name, one in found]


def _part(name: str, found: Meant | NotMeant, settled: dict[Occurrence, Run]) -> dict[str, Any]:
    if isinstance(found, NotMeant):
        status = 404 if found.unknown else 422
        return {"job": name, "status": status, "detail": found.what, "remedy": found.remedy}
    run = settled.get(found.occurrence)
    part = {"job": name, "occurrence": found.occurrence.id}
    if run is None:
        return {**part, "status": 202, "state": "accepted"}
    return {**part, "status": 200, "state": run.state.value, "run": run_json(run)}


async def _settled(site: Site, occurrences: set[Occurrence]) -> dict[Occurrence, Run]:
    """The runs of those occurrences that have their outcome."""
    modal = site.ports.modal
    found: dict[Occurrence, Run] = {}
    for at in {occurrence.at for occurrence in occurrences}:
        names = {one.name for one in occurrences if one.at == at}
        known = await modal.history.read_about(names.__contains__, at, days=DAYS)
        runs = [run for run in known.ordered if run.occurrence in occurrences]
        found |= {run.occurrence: run for run in await with_open_calls(runs, modal.caller)}
    settled = (RunState.MISSED, RunState.SKIPPED)
    return {one: run for one, run in found.items() if run.state.ended or run.state in settled}


async def _spawn(call: Call, at: int, source: str | None) -> str:
    """Start the dispatcher; the id of its call.

    Raises:
        RequestError: it was not started (503), or that is unknown (504). Sending it again does no
            harm.
    """
    site = call.site
    sender = "http" if call.sender is None else call.sender.label
    args = {"minute": format_minute(at), "source": source or sender, **_triggered(call)}
    try:
        return await answered(
            site, site.ports.modal.caller.start(site.serving.environment.app, ON_DEMAND, args)
        )
    except (TargetMissingError, NotStartedError) as error:
        raise RequestError(
            503,
            "not-started",
            f"the dispatcher was not started: {error}",
            remedy="Send it again.",
            headers={"Retry-After": "5"},
        ) from error
    except StartUnknownError as error:
        raise RequestError(
            504,
            "start-unknown",
            f"the dispatcher may or may not have been started: {error}",
            remedy="Send it again; that does no harm.",
        ) from error


def _triggered(call: Call) -> dict[str, str]:
    """When the sender was triggered, where it says so.

    It is not in the body, which a repeated request must not change. Only the history shows it, so
    what makes no sense is left out.
    """
    try:
        at = datetime.fromisoformat(call.request.headers["triggered-at"])
        age = call.site.ports.clock.now() - at
    except (KeyError, ValueError, TypeError, OverflowError):
        return {}
    return {"triggered": format_time(at)} if -AHEAD <= age <= LONGEST_AGO else {}


_TRIGGERED: Final = Parameter(
    "Triggered-At",
    "When the sender was triggered, ISO 8601; for the history.",
    place="header",
)
_SEVERAL: Final = has(jobs=every(has("job", "status")))
_EITHER: Final = {"anyOf": [has("job", "occurrence", "state"), _SEVERAL]}
_STARTS: Final = {504: problem("The dispatcher may or may not have been started.")}

WAKES: Final = (
    Endpoint(
        CHANGES,
        "/wake",
        _wake,
        Scope.WAKE,
        signed=True,
        operation=Operation(
            "Wake the dispatcher",
            {202: DescribedAnswer("It was started.", has("wake", "minute")), **_STARTS},
            parameters=(_TRIGGERED,),
            body=(WakeBody,),
            body_required=False,
        ),
    ),
    Endpoint(
        CHANGES,
        "/trigger",
        _trigger,
        Scope.TRIGGER,
        signed=True,
        operation=Operation(
            "Start what a scheduler has triggered",
            {
                200: DescribedAnswer("Every occurrence has its outcome.", _EITHER),
                202: DescribedAnswer("The dispatcher was started.", _EITHER),
                404: problem("There is no such schedule; of several jobs, none."),
                **_STARTS,
            },
            parameters=(_TRIGGERED,),
            body=(TriggeredJob, TriggerBody),
        ),
    ),
)
