"""Liveness: what is nominal has started or is reported, by name, once a wake looked in its time.

And what is reported is true: what is missed was really missed, because no undisturbed wake came in
the time that its policies give it; what is skipped was really in the way of another run, or barred.
Nor does what ``catchup`` gives up start after all, unless something had gone wrong in time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.dispatch.decide.policy import CATCHUP_LIMIT
from reconciler.policies import Catchup, Overlap
from tests.simulation.faults import WAKE_SECONDS
from tests.simulation.nominal import Calendar, CleanWakes, Nominal
from tests.simulation.reports import Reports
from tests.simulation.schedules import DAY, PUNCTUALITY
from tests.simulation.starts import Starts
from tests.simulation.world import Call, World

QUEUED_LONG: Final = 2 * 86400.0
"""Seconds after which nothing waits any longer for an earlier run."""


@dataclass(frozen=True, slots=True)
class Fates:
    """The end of a simulation, ready to be asked about each nominal time."""

    world: World
    calendar: Calendar
    clean: CleanWakes
    starts: Starts
    reports: Reports

    def wrong(self) -> Iterator[str]:
        """What is missing, unreported or reported wrongly."""
        for nominal in self.calendar:
            yield from self._wrong(nominal)

    def _wrong(self, nominal: Nominal) -> Iterator[str]:
        reports, keys = self.reports, nominal.keys
        if not self.clean.looked(nominal.due, nominal.until):
            return
        started = self.starts.of_time(nominal)
        missed = {reason for key in keys for reason in reports.missed.get(key, ())}
        skipped = {reason for key in keys for reason in reports.skipped.get(key, ())}
        if not reports.unsure.isdisjoint(keys):
            return
        if started:
            # A start that was never confirmed may be let go when it would be attempted again.
            let_go = (missed or skipped) and self._disturbed(nominal)
            if reports.started.isdisjoint(keys) and not (let_go or self._unseen(nominal)):
                yield f"{nominal} started and no runs file says so"
            yield from self._extra(nominal, started)
        elif missed:  # outweighs what a later wake says that looks at it again
            if not any(self._excused(nominal, reason) for reason in missed):
                reasons = ", ".join(sorted(missed))
                yield f"{nominal} is reported missed ({reasons}), and a wake came in time"
        elif skipped:
            if not any(self._rightly_skipped(nominal, reason) for reason in skipped):
                yield f"{nominal} was skipped ({', '.join(sorted(skipped))}), for no reason"
        elif not self._open(nominal):
            yield f"{nominal} neither started nor is it reported"

    def _open(self, nominal: Nominal) -> bool:
        """Whether it still waits, or those who could report it looked too early."""
        harm = self.world.harm
        if nominal.due <= harm.uncounted or any(key.id in harm.forgotten for key in nominal.keys):
            return True
        waits = not self.reports.queued.isdisjoint(nominal.keys)
        if waits and nominal.due >= self.world.over - QUEUED_LONG:
            return True
        return self._unseen(nominal)

    def _unseen(self, nominal: Nominal) -> bool:
        """Whether a clock that was ahead looked before a change made its schedule what it is."""
        return nominal.changed and self.world.was_foreseen(nominal.due)

    def _extra(self, nominal: Nominal, started: Sequence[Call]) -> Iterator[str]:
        """Starts that ``catchup`` had to give up."""
        if self._disturbed(nominal) or not self.reports.waiting.isdisjoint(nominal.keys):
            return
        limit = float("inf")
        if nominal.always(Catchup.NONE):
            limit = nominal.due + PUNCTUALITY
        elif nominal.always(Catchup.LATEST) and nominal.followed_by is not None:
            limit = max(nominal.due, nominal.followed_by * 60.0) + PUNCTUALITY
        for call in started:
            # A wake decides when it begins.
            if call.began > limit + WAKE_SECONDS + 60 and not (call.by_hand or call.skew):
                yield f"{nominal} started {call.began - nominal.due:.0f} s late, against catchup"

    def _rightly_skipped(self, nominal: Nominal, reason: str) -> bool:
        if self.world.was_foreseen(nominal.due) or not self.reports.queued.isdisjoint(nominal.keys):
            return True  # what waits is decided by what is live then
        if "is still running" in reason:
            return nominal.overlaps(Overlap.SKIP, Overlap.QUEUE) and self._in_the_way(nominal)
        return nominal.may_be_barred

    def _excused(self, nominal: Nominal, reason: str) -> bool:
        """Whether missing it was right, from what the policies promise and what went wrong."""
        if self._disturbed(nominal) or self.world.was_foreseen(nominal.due):
            return True
        queued, failed = self.reports.queued, self.reports.failed
        if any(key in queued or key in failed for key in nominal.keys):
            return True  # its schedule may go, or its time pass, while it waits
        if nominal.apart and self._behind_doubt(nominal):
            return True
        due = nominal.due
        if "waited for an earlier run" in reason:
            return nominal.overlaps(Overlap.QUEUE) and self._in_the_way(nominal)
        if "deleted meanwhile" in reason:  # while one before it was in doubt
            return nominal.until < float("inf") and not nominal.overlaps(Overlap.ALLOW)
        limits = []
        if "deadline" in reason:
            limits = [due + deadline for deadline in nominal.deadlines]
        elif "catchup is latest" in reason and nominal.following is not None:
            limits = [nominal.following * 60.0] if nominal.catches_up(Catchup.LATEST) else []
        elif "catchup is none" in reason:
            limits = [due + PUNCTUALITY] if nominal.catches_up(Catchup.NONE) else []
        elif "occurrences to catch up with" in reason:
            limits = [due + CATCHUP_LIMIT * 15 * 60]
        elif "too old to know" in reason:
            limits = [due + 6 * 86400]
        return bool(limits) and not self.clean.looked(due, min(limits))

    def _disturbed(self, nominal: Nominal) -> bool:
        world = self.world
        return any(
            key.id in world.disturbed
            or key.id in world.harm.claims
            or key.id in world.harm.described
            or key.id in world.triggered
            for key in nominal.keys
        )

    def _behind_doubt(self, nominal: Nominal) -> bool:
        """Whether wakes let it wait, because it was open what becomes of one before it."""
        if self.reports.waiting.isdisjoint(nominal.keys):
            return False
        times = self.calendar.by_schedule[nominal.identity]
        before = (one for one in times if 0 < nominal.at - one.at < DAY)
        return any(self._disturbed(one) for one in before)

    def _in_the_way(self, nominal: Nominal) -> bool:
        """Whether another run of the schedule was going when it was due, or later."""
        started = self.starts.by_schedule.get(nominal.identity, ())
        asked = self.starts.asked.get(nominal.identity, ())
        if any(call.ends > nominal.due for call in asked):
            return True
        return any(call.ends > nominal.due and other is not nominal for call, other in started)
