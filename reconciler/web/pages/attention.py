"""What needs attention, the worst first, and whether the page would show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.cron import minute
from reconciler.query.last_hours import LastHours
from reconciler.query.status import ScheduleStatus, Status
from reconciler.query.timeline import Timeline
from reconciler.web.pages.backfills import BackfillRow, backfill_rows
from reconciler.web.pages.day import Day, day_of
from reconciler.web.pages.glyphs import ORDER, Glyph, word_of
from reconciler.web.pages.items import items_of, other_things
from reconciler.web.pages.moments import Moment, clock, moment, span
from reconciler.web.pages.resolved import Resolved, resolved_of
from reconciler.web.pages.schedule_items import Item
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
class Count:
    """A state in the ledger."""

    glyph: Glyph
    state: str
    number: int


@dataclass(frozen=True, slots=True)
class Soon:
    """What is due in one minute of the next hour; of many schedules only their number."""

    at: Moment
    names: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True)
class Attention:
    """The first view.

    Attributes:
        headline: the sentence that answers it.
        proof: that the page would show a problem: the last wake, the next one.
        headline_was, proof_was: the same in the past tense, for a page that is stale.
        more: items in all, where not all are shown.
        often: names that run so often that the next hour leaves them out.
        following: what comes first after the next hour, where nothing is due in it.
    """

    headline: str
    headline_was: str
    proof: str
    proof_was: str
    ledger: tuple[Count, ...]
    day: Day
    items: tuple[Item, ...]
    more: int
    soon: tuple[Soon, ...]
    often: tuple[str, ...]
    following: str
    resolved: tuple[Resolved, ...]
    backfills: tuple[BackfillRow, ...]


def attention(
    status: Status,
    hours: LastHours,
    ahead: Timeline,
    refused: Mapping[tuple[str, str], int],
    environment: str,
    now: datetime,
) -> Attention:
    """Put the first view together.

    Args:
        ahead: the hour to come.
        refused: by hour and reason, how many requests were refused.
        environment: as the command line names it.
    """
    wanting = sum(not one.well for one in status.schedules)
    sources, others = other_things(status, refused, now)
    items = items_of(status, hours, refused, environment, now)
    often, soon = _next_hour(ahead, now)
    following = ""
    if ahead.following is not None:
        following = f"{ahead.following.name} at {moment(ahead.following.at, now).text}"
    resolved = resolved_of(hours, now)
    headline, headline_was = _headline(len(status.schedules), wanting, sources, others)
    proof, proof_was = _proof(status, hours, wanting, ahead, now)
    if not items:
        proof += " No drift, compared just now."
        if not resolved and not hours.gaps:
            proof += " Nothing has needed attention for 24 h."
    return Attention(
        headline=headline,
        headline_was=headline_was,
        proof=proof,
        proof_was=proof_was,
        ledger=tuple(_ledger(status.schedules)),
        day=day_of(hours, status.pointer),
        items=tuple(
            item
            if place < WITH_COMMANDS
            else replace(
                item, command="", parts=tuple(replace(part, command="") for part in item.parts)
            )
            for place, item in enumerate(items[:SHOWN])
        ),
        more=len(items) if len(items) > SHOWN else 0,
        soon=soon,
        often=often,
        following=following,
        resolved=resolved,
        backfills=backfill_rows(status, environment),
    )


def _headline(schedules: int, wanting: int, sources: int, others: int) -> tuple[str, str]:
    """The headline, and the same in the past tense."""
    number = wanting + sources + others
    if not number:
        every = f"All {count(schedules, 'schedule')}"
        return f"{every} are as they should be", f"{every} were as they should be"
    parts = []
    if wanting:
        parts.append(f"{wanting} of {count(schedules, 'schedule')}")
    if sources:
        parts.append(count(sources, "wake source"))
    if others:
        parts.append(count(others, "other thing"))
    what, verb = " and ".join(parts), "needs" if number == 1 else "need"
    return f"{what} {verb} attention", f"{what} needed attention"


def _proof(
    status: Status, hours: LastHours, wanting: int, ahead: Timeline, now: datetime
) -> tuple[str, str]:
    """Whether the page would show a problem: the last wake and the next, and how the others are;
    and the same in the past tense, with times of the clock."""
    present, past = [], []
    newest = max(
        (slot for slot in status.slots if slot.last_wake),
        key=lambda slot: slot.last_wake or "",
        default=None,
    )
    if newest is not None and newest.last_wake is not None:
        at = datetime.fromisoformat(newest.last_wake)
        ago = span(max(timedelta(), now - at))
        when = f"Last wake {ago} ago" if ago else "The last wake began just now"
        by = f"by Modal cron {newest.slot.name}"
        present.append(f"{when} {by}{', on time' if newest.overdue is None else ''}.")
        past.append(f"Last wake at {clock(at, now)} {by}.")
    elif hours.wakes:
        last = moment(hours.wakes[-1], now)
        present.append(f"Last wake {last.relative or 'just now'}.")
        past.append(f"Last wake at {last.text}.")
    else:
        length = (hours.until - hours.after) // 60
        present.append(f"No wake in the last {length} hours.")
        past.append(f"No wake in the {length} hours before.")
    following = min((times[0] for times in ahead.wakes.values() if times), default=None)
    if following is not None:
        present.append(f"Next wake {moment(following, now).text}.")
        past.append(f"Next wake expected {moment(following, now).text}.")
    others = len(status.schedules) - wanting
    if wanting and others:
        they, be, was = ("it", "is", "was") if others == 1 else ("they", "are", "were")
        which = f"The other {count(others, 'schedule')}"
        present.append(f"{which} {be} as {they} should be.")
        past.append(f"{which} {was} as {they} should be.")
    return " ".join(present), " ".join(past)


def _ledger(schedules: Sequence[ScheduleStatus]) -> Iterator[Count]:
    counts = Counter(one.state for one in schedules)
    for state in ORDER:
        if counts[state]:
            yield Count(Glyph(state, word_of(state).lower()), state, counts[state])


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
            tuple(names) if len(names) <= CROWD else (),
            len(names),
        )
        for at, names in by_minute.items()
    )
    return tuple(sorted(often)), soon


def next_hour(now: datetime) -> tuple[int, int]:
    """The minutes between which the next hour lies."""
    return minute(now), minute(now) + 60
