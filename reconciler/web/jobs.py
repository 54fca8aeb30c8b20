"""Jobs over HTTP: start a call of a deployed function now, and fetch its result by id."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.responses import Response

from reconciler.client.jobs import JobState, Outcome, is_remembered, plain_value, remember_call
from reconciler.deploy.modal_files import RemoteGenerations
from reconciler.dispatch.answers import NotStartedError, StartUnknownError, TargetMissingError
from reconciler.policies import NO_ARGUMENT
from reconciler.query.newest_first import Known
from reconciler.web.answers import json_answer
from reconciler.web.auth.principal import Scope
from reconciler.web.bodies import JobBody, body_of
from reconciler.web.endpoint import CHANGES, READS, Call, Endpoint
from reconciler.web.idempotency import Answer, NothingStartedError
from reconciler.web.live import answered
from reconciler.web.once import LONGEST_KEY, answered_once
from reconciler.web.operation import DescribedAnswer, Operation, Parameter, has, problem
from reconciler.web.problems import RequestError
from reconciler.web.site import Site

POLL_AFTER: Final = 2
"""Seconds after which a client asks again for a pending result."""
RESULT_DAYS: Final = 8
"""Days of history in which a call is looked for: Modal keeps a result for seven days."""
_CALL: Final = re.compile(r"fc-[A-Za-z0-9-]{1,100}", re.ASCII)


async def _submit(call: Call) -> Response:
    """``POST /api/v1/jobs/{app}/{function}`` with ``{"args": {}}``."""
    app, function = (call.request.path_params[name] for name in ("app", "function"))
    await _require_allowed(call.site, app, function)
    args = _arguments(call)

    async def start() -> Answer:
        started = await _start(call, app, function, args)
        location = f"/api/v1/jobs/{started}"
        return Answer(202, {"call": started, "state": "pending"}, {"Location": location})

    return await answered_once(call, call.site.idempotency.once, start)


async def _job(call: Call) -> Response:
    """``GET /api/v1/jobs/{call}``."""
    call_id = call.request.path_params["call"]
    outcome = await _outcome(call.site, call_id)
    if outcome is None:
        raise RequestError(
            404, "unknown-call", "no such call was started by this API or by a schedule"
        )
    document = {"call": call_id, "state": outcome.state.value}
    match outcome.state:
        case JobState.PENDING:
            headers = {"Retry-After": str(POLL_AFTER)}
            return json_answer(call.request, document, status=202, headers=headers)
        case JobState.EXPIRED:
            raise RequestError(
                410, "expired", "Modal has dropped the result of this call, after 7 days"
            )
        case JobState.DONE:
            document |= {"value": plain_value(outcome.value), "error": outcome.error}
        case JobState.FAILED:
            document |= {"value": None, "error": outcome.error}
    return json_answer(call.request, document)


async def _submit_data(call: Call) -> Response:
    """``POST /submit?data=…``: calls ``web.submit`` with the keyword argument ``data``."""
    target = call.site.serving.web.submit
    if target is None:
        raise RequestError(
            404, "no-submit", "this API has no `/submit`", remedy="Set `web.submit` and apply it."
        )
    data = call.request.query_params.get("data")
    if data is None:
        raise RequestError(422, "data", "the parameter `data` is missing")
    app, _, function = target.partition("/")

    async def start() -> Answer:
        return Answer(200, {"call_id": await _start(call, app, function, {"data": data})}, {})

    return await answered_once(call, call.site.idempotency.once, start)


async def _result(call: Call) -> Response:
    """``GET /result/{call_id}``: the value itself, as the well-known example answers it."""
    outcome = await _outcome(call.site, call.request.path_params["call_id"])
    if outcome is None or outcome.state is JobState.EXPIRED:
        return json_answer(call.request, "", status=404)
    if outcome.state is JobState.PENDING:
        return json_answer(call.request, "", status=202)
    if outcome.state is JobState.FAILED:
        raise RequestError(500, "job-failed", f"the function failed: {outcome.error}")
    return json_answer(call.request, plain_value(outcome.value))


async def _start(call: Call, app: str, function: str, args: Mapping[str, Any]) -> str:
    """Start a call, and remember that this API has started it.

    Raises:
        NothingStartedError: its cause is the answer.
        RequestError: it is unknown whether it was started, or that could not be remembered.
    """
    modal, name = call.site.ports.modal, f"{app}/{function}"
    try:
        async with asyncio.timeout(call.site.serving.answer_seconds):
            started = await modal.caller.start(app, function, args)
    except TargetMissingError:
        raise NothingStartedError from RequestError(
            404, "unknown-function", f"there is no function {name}"
        )
    except NotStartedError as error:
        raise NothingStartedError from RequestError(
            503,
            "not-started",
            f"{name} was not started: {error}",
            remedy="Nothing was started; send it again.",
            headers={"Retry-After": "5"},
        )
    except (StartUnknownError, TimeoutError) as error:
        raise RequestError(
            504,
            "start-unknown",
            f"{name} may or may not have been started: {str(error) or 'Modal did not answer'}",
            remedy="Look at the function's calls in Modal before you send it again.",
        ) from error
    by = None if call.sender is None else call.sender.label
    await remember_call(modal.claims, started, function=name, by=by, now=modal.clock.now())
    return started


async def _outcome(site: Site, call: str) -> Outcome | None:
    """The state of a call; None when neither this API nor a schedule has started it."""
    if _CALL.fullmatch(call) is None or not await answered(site, _is_ours(site, call)):
        return None
    return await answered(site, site.ports.results.outcome(call))


async def _is_ours(site: Site, call: str) -> bool:
    if await is_remembered(site.ports.modal.claims, call):
        return True
    found = False

    def wanted(known: Known) -> Any:
        nonlocal found
        found = any(run.call == call for run in known.runs.values())
        return None if found else _every_name

    known = await site.ports.modal.history.read_back(wanted, days=RESULT_DAYS)
    return found or any(run.call == call for run in known.runs.values())


async def _require_allowed(site: Site, app: str, function: str) -> None:
    """Refuse every function that neither the settings nor a live schedule names.

    Raises:
        RequestError: 403.
    """
    allowed = site.serving.web.functions
    if app != site.serving.environment.app:
        if not allowed and (app, function) in await answered(site, _scheduled(site)):
            return
        if f"{app}/{function}" in allowed or f"{app}/*" in allowed:
            return
    raise RequestError(
        403,
        "function",
        f"this API may not start {app}/{function}",
        remedy="Name it in `web.functions` of reconciler.yaml and apply it.",
    )


async def _scheduled(site: Site) -> frozenset[tuple[str, str]]:
    """The functions that the live schedules call."""
    generation = await RemoteGenerations(site.ports.modal.files).live()
    records: Iterable[Any] = () if generation is None else generation.records
    return frozenset((record.app, record.function) for record in records)


def _arguments(call: Call) -> dict[str, Any]:
    args = body_of(call, JobBody, empty=True).args
    if NO_ARGUMENT in args:
        raise RequestError(
            422, "body", f"an argument cannot be named {NO_ARGUMENT}: Modal's client reserves it"
        )
    return args


def _every_name(_name: str) -> bool:
    return True


_SUBMITTED: Final = {
    409: problem("A request with this idempotency key is under way, or its outcome is unknown."),
    504: problem("The call may or may not have been started."),
}
_IDEMPOTENCY: Final = Parameter(
    "Idempotency-Key",
    "The same key and body get the first answer, and start nothing.",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]*$"},
    "header",
)

JOBS: Final = (
    Endpoint(
        CHANGES,
        "/api/v1/jobs/{app}/{function}",
        _submit,
        Scope.JOBS,
        signed=True,
        operation=Operation(
            "Start a call of a function",
            {
                202: DescribedAnswer(
                    "Started; `Location` is where its result will be.", has("call", "state")
                ),
                404: problem("There is no such function."),
                **_SUBMITTED,
            },
            (_IDEMPOTENCY,),
            (JobBody,),
            body_required=False,
        ),
    ),
    Endpoint(
        READS,
        "/api/v1/jobs/{call}",
        _job,
        Scope.JOBS,
        operation=Operation(
            "The state of a call",
            {
                200: DescribedAnswer("It has ended.", has("call", "state", "value", "error")),
                202: DescribedAnswer("It is pending; see `Retry-After`.", has("call", "state")),
                304: DescribedAnswer("The client's copy is current."),
                404: problem("Neither this API nor a schedule has started such a call."),
                410: problem("Its result has been dropped."),
            },
        ),
    ),
    Endpoint(
        CHANGES,
        "/submit",
        _submit_data,
        Scope.JOBS,
        operation=Operation(
            "Start the function that `web.submit` names",
            {
                200: DescribedAnswer("Started.", has("call_id")),
                404: problem("`web.submit` is not set, or there is no such function."),
                **_SUBMITTED,
            },
            (Parameter("data", "Its argument.", required=True), _IDEMPOTENCY),
        ),
    ),
    Endpoint(
        READS,
        "/result/{call_id}",
        _result,
        Scope.JOBS,
        operation=Operation(
            "The value that a call has returned",
            {
                200: DescribedAnswer("The value.", {}),
                202: DescribedAnswer("It is pending.", {"const": ""}),
                304: DescribedAnswer("The client's copy is current."),
                404: DescribedAnswer(
                    "There is no such call, or its result has been dropped.", {"const": ""}
                ),
                500: problem("The function failed."),
            },
        ),
    ),
)
