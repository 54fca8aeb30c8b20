"""What other programs collect: Prometheus's metrics, and a calendar of the next occurrences."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Final

from starlette.responses import Response

from reconciler.cron import minute
from reconciler.query.timeline import Timeline, upcoming
from reconciler.render.icalendar_feed import timeline_calendar
from reconciler.render.metrics import metrics_text
from reconciler.web.answers import tagged
from reconciler.web.auth.authentication import unauthenticated
from reconciler.web.auth.principal import Principal, Scope
from reconciler.web.endpoint import READS, Call, Endpoint
from reconciler.web.live import answered, live_generation, nothing_applied
from reconciler.web.operation import TEXT, DescribedAnswer, Operation, Parameter, problem
from reconciler.web.paging import whole_number
from reconciler.web.problems import RequestError
from reconciler.web.refusals import KEY, counts_of

PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
CALENDAR_DAYS: Final = 14
MOST_EVENTS: Final = 5_000
"""Events of a calendar. Of a schedule that runs each minute there would be 20,160 in two weeks."""


async def _metrics(call: Call) -> Response:
    found = await answered(call.site, call.site.metrics.get())
    if found is None:
        raise nothing_applied(call.site)
    refused: Counter[str] = Counter()
    counted = await call.site.ports.modal.claims.get(KEY)
    for (_hour, reason), number in counts_of(counted).items():
        refused[reason] += number
    return Response(metrics_text(found, refused), headers={"Content-Type": PROMETHEUS})


async def _calendar(call: Call) -> Response:
    await _require_calendar_token(call)
    days = whole_number(call.request.query_params, "days", CALENDAR_DAYS, most=366)
    generation = await live_generation(call.site)
    after = minute(call.site.ports.clock.now())
    until = after + days * 24 * 60
    records = {record.name: record for record in generation.records}
    events = tuple(islice(upcoming(records.values(), after, until), MOST_EVENTS))
    found = Timeline(after, until, events, (), {}, {})
    return tagged(call.request, timeline_calendar(found, records), "text/calendar; charset=utf-8")


async def _require_calendar_token(call: Call) -> Principal:
    """Calendars can send no header, so that their token is in the URL, where logs and proxies see
    it: a token that may do anything else is refused there."""
    site = call.site
    presented = call.request.query_params.get("token")
    if presented is None:
        return await site.authenticator.authenticate(call.request, Scope.CALENDAR)
    token = site.serving.credentials.token(presented)
    if token is None:
        site.failing.require(call.address)
        raise unauthenticated("token", "this token is not valid; it may have been revoked")
    if token.scopes != {Scope.CALENDAR}:
        raise RequestError(
            403,
            "scope",
            "a token in a URL may have the scope `calendar` alone",
            remedy="Make a token of its own for the calendar, and replace this one: it may have "
            "been logged.",
        )
    call.request.state.by = token.principal.label
    return token.principal


FEEDS: Final = (
    Endpoint(
        READS,
        "/metrics",
        _metrics,
        Scope.READ,
        operation=Operation(
            "Figures for Prometheus",
            {
                200: DescribedAnswer("Prometheus's text format.", TEXT, "text/plain"),
                404: problem("Nothing was applied yet."),
            },
        ),
    ),
    Endpoint(
        READS,
        "/next.ics",
        _calendar,
        None,
        operation=Operation(
            "A calendar of the next occurrences",
            {
                200: DescribedAnswer("iCalendar.", TEXT, "text/calendar"),
                304: DescribedAnswer("The client's copy is current."),
                401: problem("No credential is valid."),
                403: problem("The token may do more than read the calendar."),
                404: problem("Nothing was applied yet."),
            },
            (
                Parameter("token", "A token with the scope `calendar` alone."),
                Parameter(
                    "days",
                    "How far to look ahead.",
                    {"type": "integer", "minimum": 1, "maximum": 366, "default": CALENDAR_DAYS},
                ),
            ),
        ),
    ),
)
