"""Slots and cost: what wakes us, who holds the crons, what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from reconciler.plan.price import WakePrice
from reconciler.query.slots import SeenSource, SlotsAndCost, month_length
from reconciler.query.status import Status
from reconciler.web.pages.glyphs import Glyph
from reconciler.web.pages.moments import clock, moment, relative, span
from reconciler.web.pages.scale import percent
from reconciler.words import count

_ON_TIME: Final = Glyph("succeeded", "On time")
_NO_WAKES: Final = Glyph("no-wakes", "No wakes")
_NONE_DUE: Final = Glyph("no-run-yet", "None due")


@dataclass(frozen=True, slots=True)
class SlotCard:
    """A cron of the workspace, or a free one.

    Attributes:
        head: `Slot 1 · ours`.
        lines: below its name, its cron first.
    """

    head: str
    name: str
    cron: str
    lines: tuple[str, ...]
    ours: bool


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A wake source in the table."""

    glyph: Glyph
    name: str
    last: str
    came: str
    half: str
    most: str
    gap: str


@dataclass(frozen=True, slots=True)
class DayBar:
    """The wakes of a day: place, height from the top, and height."""

    x: str
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class WakeBar:
    """How often we would wake in a month."""

    name: str
    number: str
    width: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class SlotsPage:
    """The page.

    Attributes:
        title: the sentence that answers it; `sub` says whether one more slot would save anything.
        spent, forecast: the month's cost so far, and at its end.
        scale: what the full height of the bars is.
        bar_width: of one day.
        counted: what the cost is made of, and what is not counted.
        budget: names and values.
    """

    title: str
    sub: str
    cards: tuple[SlotCard, ...]
    sources: tuple[SourceRow, ...]
    month: str
    spent: str
    forecast: str
    scale: str
    days: tuple[DayBar, ...]
    bar_width: str
    first: str
    counted: str
    wakes: tuple[WakeBar, ...]
    budget: tuple[tuple[str, str], ...]


def slots_page(found: SlotsAndCost, status: Status, now: datetime) -> SlotsPage:
    """Put the page together."""
    ours, others = len(status.slots), len(found.budget.foreign)
    limit = found.budget.limit
    used = f"{ours + others} of {limit} slots used" if limit is not None else "Slots"
    days = tuple(_days(found, now))
    so_far = sum(found.days.values())
    spent = found.price.usd(so_far)
    return SlotsPage(
        title=f"{used}, {ours} by us" if limit is not None else f"{count(ours, 'slot')}, no limit",
        sub=_sub(found, status),
        cards=tuple(_cards(found, status, now)),
        sources=tuple(_row(one, status, now) for one in found.sources),
        month=f"{now:%B}",
        spent=dollars(spent),
        forecast=f"about {dollars(_forecast(found, now))} by the end of the month",
        scale=f"{max(found.days.values(), default=0):,} wakes a day",
        days=days,
        bar_width=percent(85 / month_length(now)),
        first=f"1 {now:%b}",
        counted=_counted(found.price),
        wakes=tuple(_wakes(found)),
        budget=tuple(_budget(found, ours)),
    )


def dollars(amount: float) -> str:
    """``$0.11``; as many digits as a small amount needs."""
    return f"${amount:,.2f}" if amount >= 0.01 or not amount else f"${amount:.4f}"


def _sub(found: SlotsAndCost, status: Status) -> str:
    others = len(found.budget.foreign)
    parts = []
    if others:
        held = "is" if others == 1 else "are"
        parts.append(f"{others} {held} held by other apps of this workspace.")
    running = sum(not one.suspended for one in status.schedules)
    parts.append(f"{count(running, 'schedule')} can run.")
    idle = found.wakes.per_month - found.wakes.floor
    if idle <= 0:
        parts.append("One more slot would save nothing: every wake comes in a due minute.")
    else:
        saved = found.price.usd(idle)
        parts.append(
            f"More slots would save at most {idle:,} wakes a month, {dollars(saved)}: something is "
            f"due in {found.wakes.floor:,} minutes."
        )
    return " ".join(parts)


