"""The Volume loses its files; the next apply makes what git says live again."""

from __future__ import annotations

import asyncio
from typing import Final

from reconciler.deploy.fakes import FakeFiles
from reconciler.deploy.lost import find_lost
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.pointer import (
    PROTECTED_KEY,
    Renames,
    protection_entry,
    read_protection,
    renames_in,
)
from tests.simulation.harm import empty, note_forgotten
from tests.simulation.scenario import Scenario
from tests.simulation.world import START_SECOND, World

PLANNING: Final = 60.0
"""Seconds that an apply takes from its plan to the pointer."""


async def empty_and_repair(world: World, scenario: Scenario) -> None:
    """Let it happen when the scenario says so, with the product's own rule for the anchors."""
    emptying, history = scenario.emptying, scenario.history
    if emptying is None or history is None:
        return
    store_renames(world, scenario)
    loop = asyncio.get_running_loop()
    await asyncio.sleep(emptying.at - loop.time())
    empty(world, emptying)
    live = START_SECOND + emptying.repaired
    await asyncio.sleep(live - PLANNING - world.now)
    cursor = cursor_of(world.get(CURSOR_KEY))
    known = cursor if isinstance(cursor, Cursor) else None
    note_forgotten(world)
    files = FakeFiles({path: file.content for path, file in world.files.items()})
    lost = await find_lost(files, None, known, read_protection(world.get(PROTECTED_KEY)))
    if lost.since is None:
        world.harm.uncounted = live
    planned = int(world.now // 60)
    number = ((known.number if known is not None else None) or 0) + 1
    history.repair(planned, live, scenario.kept, lost, number)
    await asyncio.sleep(live - world.now)
    world.harm.repaired = world.now
    world.generations.append((world.now, history.applied[-1][1]))


def store_renames(world: World, scenario: Scenario) -> None:
    """Store what each apply says of renames: before it makes anything live, and again after."""
    before: dict[str, Renames] = {}
    for live, generation in scenario.generations:
        renames = {generation.digest: renames_in(generation)}
        for at, known in ((live - PLANNING, before | renames), (live, renames)):
            entry = protection_entry((), len(generation.records), known)
            world.loop.call_later(max(0.0, at - world.now), world.put, PROTECTED_KEY, entry)
        before = renames
