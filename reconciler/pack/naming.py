"""From groups to slots: names that people recognise, and that stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from reconciler.pack import shape
from reconciler.pack.slots import POLLER, PackedSlot

TOLERATED: Final = 1
"""Percent by which a packing that moves no schedule may cost more than the best one."""


@dataclass(frozen=True, slots=True)
class Group:
    """Schedules that share a slot.

    Attributes:
        cover: the shape of what the slot must wake for.
        schedules: their names, sorted, at least one.
    """

    cover: int
    schedules: tuple[str, ...]


def good_enough(kept: int, best: int) -> bool:
    """Whether schedules stay in their slots at a cost of `kept` where the best one costs `best`.

    The best packing after a small change may be a quite different one, a few wakes cheaper: every
    schedule would move and the plan would be unreadable. The limit is measured against the best
    packing each time, so that small losses do not add up.
    """
    return kept * 100 <= best * (100 + TOLERATED)


def slots(groups: Sequence[Group], deployed: Sequence[PackedSlot]) -> tuple[PackedSlot, ...]:
    """Name the groups' slots: after the one schedule, or poller; sorted by name.

    Args:
        deployed: the slots that are deployed; a poller's name goes to the group that takes over
            most of its schedules, the others are numbered in the order of their first schedules.
    """
    names = _names(groups, deployed)
    named = (
        PackedSlot(name, shape.expression(group.cover), group.schedules)
        for name, group in zip(names, groups, strict=True)
    )
    return tuple(sorted(named, key=lambda slot: slot.name))


def _names(groups: Sequence[Group], deployed: Sequence[PackedSlot]) -> list[str]:
    names = {n: group.schedules[0] for n, group in enumerate(groups) if len(group.schedules) == 1}
    taken = {name for group in groups for name in group.schedules}
    pollers = [n for n in range(len(groups)) if n not in names]
    for name, n in _inherited(groups, pollers, deployed):
        if n not in names and name not in taken:
            names[n] = name
            taken.add(name)
    unused = (name for name in _poller_names() if name not in taken)
    for n in sorted(pollers, key=lambda n: groups[n].schedules):
        if n not in names:
            names[n] = next(unused)
    return [names[n] for n in range(len(groups))]


def _inherited(
    groups: Sequence[Group], pollers: Sequence[int], deployed: Sequence[PackedSlot]
) -> Iterator[tuple[str, int]]:
    """Yield names of deployed pollers with the groups that may take them, the likeliest first."""
    claims = [
        (-len(set(slot.schedules).intersection(groups[n].schedules)), slot.name, n)
        for slot in deployed
        if slot.schedules != (slot.name,)
        for n in pollers
    ]
    for shared, name, n in sorted(claims):
        if shared and _is_poller(name):
            yield name, n


def _is_poller(name: str) -> bool:
    return name == POLLER or name.startswith(f"{POLLER}-")


def _poller_names() -> Iterator[str]:
    yield POLLER
    for number in count(2):
        yield f"{POLLER}-{number}"