def _cards(found: SlotsAndCost, status: Status, now: datetime) -> Iterator[SlotCard]:
    number = 0
    for one in status.slots:
        number += 1
        slot = one.slot
        monthly = found.wakes.by_slot.get(slot.name, 0)
        came = found.came.get(slot.name, 0)
        last = ""
        if one.last_wake is not None:
            last = f"; last {clock(datetime.fromisoformat(one.last_wake), now)}"
        lines = (slot.timezone, f"{monthly:,} wakes a month", f"{came:,} wakes in 24 h{last}")
        yield SlotCard(f"Slot {number} \N{MIDDLE DOT} ours", slot.name, slot.cron, lines, True)
    for cron in found.budget.foreign:
        number += 1
        yield SlotCard(
            f"Slot {number} \N{MIDDLE DOT} held by another app",
            f"{cron.app}/{cron.function}",
            cron.text,
            (f"environment {cron.environment}",),
            False,
        )
    for free in range(number, found.budget.limit or number):
        yield SlotCard(f"Slot {free + 1}", "free", "", (), False)


def _row(source: SeenSource, status: Status, now: datetime) -> SourceRow:
    glyph, gap = _NONE_DUE, "not expected at set times"
    if source.expected is not None:
        overdue = any(slot.overdue is not None for slot in status.slots)
        glyph = _NO_WAKES if overdue else _ON_TIME
        gap = "none"
    if source.gap is not None:
        begin, end = (moment(at, now).text for at in source.gap)
        gap = f"{begin} to {end}, {span(timedelta(minutes=source.gap.until - source.gap.after))}"
    half, most = ("\N{EN DASH}", "\N{EN DASH}")
    if source.late is not None:
        half, most = (f"{seconds:.0f} s" for seconds in source.late)
    last = "none in 24 h"
    if source.last is not None:
        last = relative(source.last - now) or "just now"
    came = f"{source.came:,}"
    if source.expected is not None:
        came += f" of {source.expected:,}"
    return SourceRow(glyph, source.name, last, came, half, most, gap)


def _days(found: SlotsAndCost, now: datetime) -> Iterator[DayBar]:
    most = max(found.days.values(), default=1)
    length = month_length(now)
    for day in range(1, now.astimezone(UTC).day + 1):
        number = found.days.get(f"{now:%Y-%m}-{day:02}", 0)
        if number:
            height = 100 * number / most
            x = percent(100 * (day - 1) / length)
            yield DayBar(x, percent(100 - height), percent(height))


def _forecast(found: SlotsAndCost, now: datetime) -> float:
    """The month at its end: what was spent, and the rest as deployed."""
    begun = now.astimezone(UTC)
    over = (begun.day - 1 + begun.hour / 24) / month_length(now)
    rest = round(found.wakes.per_month * (1 - over))
    return found.price.usd(sum(found.days.values()) + rest)


def _counted(price: WakePrice) -> str:
    known = f"measured on {count(price.measured, 'wake')}" if price.measured else "assumed"
    rates = "this workspace's rates" if price.live else "the list price"
    return (
        f"Our wakes only: {price.seconds} s each ({known}) at {rates}. The runs of your functions "
        "and this dashboard are not counted."
    )


def _wakes(found: SlotsAndCost) -> Iterator[WakeBar]:
    most = found.wakes.every_minute
    for name, number, chosen in (
        ("A wake every minute", most, False),
        ("As deployed", found.wakes.per_month, True),
        ("Floor: one wake for each due minute", found.wakes.floor, False),
    ):
        yield WakeBar(name, f"{number:,}", percent(100 * min(1, number / most)), chosen)


def _budget(found: SlotsAndCost, ours: int) -> Iterator[tuple[str, str]]:
    budget = found.budget
    others = len(budget.foreign)
    if budget.limit is None:
        yield "Crons", f"{ours + others} used, no limit"
    else:
        yield "Crons", f"{ours + others} of {budget.limit} used; {others} held by others"
        if budget.reserve:
            yield "Reserve", f"{budget.reserve} left free for others"
        left = max(0, (budget.available or 0) - ours)
        yield "Next apply", f"may use {left} more" if left else "has no free slot"
