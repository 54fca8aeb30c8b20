"""The core broken on purpose, in the ways that hand-made dispatchers are.

Each is an edit of the core's own source, made while its module is loaded: what is played then is
the real core but for these lines. An edit that does not find its place is an error, so that no
mutant can quietly be the core itself.

The simulation must find each of them: that proves the checker, and keeps its exemptions narrow.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Final

_LOADED_ANEW: Final = ("reconciler", "tests")
DAYS: Final = 5
SCHEDULES: Final = 20
"""The size of their scenarios."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Other text in the place of some of a module's."""

    module: str
    old: str
    new: str


MUTANTS: Final[Mapping[str, Edit]] = {
    # Looks whether there is a claim, and leaves its own only when it confirms the start.
    "claim after spawn": Edit(
        "reconciler.dispatch.wake.start",
        "is_ours, _ = await together(self.claims.put_new(key, claim), self.look_up(admitted))",
        "is_ours = await self.claims.get(key) is None",
    ),
    # The cursor says that all is settled before anything has been started.
    "cursor before spawn": Edit(
        "reconciler.dispatch.wake.wake",
        "            await processor.process(free,",
        "            early = self.log(step.through, len(logs) + 1, tally, [], None)\n"
        "            cursor = await writer.advance(cursor, early, tally, [])\n"
        "            await processor.process(free,",
    ),
    # Claims the minute in which it runs instead of the nominal time.
    "last run is now": Edit(
        "reconciler.dispatch.wake.step",
        "due_now = {due.record.occurrence(at): (due.record, 1)",
        "due_now = {due.record.occurrence(self.now): (due.record, 1)",
    ),
    # Looks no further back than the beginning of this hour.
    "hour bucket only": Edit(
        "reconciler.model.cursor",
        "        if is_same and self.number is not None:\n",
        "        since = max(since, now - now % 60 - 1)\n"
        "        if is_same and self.number is not None:\n",
    ),
    # The same of tasks: only those that are filed under this hour.
    "task bucket of this hour only": Edit(
        "reconciler.dispatch.wake.wake",
        "    paths = await ports.tasks.pending(now)\n",
        "    from reconciler.model.task import TaskPath\n"
        "    places = [(p, TaskPath.parse(p)) for p in await ports.tasks.pending(now)]\n"
        "    paths = [p for p, place in places if place and place.hour == now - now % 60]\n",
    ),
    # Gives what begins a later anchor than all that is live, whatever a wrong clock has set.
    "anchor after all others": Edit(
        "reconciler.plan.compilation",
        "or _begins(record, now, number, lost)",
        "or _begins(record, max(now, *((one.agenda.newest or 0) + 1 for one in known), 0), "
        "number, lost)",
    ),
    # Leaves an anchor where a wrong clock has set it.
    "anchor ahead kept": Edit(
        "reconciler.plan.compilation", "        and not is_ahead(before, now)\n", ""
    ),
    # Takes every schedule for one that the wakes before had read.
    "nothing is new": Edit(
        "reconciler.model.cursor",
        "is_fresh = newest is not None and began > newest",
        "is_fresh = False",
    ),
    # Takes a claim that cannot be read for none.
    "garbled claim is absent": Edit(
        "reconciler.dispatch.wake.start",
        "Delivery.AT_MOST_ONCE:\n                    # What",
        "Delivery.AT_MOST_ONCE and claim.damage is None:\n                    # What",
    ),
    # Takes a cursor that cannot be read for one that says: up to now, all is settled.
    "garbled cursor is trusted": Edit(
        "reconciler.dispatch.wake.cursor_entry",
        "    found = cursor_of(entry)\n",
        "    found = cursor_of(entry)\n"
        "    if not isinstance(found, Cursor | None):\n"
        "        from reconciler.cron import minute\n"
        "        return Cursor(through=minute(ports.clock.now()))\n",
    ),
    # Goes on from what the runs files say, but for what they name as open.
    "recovered cursor has nothing pending": Edit(
        "reconciler.dispatch.decide.recovery",
        "        pending=without(pending, settled),\n",
        "        pending={},\n",
    ),
    # Takes what was open when the Volume was emptied for lost, though the cursor names it.
    "rebuilt generation has nothing pending": Edit(
        "reconciler.dispatch.wake.wake",
        "        if not self.request.regular:\n            return {}\n",
        "        is_first = cursor.generation != self.generation.digest\n"
        "        if not self.request.regular or (is_first and self.generation.rebuilt):\n"
        "            tally.settled.extend(cursor.pending if self.request.regular else ())\n"
        "            return {}\n",
    ),
    # Sends what waits also when the claim of the notice says that it was sent.
    "notifications have no claims": Edit(
        "reconciler.dispatch.wake.sending",
        "                case ClaimedSending.SENT, _, _:\n                    break\n",
        "                case ClaimedSending.SENT, _, _ if attempt > 1:\n"
        "                    break\n",
    ),
    # Counts a miss in the alarm of each wake that writes it down.
    "misses are counted by each wake": Edit(
        "reconciler.dispatch.decide.notifications",
        "for at in line.times if not any(at in counted for counted in by_name)",
        "for at in line.times",
    ),
    # Lets the first miss of a schedule be the only one that raises an alarm.
    "one miss of a schedule is enough": Edit(
        "reconciler.dispatch.decide.notifications",
        "        if not times:\n            return\n        for counted in",
        "        if not times or self.misses.get(line.name):\n"
        "            return\n        for counted in",
    ),
    # Takes the alarms of a recovered cursor from the wakes' lines, whatever was sent.
    "recovered misses are not counted": Edit(
        "reconciler.dispatch.decide.recovery",
        "EMPTY_OUTBOX._replace(notified=frozenset(), misses=_counted(logs))",
        "EMPTY_OUTBOX._replace(notified=frozenset())",
    ),
    # Sends an alarm again that another wake is just sending.
    "every other sender is dead": Edit(
        "reconciler.dispatch.wake.sending",
        "                case ClaimedSending.CLAIMED, claim, _ if not "
        "self.claimant.knows_dead(claim):\n"
        "                    return None\n",
        "",
    ),
    # Starts what a person triggers beside a run that is going, whatever ``overlap`` says.
    "a trigger ignores overlap": Edit(
        "reconciler.dispatch.wake.wake",
        "            return [Due(record, (now,))]\n",
        "            from reconciler.policies import Overlap\n"
        "            return [Due(replace(record, overlap=Overlap.ALLOW), (now,))]\n",
    ),
    # Closes the queue behind a run before it has begun, so that the next one starts beside it.
    "a queue is closed at once": Edit(
        "reconciler.dispatch.wake.supervision",
        "        status = await self._all_tries()\n",
        "        await close_queue(self.call, self.claims)\n"
        "        status = await self._all_tries()\n",
    ),
    # Takes what waits for an earlier run for too old, long before its claim may have died.
    "what waits is soon too old": Edit(
        "reconciler.dispatch.wake.start",
        "                return self.queued(admitted, attempt)\n",
        "                age = self.now - self.occurrence.at\n"
        "                if self.record.delivery is not Delivery.AT_MOST_ONCE or age < 30:\n"
        "                    return self.queued(admitted, attempt)\n"
        "                reason = f'{TOO_OLD}; delivery is at-most-once'\n"
        "                admitted = Admitted(Admission.MISS, reason=reason)\n",
    ),
    # Gives up what could not be started at the first attempt.
    "one attempt only": Edit(
        "reconciler.dispatch.wake.start",
        "        if attempt == ATTEMPT_LIMIT:\n",
        "        if attempt >= 1:\n",
    ),
    # Takes what another wake has dropped for missed by the catch-up policy, though it was claimed.
    "what is carried over is judged again": Edit(
        "reconciler.dispatch.wake.wake",
        "        open_before = cursor.pending.keys() if self.request.regular else ()\n",
        "        open_before = ()\n",
    ),
    # Lets a generation that was lost count from its repair on.
    "rebuilt generation begins now": Edit(
        "reconciler.plan.compilation",
        "_Beginning(lost.began(names, now), number, now)",
        "_Beginning(now, number, now)",
    ),
    # Moves the cursor past all that is due, though it served one schedule or minute alone.
    "a person's wake moves the cursor": Edit(
        "reconciler.dispatch.wake.wake",
        "            through=through if self.request.regular else None,\n",
        "            through=through,\n",
    ),
    # Takes over what another wake, which is at work, has claimed.
    "every other wake is dead": Edit(
        "reconciler.model.claim",
        "        return claim.until < format_time(self.now)\n",
        "        return True\n",
    ),
    # Takes what is free in its own snapshot of the Volume.
    "unlink as lock": Edit(
        "reconciler.dispatch.wake.wake",
        "    started = ports.clock.now()\n    try:\n        return await _rounds",
        "    from tests.simulation.unlinked import UnlinkedFiles\n"
        "    ports = replace(ports, claims=UnlinkedFiles.at_start(ports.claims))\n"
        "    started = ports.clock.now()\n    try:\n        return await _rounds",
    ),
}


