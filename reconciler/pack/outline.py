"""The outline of a group: its shape in UTC and, where that is safe, in its own time zone.

Both are shapes (`reconciler.pack.shape`) in one integer, followed by one bit for each zone in play.
The outline of a group is the union of its members' outlines. When exactly one zone's bit is set and
it is not the one for UTC, all members share that zone and its own shape counts too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.pack import shape

_CLOCKS_AT: Final = 2 * shape.BITS
_SHAPE: Final = (1 << shape.BITS) - 1
UTC_ONLY: Final = 1 << _CLOCKS_AT
"""The bit of members whose group must be read in UTC."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Which bit stands for which zone, among those of one packing."""

    bits: Mapping[str, int]

    @classmethod
    def of(cls, zones: set[str]) -> Clocks:
        """Give each zone a bit, in the order of their names."""
        return cls({zone: UTC_ONLY << n for n, zone in enumerate(sorted(zones), start=1)})

    def named(self, outline: int) -> str:
        """Return the zone in which an outline's cover is read, the cheaper one; UTC on a tie."""
        if not in_own_zone(outline):
            return "UTC"
        return next(zone for zone, bit in self.bits.items() if outline & bit)


def utc_shape(outline: int) -> int:
    """Return the shape in UTC."""
    return outline & _SHAPE


def own_zone_outline(in_utc: int, in_zone: int, clock: int) -> int:
    """Return the outline of what may be read in its own zone, whose bit is `clock`."""
    return in_utc | in_zone << shape.BITS | clock


def cost(outline: int) -> int:
    """Return how often the cover wakes, in units of `reconciler.pack.shape`."""
    in_utc = shape.cost(outline & _SHAPE)
    clocks = outline >> _CLOCKS_AT
    if clocks & 1 or clocks & (clocks - 1):
        return in_utc
    return min(in_utc, shape.cost(outline >> shape.BITS & _SHAPE))


def in_own_zone(outline: int) -> bool:
    """Whether the cover is read in the zone of its members instead of in UTC."""
    return cost(outline) < shape.cost(outline & _SHAPE)


def cover_shape(outline: int) -> int:
    """Return the shape of the cover, in the zone in which it is read."""
    return (outline >> shape.BITS if in_own_zone(outline) else outline) & _SHAPE
