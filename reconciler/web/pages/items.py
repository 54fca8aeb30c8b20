"""The list of what needs attention: one item for each cause, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from reconciler.cron import instant, minute
from reconciler.model.occurrence import format_minute
from reconciler.model.runs import lateness
from reconciler.model.runs_file import RunState
from reconciler.query.last_hours import Gap, LastHours
from reconciler.query.status import ScheduleStatus, SlotStatus, State, Status
from reconciler.web.pages.commands import trouble_of
from reconciler.web.pages.glyphs import Glyph, urgency, word_of
from reconciler.web.pages.listing import LONGEST
from reconciler.web.pages.moments import clock, moment, relative, span
from reconciler.web.pages.schedule_items import Item, ItemMaker, schedule_items
from reconciler.words import count

_DAY: Final = 24 * 60
_WRONGLY_SIGNED: Final = ("signature", "timestamp", "access")
"""Why a request of a wake source is refused; anybody may send a token that is not valid."""


def items_of(
    status: Status,
    hours: LastHours,
    refused: Mapping[tuple[str, str], int],
    environment: str,
    now: datetime,
) -> tuple[Item, ...]:
    """The items, the worst first.

    Args:
        refused: by hour and reason, how many requests were refused.
        environment: as the command line names it.
    """
    wanting = sorted(
        (one for one in status.schedules if not one.well),
        key=lambda one: (urgency(one), trouble_of(one), one.record.name),
    )
    under = {
        one.record.name: gap
        for one in wanting
        if one.state is State.MISSED
        for gap in hours.gaps
        if gap.after < trouble_of(one) <= gap.until
    }
    item_of = ItemMaker.of(status.schedules, environment, now)
    gaps = [
        _gap(gap, [one for one in wanting if under.get(one.record.name) == gap], hours, item_of)
        for gap in hours.gaps
        if gap in under.values()
    ]
    return (
        *_unreadable(status, environment),
        *(_silent(slot, environment, now) for slot in status.slots if slot.overdue is not None),
        *_worker(status, environment, now),
        *gaps,
        *_refusals(refused, environment, now),
        *schedule_items([one for one in wanting if one.record.name not in under], item_of),
        *_deployment(status, environment),
    )


def other_things(
    status: Status, refused: Mapping[tuple[str, str], int], now: datetime
) -> tuple[int, int]:
    """Beside schedules, how many wake sources need attention, and how many other things."""
    sources = sum(slot.overdue is not None for slot in status.slots)
    sources += status.worker is not None and status.worker.overdue is not None
    sources += _refused(refused, now) is not None
    others = len(status.damaged) + len(status.twice) + (status.cursor_ahead is not None)
    return sources, others + sum(finding.schedule is None for finding in status.findings)


def _refused(
    refused: Mapping[tuple[str, str], int], now: datetime
) -> tuple[int, Sequence[str], int] | None:
    """Wakes that are refused now, in this hour or the one before: since when, why, how many."""
    numbers, hours = Counter[str](), set[int]()
    for (hour, reason), times in refused.items():
        at = minute(datetime.fromisoformat(f"{hour[:-1]}:00Z"))
        if reason in _WRONGLY_SIGNED and at > minute(now) - _DAY:
            numbers[reason] += times
            hours.add(at)
    if not hours or max(hours) + 120 <= minute(now):
        return None
    return min(hours), sorted(numbers), numbers.total()


def _refusals(
    refused: Mapping[tuple[str, str], int], environment: str, now: datetime
) -> Iterator[Item]:
    found = _refused(refused, now)
    if found is not None:
        since, why, times = found
        yield Item(
            Glyph("refused", "Refused"),
            "HTTP API",
            "",
            relative(instant(since) - now),
            f"Refused {count(times, 'request')} since {clock(instant(since), now)}: wrong "
            f"{' and '.join(why)}. The keys of the sender and of the Modal Secret may differ.",
            f"reconcile --env {environment}",
        )


def _gap(gap: Gap, missed: Sequence[ScheduleStatus], hours: LastHours, item_of: ItemMaker) -> Item:
    """A time without a wake that has ended, and what was missed in it."""
    begin, end = (moment(at, item_of.now) for at in gap)
    length = span(timedelta(minutes=gap.until - gap.after))
    parts = [f"No wake came for {length}."]
    parts += [f"{counted}." for counted in _after(gap, hours)]
    return Item(
        Glyph("no-wakes", "No wakes"),
        f"No wake from {begin.text} to {end.text}",
        "",
        f"ended {end.relative}" if end.relative else "ended just now",
        " ".join(parts),
        "",
        parts=tuple(map(item_of, missed)),
    )


def _after(gap: Gap, hours: LastHours) -> Iterator[str]:
    """The outcomes of the occurrences that were due in a gap."""
    due = [
        run
        for runs in hours.runs.values()
        for run in runs
        if gap.after < run.occurrence.at < gap.until
    ]
    missed = sum(run.state is RunState.MISSED for run in due)
    skipped = sum(run.state is RunState.SKIPPED for run in due)
    late = [seconds for run in due if (seconds := lateness(run)) is not None]
    if missed:
        yield f"{count(missed, 'occurrence')} passed {'its' if missed == 1 else 'their'} deadline"
    if late:
        yield f"{len(late):,} started up to {span(timedelta(seconds=max(late)))} late"
    if skipped:
        was = "was" if skipped == 1 else "were"
        yield f"{skipped:,} {was} skipped"


def _unreadable(status: Status, environment: str) -> Iterator[Item]:
    unknown = Glyph(State.UNKNOWN, word_of(State.UNKNOWN))
    for damaged in status.damaged:
        yield Item(unknown, damaged.where, "", "", damaged.why, "")
    if status.cursor_ahead is not None:
        sentence = f"A wrong clock set the cursor ahead, to {format_minute(status.cursor_ahead)}."
        yield Item(unknown, "cursor", "", "", sentence, f"reconcile --env {environment}")
    for doubled in status.twice:
        glyph = Glyph(State.OVERDUE, "Runs twice")
        yield Item(glyph, doubled.name, doubled.name, "", f"{doubled}."[:LONGEST], "")


def _deployment(status: Status, environment: str) -> Iterator[Item]:
    """What differs from what was applied, and is about more than one schedule."""
    for finding in status.findings:
        if finding.schedule is None:
            sentence = f"{finding.reason[:1].upper()}{finding.reason[1:]}."[:LONGEST]
            drift = Glyph(State.DRIFT, word_of(State.DRIFT))
            yield Item(drift, finding.what, "", "", sentence, f"reconcile --env {environment}")


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


def _worker(status: Status, environment: str, now: datetime) -> Iterator[Item]:
    """The Worker on Cloudflare, when it asked for no wake in a due minute."""
    if status.worker is not None and status.worker.overdue is not None:
        last = status.worker.last_wake
        ago = "has never asked for a wake"
        if last is not None:
            ago = f"last asked for a wake {relative(datetime.fromisoformat(last) - now) or 'now'}"
        yield Item(
            Glyph("no-wakes", "No wakes"),
            f"Cloudflare Worker {status.worker.worker.source}",
            "",
            f"since {moment(status.worker.overdue, now).text}",
            f"It {ago}.",
            f"reconcile --env {environment}",
        )