def find_mutant(name: str, first: int, seeds: int) -> int | None:
    """The first of so many seeds that finds the mutant; None if none of them does.

    For a process of its own, which has the broken core afterwards.
    """
    break_core(name)
    simulate = importlib.import_module("tests.simulation.run").simulate
    played = (simulate(first + n, days=DAYS, schedules=SCHEDULES) for n in range(seeds))
    return next((outcome.seed for outcome in played if outcome.problems), None)


def break_core(name: str) -> None:
    """Let the core be loaded with this mutant's edit."""
    break_by(MUTANTS[name])


def break_by(edit: Edit) -> None:
    """Let the core be loaded with an edit: what is loaded of it is forgotten.

    Of use where nothing holds on to what was loaded before, such as in a process of its own.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] in _LOADED_ANEW]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(edit))


@dataclass(frozen=True, slots=True)
class _Finder(MetaPathFinder):
    edit: Edit

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.edit.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self.edit)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, edit: Edit) -> None:
        super().__init__(fullname, path)
        self.edit = edit

    def get_code(self, fullname: str) -> CodeType:
        """The edited module's, never one that was compiled before."""
        source = self.get_source(fullname) or ""
        if source.count(self.edit.old) != 1:
            raise RuntimeError(f"the place of the edit is not in {fullname} exactly once")
        return compile(source.replace(self.edit.old, self.edit.new), self.path, "exec")
