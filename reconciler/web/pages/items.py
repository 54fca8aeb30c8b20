"""The list of what needs attention: one item for each cause, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.cron import instant, minute
from reconciler.dispatch.decide.dependencies import WAITS_FOR
from reconciler.foreign_text import on_one_line
from reconciler.model.occurrence import format_minute
from reconciler.model.runs import lateness
from reconciler.model.runs_file import RunState
from reconciler.query.last_hours import Gap, LastHours
from reconciler.query.status import ScheduleStatus, SlotStatus, State, Status
from reconciler.web.pages.commands import command_of, trouble_of
from reconciler.web.pages.glyphs import ORDER, Glyph, glyph_of, needs_attention, word_of
from reconciler.web.pages.listing import LONGEST, reason_of
from reconciler.web.pages.moments import clock, moment, relative, span
from reconciler.words import count

ALIKE: Final = 3
"""Schedules with the same error that become one item."""
NAMED: Final = 4
"""Of those, how many are named."""
_DAY: Final = 24 * 60
_WRONGLY_SIGNED: Final = ("signature", "timestamp", "access")
"""Why a request of a wake source is refused; anybody may send a token that is not valid."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that needs attention.

    Attributes:
        title: a schedule's name, or what it is about.
        link: the schedule's page; empty where there is none.
        since: `since 04:15Z`, `5 min overdue`.
        sentence: what, and what it is compared with.
        command: complete; empty where none helps, and from the tenth item on.
        names: schedules that it is about, or that wait for it, each a link; `others` counts those
            that are not named.
        parts: what it caused.
    """

    glyph: Glyph
    title: str
    link: str
    since: str
    sentence: str
    command: str
    names: tuple[str, ...] = ()
    others: int = 0
    parts: tuple[Item, ...] = ()


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
        filter(needs_attention, status.schedules),
        key=lambda one: (ORDER.index(one.state), -one.failures, trouble_of(one), one.record.name),
    )
    under = {
        one.record.name: gap
        for one in wanting
        if one.state is State.MISSED
        for gap in hours.gaps
        if gap.after < trouble_of(one) <= gap.until
    }
    item_of = _ItemMaker(_waiting(status.schedules), environment, now)
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
        *_schedules([one for one in wanting if one.record.name not in under], item_of),
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


def _gap(gap: Gap, missed: Sequence[ScheduleStatus], hours: LastHours, item_of: _ItemMaker) -> Item:
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


def _schedules(wanting: Sequence[ScheduleStatus], item_of: _ItemMaker) -> Iterator[Item]:
    """The items of schedules; those with the same error are one."""
    alike: dict[tuple[State, str], list[ScheduleStatus]] = {}
    for one in wanting:
        if one.state in (State.FAILED, State.TIMED_OUT) and one.last and one.last.reason:
            alike.setdefault((one.state, one.last.reason), []).append(one)
    grouped = {
        one.record.name: group for group in alike.values() if len(group) >= ALIKE for one in group
    }
    seen: set[str] = set()
    for one in wanting:
        group = grouped.get(one.record.name)
        if group is None:
            yield item_of(one)
        elif one.record.name not in seen:
            seen |= {other.record.name for other in group}
            yield _group(group, item_of.now)


def _group(group: Sequence[ScheduleStatus], now: datetime) -> Item:
    first = group[0]
    assert first.last is not None
    oldest = min(trouble_of(one) for one in group)
    names = sorted(one.record.name for one in group)
    return Item(
        Glyph(first.state, word_of(first.state)),
        f"{len(group)} schedules with the same error",
        "",
        f"since {moment(oldest, now).text}",
        f"{on_one_line(first.last.reason or '')[:LONGEST]}:",
        "",
        names=tuple(names[:NAMED]),
        others=max(0, len(names) - NAMED),
    )


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


@dataclass(frozen=True, slots=True)
class _ItemMaker:
    """Makes the item of a schedule.

    Attributes:
        waiting: by name, the schedules whose newest occurrence waits for it.
        environment: as the command line names it.
    """

    waiting: Mapping[str, Sequence[str]]
    environment: str
    now: datetime

    def __call__(self, one: ScheduleStatus) -> Item:
        now, name = self.now, one.record.name
        at = trouble_of(one)
        since = f"{span(now - instant(at))} overdue" if one.state is State.OVERDUE else ""
        since = since if one.state is not State.DRIFT else "compared just now"
        sentence = reason_of(one, now)[:LONGEST]
        sentence += "." if sentence and sentence[-1] not in ".!?" else ""
        waiting = self.waiting.get(name, ())
        return Item(
            glyph=glyph_of(one),
            title=name,
            link=name,
            since=since or f"since {moment(at, now).text}",
            sentence=f"{sentence} Waiting for it:".strip() if waiting else sentence,
            command=command_of(one, self.environment),
            names=tuple(waiting[:NAMED]),
            others=max(0, len(waiting) - NAMED),
        )


def _waiting(schedules: Sequence[ScheduleStatus]) -> Mapping[str, Sequence[str]]:
    """By name of an upstream, the schedules whose newest occurrence waits for it."""
    upstreams = {one.record.name: one.record for one in schedules if one.record.dependants}
    found: dict[str, list[str]] = {}
    for one in schedules:
        reason = one.last.reason or "" if one.last is not None else ""
        if one.state is State.WAITING and reason.startswith(WAITS_FOR):
            for upstream in one.record.after:
                record = upstreams.get(upstream.name)
                if record is not None and any(f" {name}@" in reason for name in record.names):
                    found.setdefault(record.name, []).append(one.record.name)
    return found
