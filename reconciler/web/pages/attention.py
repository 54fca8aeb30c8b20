"""What needs attention, the worst first, each with the one command that helps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.cron import instant, minute
from reconciler.model.occurrence import format_minute
from reconciler.model.runs_file import RunState
from reconciler.query.last_hours import LastHours
from reconciler.query.status import ScheduleStatus, SlotStatus, State, Status
from reconciler.query.timeline import Timeline
from reconciler.web.pages.glyphs import ORDER, Glyph, glyph_of, needs_attention, word_of
from reconciler.web.pages.listing import LONGEST, reason_of
from reconciler.web.pages.moments import Moment, clock, moment, span
from reconciler.web.pages.strips import BINS
from reconciler.words import count

SHOWN: Final = 14
"""Items that are listed before `All 31`."""
WITH_COMMANDS: Final = 9
"""Items with a command; the others have it on their schedule's page."""
CROWD: Final = 10
"""Schedules of one minute that are listed; more are counted."""
OFTEN: Final = timedelta(minutes=5)
"""What runs as often as this is left out of the next hour, and said so."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that needs attention.

    Attributes:
        title: a schedule's name, or what it is about.
        link: the schedule's page; empty where there is none.
        since: `since 04:15Z`, `5 min overdue`.
        sentence: what, and what it is compared with.
        command: complete; empty from the tenth item on.
    """

    glyph: Glyph
    title: str
    link: str
    since: str
    sentence: str
    command: str


