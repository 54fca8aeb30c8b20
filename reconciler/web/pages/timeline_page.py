"""The timeline: when everything runs, and where runs collide. Now is in the middle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.cron import instant, minute
from reconciler.model.applied import Applied
from reconciler.model.occurrence import format_minute
from reconciler.model.runs import Run
from reconciler.query.last_hours import LastHours
from reconciler.query.status import ScheduleStatus, State
from reconciler.query.timeline import Timeline
from reconciler.web.pages.glyphs import Glyph, glyph_of, urgency
from reconciler.web.pages.lanes import TimelineLane, lane_of
from reconciler.web.pages.listing import holds, reason_of
from reconciler.web.pages.moments import moment
from reconciler.web.pages.scale import DAY, HOUR, Hairline, Scale, ScaleSpan, Tick, percent

PAGE: Final = 60
RANGES: Final = {"24h": DAY, "7d": 7 * DAY}
"""How long the window is, in minutes, by how the URL says it."""
BINS: Final = 144
APART: Final = 18
"""Bins between two labelled peaks at least."""
FARTHEST: Final = 30 * DAY
"""Minutes from now to the middle of the window at most."""
_UTC: Final = "UTC"
_LABEL: Final = 60
"""Characters of a note in a lane."""


@dataclass(frozen=True, slots=True)
class TimelineWanted:
    """What the timeline is asked for; all of it stands in the URL.

    Attributes:
        text: as in the table of schedules.
        range: a key of :data:`RANGES`.
        middle: epoch minute in the middle of the window; None for now.
        zone: beside UTC; empty for the most frequent one.
        minute: epoch minute; only schedules that start in it. None for all.
        page: from 1.
    """

    text: str = ""
    range: str = "24h"
    middle: int | None = None
    zone: str = ""
    minute: int | None = None
    page: int = 1

    def window(self, now: int) -> Scale:
        """The window."""
        half = RANGES[self.range] // 2
        middle = now if self.middle is None else self.middle
        middle = min(max(middle, now - FARTHEST), now + FARTHEST)
        return Scale(middle - half, middle + half)


@dataclass(frozen=True, slots=True)
class CollisionBar:
    """A bin of the chart: place and height, the fullest minute in it, and whether it is to come."""

    x: str
    y: str
    height: str
    minute: str
    ahead: bool


@dataclass(frozen=True, slots=True)
class Peak:
    """A peak of the chart.

    Attributes:
        anchor: of its text, so that it stays in the chart.
        minute: for the URL.
    """

    x: str
    text: str
    anchor: str
    minute: str


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A schedule.

    Attributes:
        note: why the lane is empty, or what the schedule waits for; where ``note_x`` is empty, it
            stands at the right.
    """

    name: str
    glyph: Glyph
    lane: TimelineLane
    note: str
    note_x: str


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """The timeline.

    Attributes:
        groups: of rows, each with its title.
        zones: of the axis.
        now: place and labels; None where it is not in the window.
        earlier, later: the middles of the windows beside this one.
        found: schedules that the filter lets through.
    """

    title: str
    peak: tuple[str, str]
    bars: tuple[CollisionBar, ...]
    peaks: tuple[Peak, ...]
    zones: tuple[str, ...]
    second: str
    ticks: tuple[Tick, ...]
    now: Tick | None
    gaps: tuple[ScaleSpan, ...]
    applies: tuple[Hairline, ...]
    clock_changes: tuple[Hairline, ...]
    groups: tuple[tuple[str, tuple[TimelineRow, ...]], ...]
    earlier: str
    later: str
    found: int
    page: int
    pages: int


def timeline_page(
    schedules: Sequence[ScheduleStatus],
    past: LastHours | None,
    ahead: Timeline | None,
    applies: Iterable[Applied],
    wanted: TimelineWanted,
    now: datetime,
) -> TimelinePage:
    """Put the timeline together.

    Args:
        past: the part of the window that is over; None when all of it is to come.
        ahead: the part that is to come; None when all of it is over.
        applies: the newest.
    """
    scale = wanted.window(minute(now))
    runs = {} if past is None else past.runs
    rows = {} if ahead is None else ahead.rows
    starts = Counter[int]()
    for one, number in ({} if past is None else past.alike).items():
        if one.begun is not None:
            starts[one.begun] += number
    starts.update(at for times in rows.values() for at in times)
    found = [one for one in schedules if holds(one, wanted.text)]
    if wanted.minute is not None:
        found = [one for one in found if _starts_in(one, wanted.minute, past, ahead)]
    found.sort(key=lambda one: (urgency(one), one.record.name))
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, wanted.page), pages)
    shown = found[(page - 1) * PAGE : page * PAGE]
    worst = [one for one in shown if not one.well]
    second = wanted.zone or _second_zone(schedules)
    zones = tuple(dict.fromkeys(("UTC", second)))
    every = 3 * HOUR if wanted.range == "24h" else DAY
    at_now = minute(now) if scale.holds(minute(now)) else -1
    half = (scale.until - scale.after) // 2
    bins = tuple(_bars(starts, scale, minute(now)))
    peaks = _peaks(starts, scale, minute(now))

    def drawn(ones: Sequence[ScheduleStatus]) -> tuple[TimelineRow, ...]:
        return tuple(_row(one, runs, rows, scale, now) for one in ones)

    return TimelinePage(
        title=f"{_date(scale.after)} to {_date(scale.until)}",
        peak=_most(starts, now),
        bars=bins,
        peaks=peaks,
        zones=tuple(zone.rpartition("/")[2].replace("_", " ") for zone in zones),
        second=second,
        ticks=tuple(scale.ticks(every, zones, at_now)),
        now=None if at_now < 0 else _now(scale, zones, now),
        gaps=() if past is None else scale.gaps(past.gaps),
        applies=scale.applies(applies),
        clock_changes=scale.clock_changes(second),
        groups=tuple(
            (title, drawn(ones))
            for title, ones in (
                (f"Needs attention {sum(not one.well for one in found)}", worst),
                ("Other schedules", [one for one in shown if one.well]),
            )
            if ones
        ),
        earlier=format_minute(scale.after),
        later=format_minute(scale.after + 2 * half),
        found=len(found),
        page=page,
        pages=pages,
    )


