"""Liveness: a nominal time has started or is reported, once a wake has looked in its time.

A report is true: what is missed was really missed, since no undisturbed wake came in the time that
its policies give it; what is skipped was behind another run, or suspended or excluded. What
``catchup`` gives up does not start.

What is exempt, and by which section of ``docs/internals/guarantees.md``:

* a line that a wake wrote into a runs file whose commit was lost (Not promised);
* an occurrence that a wake had claimed in which a fault struck: it may be in doubt, or started late
  as another attempt (Starting); the same where its claim was damaged (Damaged state);
* what a wake judged whose clock was ahead (Clocks);
* what was due before a repair that nothing told how far wakes had come (Damaged state);
* what was open when the Volume was emptied, once the cursor, which alone named it, is lost as well
  (Damaged state);
* what waits for another run, or waited when its schedule was deleted, or for so long that its claim
  may have died (Overlap).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.dispatch.decide.due import CATCHUP_LIMIT
from reconciler.dispatch.wake.start import ATTEMPT_LIMIT
from reconciler.policies import Catchup, Overlap
from tests.simulation.faults import WAKE_SECONDS
from tests.simulation.nominal import SETTLING, Calendar, CleanWakes, Nominal
from tests.simulation.reports import Reports
from tests.simulation.schedules import PUNCTUALITY
from tests.simulation.starts import Starts
from tests.simulation.world import Call, World

QUEUED_LONG: Final = 2 * 86400.0
"""Seconds after which nothing waits any longer for an earlier run that has ended."""


@dataclass(frozen=True, slots=True)
class Fates:
    """The end of a simulation, and what it says of each nominal time."""

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
        # Not promised: the lines of a runs file whose commit was acknowledged and then lost.
        lost = not reports.unsure.isdisjoint(keys) or self._is_forgotten(nominal)
        if started:
            # A start that was never confirmed may be dropped when it would be attempted again.
            dropped = (missed or skipped) and self._disturbed(nominal)
            if reports.started.isdisjoint(keys) and not (dropped or lost):
                yield f"{nominal} started and no runs file says so"
            yield from self._extra(nominal, started)
        elif missed:  # outweighs what a later wake says that looks at it again
            if not self._rightly_missed(nominal, missed):
                reasons = ", ".join(sorted(missed))
                yield f"{nominal} is reported missed ({reasons}), and a wake came in time"
        elif skipped:
            if not any(self._rightly_skipped(nominal, reason) for reason in skipped):
                yield f"{nominal} was skipped ({', '.join(sorted(skipped))}), for no reason"
        elif not (lost or self._waits(nominal)):
            yield f"{nominal} neither started nor is it reported"

    def _rightly_missed(self, nominal: Nominal, reasons: Iterable[str]) -> bool:
        """Whether a reason is right: one that a runs file gives, or gave whose commit was lost.

        When the cursor goes as well, a wake decides about it anew, and its claim may have died.
        """
        lost = {reason for key in nominal.keys for reason in self.reports.lost.get(key, ())}
        if any(self._excused(nominal, reason) for reason in (*reasons, *lost)):
            return True
        return any(self._rightly_skipped(nominal, reason) for reason in lost)

    def _is_forgotten(self, nominal: Nominal) -> bool:
        """Whether every record was lost that it was open, or that its schedule was live then."""
        harm = self.world.harm
        forgotten = any(key.id in harm.forgotten for key in nominal.keys)
        return forgotten or nominal.due <= harm.uncounted

    def _waits(self, nominal: Nominal) -> bool:
        """Whether it still waits for an earlier run."""
        if self.reports.queued.isdisjoint(nominal.keys):
            return False
        runs = self.starts.by_schedule.get(nominal.identity, ())
        is_behind = any(call.ends > self.world.over for call, _ in runs)
        return is_behind or nominal.due >= self.world.over - QUEUED_LONG

    def _extra(self, nominal: Nominal, started: Sequence[Call]) -> Iterator[str]:
        """Starts of what ``catchup`` gives up."""
        if self._disturbed(nominal) or not self.reports.waiting.isdisjoint(nominal.keys):
            return
        limit = float("inf")
        if nominal.always(Catchup.NONE):
            limit = nominal.due + PUNCTUALITY
        elif nominal.always(Catchup.LATEST) and nominal.followed_by is not None:
            limit = max(nominal.due, nominal.followed_by * 60.0) + PUNCTUALITY
        for call in started:
            # A wake decides when it begins.
            if call.began > limit + WAKE_SECONDS + 60:
                yield f"{nominal} started {call.began - nominal.due:.0f} s late, against catchup"

    def _rightly_skipped(self, nominal: Nominal, reason: str) -> bool:
        if self.world.was_foreseen(nominal.due):
            return True
        if "is still running" in reason:
            return nominal.overlaps(Overlap.SKIP, Overlap.QUEUE) and self._in_the_way(nominal)
        # What is live when ``wake --at`` is asked decides, also before the time comes.
        return nominal.may_be_barred or not self.reports.skipped_ahead.isdisjoint(nominal.keys)

    def _excused(self, nominal: Nominal, reason: str) -> bool:
        """Whether missing it was right, from what the policies promise and what went wrong."""
        if self._judged_ahead(nominal):
            return True
        limits = list(self._limits(nominal, reason))
        if limits and not self.clean.looked(nominal.due, min(limits)):
            return True
        if "too old to know" in reason and not self.clean.looked(
            self._waited_until(nominal), min(limits)
        ):
            return True
        if reason.startswith("no wake came") or "to catch up with" in reason:
            return False  # what a wake has claimed is not judged again, whatever became of it
        if "waited for an earlier run" in reason and self._in_the_way(nominal):
            return nominal.overlaps(Overlap.QUEUE)
        if "deleted meanwhile" in reason and not nominal.overlaps(Overlap.ALLOW):
            return nominal.until < float("inf")  # it waited for the run before it
        if "could not be started" in reason and not self.reports.waiting.isdisjoint(nominal.keys):
            return True  # a wake left it to the next, behind another in doubt
        if reason.startswith("given up"):
            return max(self.reports.attempts.get(key, 1) for key in nominal.keys) >= ATTEMPT_LIMIT
        if reason.endswith("delivery is at-most-once") and not nominal.may_be_at_most_once:
            return False
        return self._disturbed(nominal)

    def _waited_until(self, nominal: Nominal) -> float:
        """When an occurrence that a wake left to a later one could start; when it was due, of one
        that no wake has left.
        """
        if nominal.overlaps(Overlap.ALLOW) or self.reports.waiting.isdisjoint(nominal.keys):
            return nominal.due
        runs = self.starts.by_schedule.get(nominal.identity, ())
        earlier = [call for call, other in runs if other.at < nominal.at]
        asked = self.starts.asked.get(nominal.identity, ())
        settled = self.clean.first_end(nominal.due) + SETTLING
        return max(settled, *(call.ends for call in (*earlier, *asked)), nominal.due)

    def _judged_ahead(self, nominal: Nominal) -> bool:
        """Whether a wake whose clock was ahead may have been the first to judge it, as late."""
        looked = self.clean.first_end(nominal.due)
        spans = self.world.foreseen
        return any(began <= looked and nominal.due <= until for began, until in spans)

    def _limits(self, nominal: Nominal, reason: str) -> Iterator[float]:
        """Until when a wake would have to come, by the policy that the reason names."""
        due = nominal.due
        if "deadline" in reason:
            yield from (due + deadline for deadline in nominal.deadlines)
        elif "catchup is latest" in reason and nominal.catches_up(Catchup.LATEST):
            if nominal.following is not None:
                yield nominal.following * 60.0
        elif "catchup is none" in reason and nominal.catches_up(Catchup.NONE):
            yield due + PUNCTUALITY
        elif "occurrences to catch up with" in reason:
            yield due + CATCHUP_LIMIT * 15 * 60
        elif "too old to know" in reason:
            yield due + 6 * 86400

    def _disturbed(self, nominal: Nominal) -> bool:
        world = self.world
        return any(key.id in world.disturbed or key.id in world.harm.claims for key in nominal.keys)

    def _in_the_way(self, nominal: Nominal) -> bool:
        """Whether another run of the schedule was going when it was due, or later."""
        started = self.starts.by_schedule.get(nominal.identity, ())
        asked = self.starts.asked.get(nominal.identity, ())
        if any(call.ends > nominal.due for call in asked):
            return True
        return any(call.ends > nominal.due and other is not nominal for call, other in started)