@dataclass(frozen=True, slots=True)
class Count:
    """A state in the ledger."""

    glyph: Glyph
    state: str
    number: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One bin of the last 24 hours: heights in percent of the day's worst bin.

    Attributes:
        started, failed: solid, above and below the line.
        absent: missed or overdue, hollow below it.
    """

    x: str
    started: str
    failed: str
    absent: str


@dataclass(frozen=True, slots=True)
class Soon:
    """What is due in one minute of the next hour."""

    at: Moment
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attention:
    """The first view.

    Attributes:
        headline: the sentence that answers it.
        proof: that somebody looks: the last wake, the next one.
        number: of what needs attention, for the title and the navigation.
        often: names that run so often that the next hour leaves them out.
        gaps: place and width in percent, and how long.
    """

    headline: str
    proof: str
    number: int
    ledger: tuple[Count, ...]
    bars: tuple[Bar, ...]
    gaps: tuple[tuple[str, str, str], ...]
    items: tuple[Item, ...]
    more: int
    soon: tuple[Soon, ...]
    often: tuple[str, ...]


def attention(
    status: Status, hours: LastHours, ahead: Timeline, environment: str, now: datetime
) -> Attention:
    """Put the first view together.

    Args:
        ahead: the hour to come.
        environment: as the command line names it.
    """
    wanting = sorted(
        filter(needs_attention, status.schedules),
        key=lambda one: (ORDER.index(one.state), _since(one), one.record.name),
    )
    silent = [slot for slot in status.slots if slot.overdue is not None]
    items = [
        *_unreadable(status, environment),
        *(_silent(slot, environment, now) for slot in silent),
        *(_item(one, environment, now) for one in wanting),
    ]
    often, soon = _next_hour(ahead, now)
    return Attention(
        headline=_headline(len(status.schedules), len(wanting), len(silent), len(items)),
        proof=_proof(status, hours, len(wanting), ahead, now),
        number=len(items),
        ledger=tuple(_ledger(status.schedules)),
        bars=tuple(_bars(hours)),
        gaps=tuple(_gaps(hours)),
        items=tuple(
            item if place < WITH_COMMANDS else replace(item, command="")
            for place, item in enumerate(items[:SHOWN])
        ),
        more=len(items) if len(items) > SHOWN else 0,
        soon=soon,
        often=often,
    )


def _headline(schedules: int, wanting: int, silent: int, items: int) -> str:
    if not items:
        return f"All {count(schedules, 'schedule')} are as they should be"
    parts = []
    if wanting:
        parts.append(f"{wanting} of {count(schedules, 'schedule')}")
    if silent:
        parts.append(count(silent, "wake source"))
    others = items - wanting - silent
    if others:
        parts.append(count(others, "other thing"))
    verb = "needs" if items == 1 else "need"
    return f"{' and '.join(parts)} {verb} attention"


def _proof(status: Status, hours: LastHours, wanting: int, ahead: Timeline, now: datetime) -> str:
    """Whether anybody would know: the last wake and the next, and how the others are."""
    parts = []
    newest = max(
        ((slot.last_wake, slot.slot.name) for slot in status.slots if slot.last_wake), default=None
    )
    if newest is not None:
        at, slot = newest
        ago = span(max(timedelta(), now - datetime.fromisoformat(at)))
        when = f"Last wake {ago} ago" if ago else "The last wake began just now"
        parts.append(f"{when} by Modal cron {slot}.")
    elif hours.wakes:
        parts.append(f"Last wake {moment(hours.wakes[-1], now).relative}.")
    else:
        parts.append(f"No wake in the last {(hours.until - hours.after) // 60} hours.")
    following = min((times[0] for times in ahead.wakes.values() if times), default=None)
    if following is not None:
        parts.append(f"Next wake {moment(following, now).text}.")
    others = len(status.schedules) - wanting
    if wanting and others:
        verb = "is as it" if others == 1 else "are as they"
        parts.append(f"The other {count(others, 'schedule')} {verb} should be.")
    return " ".join(parts)


def _unreadable(status: Status, environment: str) -> Iterator[Item]:
    unknown = Glyph(State.UNKNOWN, word_of(State.UNKNOWN))
    for damaged in status.damaged:
        yield Item(unknown, damaged.where, "", "", damaged.why, "")
    for finding in status.findings:
        sentence = f"{finding.reason}. {finding.remedy}"
        yield Item(unknown, finding.what, "", "", sentence[:LONGEST], "")
    if status.cursor_ahead is not None:
        sentence = f"A wrong clock set the cursor ahead, to {format_minute(status.cursor_ahead)}."
        yield Item(unknown, "cursor", "", "", sentence, f"reconcile --env {environment}")
    for doubled in status.twice:
        glyph = Glyph(State.OVERDUE, "Runs twice")
        yield Item(glyph, doubled.name, doubled.name, "", f"{doubled}."[:LONGEST], "")


def _silent(slot: SlotStatus, environment: str, now: datetime) -> Item:
    assert slot.overdue is not None
    last = "It has never woken."
    if slot.last_wake is not None:
        last = f"Its last wake was {clock(datetime.fromisoformat(slot.last_wake), now)}."
    return Item(
        Glyph("no-wakes", "No wakes"),
        f"Modal cron {slot.slot.name}",
        "",
        f"since {moment(slot.overdue, now).text}",
        f"Modal did not fire {slot.slot.cron}. {last}",
        f"reconcile --env {environment}",
    )


def _item(one: ScheduleStatus, environment: str, now: datetime) -> Item:
    record = one.record
    at = _since(one)
    since = f"{span(now - instant(at))} overdue" if one.state is State.OVERDUE else ""
    reason = reason_of(one, now)
    return Item(
        glyph=glyph_of(one),
        title=record.name,
        link=record.name,
        since=since or f"since {moment(at, now).text}",
        sentence=f"{reason[:LONGEST]}." if reason and reason[-1] not in ".!?" else reason[:LONGEST],
        command=_command(one, at, environment),
    )


def _command(one: ScheduleStatus, at: int, environment: str) -> str:
    """The one command that helps, complete."""
    return f"reconcile explain {one.record.name} {format_minute(at)} --env {environment}"


def _since(one: ScheduleStatus) -> int:
    """The nominal time that is the trouble."""
    if one.overdue is not None:
        return one.overdue
    return one.record.anchor if one.last is None else one.last.occurrence.at


def _ledger(schedules: Sequence[ScheduleStatus]) -> Iterator[Count]:
    counts = Counter(one.state for one in schedules)
    for state in ORDER:
        if counts[state]:
            yield Count(Glyph(state, word_of(state).lower()), state, counts[state])


def _bars(hours: LastHours) -> Iterator[Bar]:
    length = hours.until - hours.after
    started, failed, absent = Counter[int](), Counter[int](), Counter[int]()
    for runs in hours.runs.values():
        for run in runs:
            place = min(BINS - 1, (run.occurrence.at - hours.after) * BINS // length)
            if run.state in _ABSENT:
                absent[place] += 1
            elif run.started is not None:
                started[place] += 1
                failed[place] += run.state in _FAILED
    worst = max([1, *started.values(), *failed.values(), *absent.values()])
    for place in range(BINS):
        if started[place] or failed[place] or absent[place]:
            yield Bar(
                f"{100 * place / BINS:.2f}%",
                *(f"{100 * of[place] / worst:.0f}%" for of in (started, failed, absent)),
            )


_FAILED: Final = frozenset({RunState.FAILED, RunState.TIMED_OUT})
_ABSENT: Final = frozenset({RunState.MISSED, RunState.START_FAILED})


def _gaps(hours: LastHours) -> Iterator[tuple[str, str, str]]:
    length = hours.until - hours.after
    for gap in hours.gaps:
        yield (
            f"{100 * (gap.after - hours.after) / length:.1f}%",
            f"{100 * (gap.until - gap.after) / length:.1f}%",
            f"no wake for {span(timedelta(minutes=gap.until - gap.after))}",
        )


def _next_hour(ahead: Timeline, now: datetime) -> tuple[tuple[str, ...], tuple[Soon, ...]]:
    """What runs so often that it is left out, and the minutes of the others."""
    length = timedelta(minutes=ahead.until - ahead.after)
    often = {name for name, times in ahead.rows.items() if len(times) * OFTEN >= length}
    by_minute: dict[int, list[str]] = {}
    for upcoming in ahead.occurrences:
        if upcoming.name not in often:
            by_minute.setdefault(upcoming.at, []).append(upcoming.name)
    soon = tuple(
        Soon(
            moment(at, now),
            tuple(names) if len(names) <= CROWD else (count(len(names), "schedule"),),
        )
        for at, names in by_minute.items()
    )
    return tuple(sorted(often)), soon


def next_hour(now: datetime) -> tuple[int, int]:
    """The minutes between which the next hour lies."""
    return minute(now), minute(now) + 60