def _row(
    one: ScheduleStatus,
    runs: Mapping[str, Sequence[Run]],
    rows: Mapping[str, Sequence[int]],
    scale: Scale,
    now: datetime,
) -> TimelineRow:
    record, ahead = one.record, rows.get(one.record.name, ())
    lane = lane_of(runs.get(record.name, ()), ahead, one.overdue, scale, now)
    note, note_x = "", ""
    if scale.holds(minute(now)):
        note_x = percent(scale.place(minute(now)) + 0.8)
    if one.suspended:
        until = "" if record.resumes is None else f" until {moment(record.resumes, now).text}"
        note = f"suspended{until}"
    elif one.state is State.WAITING:
        note = reason_of(one, now).partition(" (")[0][:_LABEL]
    elif (
        not ahead
        and not lane.marks
        and not lane.bars
        and one.following is not None
        and one.following > scale.until
    ):
        note, note_x = f"next {moment(one.following, now).text} \N{RIGHTWARDS ARROW}", ""
    return TimelineRow(record.name, glyph_of(one), lane, note, note_x)


def _starts_in(
    one: ScheduleStatus, at: int, past: LastHours | None, ahead: Timeline | None
) -> bool:
    name = one.record.name
    begun = {
        minute(datetime.fromisoformat(run.started))
        for run in (() if past is None else past.runs.get(name, ()))
        if run.started is not None
    }
    return at in begun or (ahead is not None and at in ahead.rows.get(name, ()))


def _bars(starts: Counter[int], scale: Scale, now: int) -> Iterator[CollisionBar]:
    most = max(starts.values(), default=1)
    for place, (at, number) in sorted(_fullest(starts, scale).items()):
        height = 100 * number / most
        yield CollisionBar(
            percent(100 * place / BINS),
            percent(100 - height),
            percent(height),
            format_minute(at),
            at > now,
        )


def _fullest(starts: Counter[int], scale: Scale) -> dict[int, tuple[int, int]]:
    """Of each bin its fullest minute, with the number of starts."""
    found: dict[int, tuple[int, int]] = {}
    for at, number in sorted(starts.items()):
        if scale.holds(at):
            place = min(BINS - 1, (at - scale.after) * BINS // (scale.until - scale.after))
            if number > found.get(place, (0, 0))[1]:
                found[place] = (at, number)
    return found


def _peaks(starts: Counter[int], scale: Scale, now: int) -> tuple[Peak, ...]:
    """Three peaks, two of them to come."""
    bins = sorted(_fullest(starts, scale).items(), key=lambda one: (-one[1][1], one[0]))
    chosen: list[tuple[int, int, int]] = []
    for wanted, most in ((True, 2), (False, 1)):
        taken = 0
        for place, (at, number) in bins:
            far = all(abs(place - other) >= APART for other, _at, _number in chosen)
            if taken < most and (at > now) is wanted and far and number > 1:
                chosen.append((place, at, number))
                taken += 1
    days = scale.until - scale.after > DAY
    peaks = []
    for place, at, number in sorted(chosen):
        then = instant(at)
        text = f"{number:,} at {then:%a %H:%M}" if days else f"{number:,} at {then:%H:%M}"
        anchor = "start" if place < APART / 2 else "end" if place > BINS - APART / 2 else "middle"
        peaks.append(Peak(percent(100 * (place + 0.5) / BINS), text, anchor, format_minute(at)))
    return tuple(peaks)


def _most(starts: Counter[int], now: datetime) -> tuple[str, str]:
    """The fullest minute of all in words, and for the URL; empty where nothing starts."""
    if not starts:
        return "", ""
    at = min(starts, key=lambda one: (-starts[one], one))
    when = instant(at)
    text = f"{starts[at]:,} at {when:%H:%M}Z"
    if abs(when - now) > timedelta(hours=1):
        text = f"{starts[at]:,} at {when:%a %H:%M}Z"
    return text, format_minute(at)


def _second_zone(schedules: Sequence[ScheduleStatus]) -> str:
    zones = Counter(one.record.timezone for one in schedules if one.record.timezone != _UTC)
    return min(zones, key=lambda zone: (-zones[zone], zone), default=_UTC)


def _now(scale: Scale, zones: Sequence[str], now: datetime) -> Tick:
    (tick,) = Scale(minute(now) - 1, minute(now) + 1).ticks(1, zones)
    return Tick(scale.x(minute(now)), tick.texts)


def _date(at: int) -> str:
    then = instant(at)
    return f"{then:%a} {then.day} {then:%b %H:%M}Z"
