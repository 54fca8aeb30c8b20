"""Triggers: whether each trigger caused its runs, and how fast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.cron import minute
from reconciler.query.last_hours import LastHours
from reconciler.query.triggers import Absent, StartedRun, Trigger, Triggers, latencies, wake_latency
from reconciler.render.worker_status_text import latency_words
from reconciler.web.pages.glyphs import Glyph
from reconciler.web.pages.moments import clock, moment, span
from reconciler.web.pages.outcomes import OUTCOMES
from reconciler.web.pages.scale import percent
from reconciler.words import count

PAGE: Final = 100
"""Runs that a page shows."""
_SHARE: Final = 0.95
"""Of all latencies, the share that fits into the bar."""
_REFUSED: Final = Glyph("refused", "Refused")
_ABSENT: Final = Glyph("no-wakes", "Did not come")
_UNKNOWN: Final = Glyph("unknown", "Unknown job")
_JOB_REASONS: Final = {
    "unknown-job": "404: no manifest names the job",
    "nominal-time": "422: the time is not the schedule's",
    "ahead": "422: the time is too far ahead",
}
_REASONS: Final = {
    "access": "401: the Cloudflare Access token is not valid",
    "scope": "403: the token has another scope",
    "signature": "401: the signature is not valid",
    "timestamp": "401: the message is too old or from the future",
    "token": "401: the token is not valid",
}
"""Of what is refused, the reasons that a trigger or a wake can have."""


@dataclass(frozen=True, slots=True)
class WithoutRun:
    """Triggers without a run, for one reason."""

    glyph: Glyph
    title: str
    since: str
    sentence: str


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """A run, with the trigger and the wake that led to it.

    Attributes:
        first: whether the trigger and the wake are shown; only in the first row of a wake.
        to_wake, to_start: widths of the bar; `start_x` where the second part begins.
        longer: whether the bar is cut off.
    """

    first: bool
    trigger: str
    source: str
    wake: str
    name: str
    glyph: Glyph | None
    to_wake: str
    start_x: str
    to_start: str
    longer: bool
    total: str


@dataclass(frozen=True, slots=True)
class TriggersPage:
    """The page.

    Attributes:
        full: what the full width of a bar is.
        found: rows in all.
    """

    title: str
    sub: str
    without: tuple[WithoutRun, ...]
    rows: tuple[TriggerRow, ...]
    full: str
    found: int
    page: int
    pages: int


def triggers_page(
    hours: LastHours,
    found: Triggers,
    refused: Mapping[tuple[str, str], int],
    page: int,
    now: datetime,
) -> TriggersPage:
    """Put the page together.

    Args:
        hours: the last 24 hours.
        refused: by hour and reason, how many requests were refused.
        page: from 1.
    """
    late = latencies(found.triggers)
    full = late[int(len(late) * _SHARE)] if late else timedelta(seconds=1)
    full = max(full, timedelta(seconds=1))
    without = [*_refused(refused, hours, now), *(_absent(one, now) for one in found.absent)]
    number = sum(one.number for one in found.absent) + sum(
        times for (hour, reason), times in refused.items() if _counts(hour, reason, hours)
    )
    rows = [(one, run, place == 0) for one in found.triggers for place, run in enumerate(one.runs)]
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(1, page), pages)
    shown = rows[(page - 1) * PAGE : page * PAGE]
    title = "Every trigger led to a run"
    if number:
        title = f"{count(number, 'trigger')} without a run"
    return TriggersPage(
        title=title,
        sub=_sub(hours, found),
        without=tuple(without),
        rows=tuple(
            _row(one, run, full, now, first=first or place == 0)
            for place, (one, run, first) in enumerate(shown)
        ),
        full=_seconds(full),
        found=len(rows),
        page=page,
        pages=pages,
    )


def _sub(hours: LastHours, found: Triggers) -> str:
    wakes = count(len(found.triggers), "wake")
    runs = count(sum(len(one.runs) for one in found.triggers), "run")
    said = f"In the last {(hours.until - hours.after) // 60} h: {wakes}, {runs}."
    late = wake_latency(found.triggers)
    if late is not None:
        said += f" Trigger to wake: {latency_words(late.to_wake)}."
        if late.to_start is not None:
            said += f" Wake to first start: {latency_words(late.to_start)}."
    return said


def _counts(hour: str, reason: str, hours: LastHours) -> bool:
    at = minute(datetime.fromisoformat(f"{hour[:-1]}:00Z"))
    return at + 60 > hours.after and (reason in _REASONS or reason in _JOB_REASONS)


def _refused(
    refused: Mapping[tuple[str, str], int], hours: LastHours, now: datetime
) -> Iterator[WithoutRun]:
    numbers, first = Counter[str](), dict[str, str]()
    for (hour, reason), times in sorted(refused.items()):
        if _counts(hour, reason, hours):
            numbers[reason] += times
            first.setdefault(reason, hour)
    for reason, times in numbers.most_common():
        job = reason in _JOB_REASONS
        since = clock(datetime.fromisoformat(f"{first[reason][:-1]}:00Z"), now)
        words = _JOB_REASONS[reason] if job else _REASONS[reason]
        yield WithoutRun(
            _UNKNOWN if job else _REFUSED,
            f"HTTP API: {count(times, 'request')}",
            f"since {since}",
            f"{words}. Requests are counted by the hour; from whom they came is not recorded.",
        )


def _absent(one: Absent, now: datetime) -> WithoutRun:
    first, last = (moment(at, now).text for at in (one.first, one.last))
    between = f"{first} to {last}" if one.number > 1 else first
    return WithoutRun(
        _ABSENT,
        f"Modal cron {one.slot}: {count(one.number, 'cron')}",
        between,
        f"Expected at {between}. No wake came."
        if one.number == 1
        else f"Expected {one.number} times, {between}. No wake came.",
    )


def _row(
    trigger: Trigger, one: StartedRun, full: timedelta, now: datetime, *, first: bool
) -> TriggerRow:
    begin = trigger.at or trigger.wake
    to_wake, total = trigger.wake - begin, one.started - begin
    width = _part(to_wake, full)
    return TriggerRow(
        first=first,
        trigger=clock(trigger.at, now) if trigger.at else "not recorded",
        source=f"Modal cron {trigger.slot}" if trigger.slot else trigger.source or "a person",
        wake=f"+{_seconds(to_wake)}" if trigger.at else f"{trigger.wake:%H:%M:%S}Z",
        name=one.name,
        glyph=Glyph(*OUTCOMES[one.run.state]),
        to_wake=percent(width),
        start_x=percent(width),
        to_start=percent(max(0.0, _part(total, full) - width)),
        longer=total > full,
        total=_seconds(total),
    )


def _part(length: timedelta, full: timedelta) -> float:
    return min(95.0, 95 * max(timedelta(), length) / full)


def _seconds(length: timedelta) -> str:
    seconds = max(0.0, length.total_seconds())
    return f"{seconds:.1f} s" if seconds < 60 else span(length)
