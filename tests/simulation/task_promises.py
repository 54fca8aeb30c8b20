"""What is promised of tasks that programs create.

* a task starts at most once under at-most-once, and otherwise again only when no confirmed start
  was on record; the same task created twice is one task;
* no task starts before its time, and none that was cancelled, or was never created;
* a task that was created has started or is reported missed, once an undisturbed wake has looked
  after its time, whenever it was created;
* no program is refused because its id is taken when all have asked for the same task.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from reconciler.model.occurrence import Occurrence
from reconciler.model.task import NAME_PREFIX
from reconciler.policies import Delivery
from tests.simulation.nominal import CleanWakes
from tests.simulation.reports import Reports
from tests.simulation.tasks import Answer, Answered
from tests.simulation.world import ENTRY_LIFE, START_SECOND, Call, World

REMEMBERED: Final = 6 * 86400.0
"""Seconds after which nothing proves any more that an at-most-once task was not started."""


@dataclass(frozen=True, slots=True)
class TaskPromises:
    """The end of a simulation, ready to be asked about each task."""

    world: World
    clean: CleanWakes
    reports: Reports
    answers: Sequence[Answered]

    def wrong(self) -> Iterator[str]:
        """What broke a promise."""
        by_id: dict[str, list[Answered]] = defaultdict(list)
        for answered in self.answers:
            by_id[answered.request.task.id].append(answered)
        asked = {one.request.task.args["id"] for one in self.answers if not one.request.cancels}
        for key in self.world.starts:
            if key.startswith(NAME_PREFIX) and key not in asked:
                yield f"{key} started and was never created"
        for task_id, answers in by_id.items():
            if task_id not in self.world.harm.tasks:
                yield from self._refused(answers)
            for key in sorted({one.request.task.args["id"] for one in answers}):
                yield from self._starts(key, answers)
                yield from self._fate(key, answers)

    def _refused(self, answers: Sequence[Answered]) -> Iterator[str]:
        creates = [one for one in answers if not one.request.cancels]
        if len({one.request.task.at for one in creates}) == 1 and len(creates) == len(answers):
            for one in creates:
                if one.answer is Answer.REFUSED:
                    yield f"task {one.request.task.id} was refused ({one.why}), and is the same"

    def _starts(self, key: str, answers: Sequence[Answered]) -> Iterator[str]:
        calls = self.world.starts.get(key, [])
        most = 1 + self._forgotten(calls, answers)
        if len(calls) > most and _deliveries(key, answers) == {Delivery.AT_MOST_ONCE}:
            yield f"{key} is at-most-once and started {len(calls)} times"
        clocks_differ = len({call.skew for call in calls}) > 1
        if any(call.repeats_confirmed for call in calls) and not clocks_differ:
            yield f"{key} started again though its start was confirmed"
        due = Occurrence.parse(key).at * 60.0
        for call in calls:
            if call.began + max(0.0, call.skew) < due:
                yield f"{key} started before its time"
        harmed = answers[0].request.task.id in self.world.harm.tasks
        if calls and not harmed and self._cancelled_for_good(key, answers):
            yield f"{key} was cancelled, and started"

    def _in_doubt(self, key: str, answers: Sequence[Answered]) -> bool:
        """Whether it is at-most-once, and a fault struck a wake that had claimed it (Starting)."""
        may_be = Delivery.AT_MOST_ONCE in _deliveries(key, answers)
        return may_be and key in self.world.disturbed

    def _forgotten(self, calls: Sequence[Call], answers: Sequence[Answered]) -> int:
        """How often it was created anew after its file and its entries had been lost."""
        if answers[0].request.task.id not in self.world.harm.tasks:
            return 0
        asked = [START_SECOND + one.request.at for one in answers if not one.request.cancels]
        return sum(
            second.began - first.began > ENTRY_LIFE
            and any(first.began < at <= second.began for at in asked)
            for first, second in pairwise(calls)
        )

    def _cancelled_for_good(self, key: str, answers: Sequence[Answered]) -> bool:
        """Whether it was cancelled, and no creation may have come after that."""
        about = [one for one in answers if one.request.task.args["id"] == key]
        cancelled = [_edition(one) for one in about if one.request.cancels and one.task is not None]
        created = [one for one in about if not one.request.cancels]
        unknown = any(one.answer is Answer.NONE for one in created)
        return bool(cancelled) and not unknown and max(cancelled) >= max(map(_edition, created))

    def _fate(self, key: str, answers: Sequence[Answered]) -> Iterator[str]:
        if any(one.request.cancels for one in answers):
            return
        if answers[0].request.task.id in self.world.harm.tasks:
            return  # its file was lost, or is reported every day
        created = [
            one.ended
            for one in answers
            if one.answer is Answer.DONE and one.task is not None and one.task.args["id"] == key
        ]
        if not created or key in self.world.starts:
            return
        since = max(Occurrence.parse(key).at * 60.0, min(created))
        if not self.clean.looked(since, float("inf")):
            return
        occurrence = Occurrence.parse(key)
        if occurrence not in self.reports.missed:
            yield f"{key} neither started nor is it reported"
        elif self._in_doubt(key, answers):
            return
        elif self.clean.looked(since, since + REMEMBERED):
            reasons = ", ".join(sorted(self.reports.missed[occurrence]))
            yield f"{key} is reported missed ({reasons}), and nothing had gone wrong"


def _deliveries(key: str, answers: Sequence[Answered]) -> set[Delivery]:
    tasks = (one.request.task for one in answers)
    return {task.delivery for task in tasks if task.args["id"] == key}


def _edition(answered: Answered) -> int:
    return 0 if answered.task is None else answered.task.edition
