"""Where a time is drawn: in percent of the width of a chart, with its axis and its hairlines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from reconciler.cron import instant, tzinfo_named
from reconciler.model.applied import Applied
from reconciler.model.pointer import Pointer
from reconciler.query.last_hours import Gap

HOUR: Final = 60
DAY: Final = 24 * HOUR
_NEAR_NOW: Final = 3.5
"""Percent around now in which an axis has no other label; on a phone it is more."""
_NEAR_ON_PHONES: Final = 16


class Tick(NamedTuple):
    """A label of an axis: its place, and the texts below one another; minor ones have no place on
    a phone."""

    x: str
    texts: tuple[str, ...]
    minor: bool = False


class Hairline(NamedTuple):
    """A line through a chart, such as an apply, and what it says."""

    x: str
    text: str


class ScaleSpan(NamedTuple):
    """A part of a chart: its place and its width."""

    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A chart over ``(after, until]``, epoch minutes."""

    after: int
    until: int

    def place(self, at: float) -> float:
        """The place of an epoch minute, in percent."""
        return 100 * (at - self.after) / (self.until - self.after)

    def x(self, at: float) -> str:
        """The place of an epoch minute."""
        return percent(self.place(at))

    def span(self, begin: float, end: float) -> ScaleSpan:
        """The part between two epoch minutes, as far as it is in the chart."""
        begin, end = max(begin, self.after), min(end, self.until)
        return ScaleSpan(self.x(begin), percent(max(0.0, self.place(end) - self.place(begin))))

    def holds(self, at: float) -> bool:
        """Whether an epoch minute is in it."""
        return self.after < at <= self.until

    def ticks(self, every: int, zones: Iterable[str] = ("UTC",), now: int = -1) -> Iterator[Tick]:
        """The labels of the axis, in each zone; none where now is labelled.

        Args:
            every: minutes; from a day on the labels are days.
            now: epoch minute; negative for none.
        """
        named = [tzinfo_named(zone) for zone in zones]
        first = self.after - self.after % every + every
        for place, at in enumerate(range(first, self.until, every)):
            near = 100.0 if now < 0 else abs(self.place(at) - self.place(now))
            if near > _NEAR_NOW:
                minor = near < _NEAR_ON_PHONES or place % 2 == 0
                yield Tick(self.x(at), tuple(_label(at, every, zone) for zone in named), minor)

    def gaps(self, found: Iterable[Gap]) -> tuple[ScaleSpan, ...]:
        """The fields in which no wake came."""
        return tuple(self.span(gap.after, gap.until) for gap in found)

    def applies(self, found: Iterable[Applied]) -> tuple[Hairline, ...]:
        """The applies, each with its commit."""
        return tuple(line for one in found if (line := self.apply(one.pointer)) is not None)

    def apply(self, pointer: Pointer | None) -> Hairline | None:
        """An apply; None where it is not in the chart."""
        if pointer is None:
            return None
        at = datetime.fromisoformat(pointer.at).timestamp() / 60
        return Hairline(self.x(at), (pointer.commit or "")[:7]) if self.holds(at) else None

    def clock_changes(self, zone: str) -> tuple[Hairline, ...]:
        """Where the clocks of a zone change."""
        info, found = tzinfo_named(zone), []
        before = _offset(self.after, info)
        for at in range(self.after - self.after % 30 + 30, self.until + 1, 30):
            offset = _offset(at, info)
            if offset != before:
                hours = (offset - before).total_seconds() / 3600
                sign = "+" if hours > 0 else "\N{MINUS SIGN}"
                found.append(Hairline(self.x(at), f"clock change {sign}{abs(hours):g} h"))
            before = offset
        return tuple(found)


def percent(value: float) -> str:
    """``41.2%``; as many digits as a wide screen shows."""
    return f"{value:.2f}".rstrip("0").rstrip(".") + "%"


def _offset(at: int, zone: tzinfo) -> timedelta:
    return instant(at).astimezone(zone).utcoffset() or timedelta()


def _label(at: int, every: int, zone: tzinfo) -> str:
    local = instant(at).astimezone(zone)
    return f"{local:%a} {local.day}" if every >= DAY else f"{local:%H:%M}"
