"""What is due: the nominal times since the last wake, and what the policies make of them. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from reconciler.cron import instant
from reconciler.dispatch.decide.nominal_times import exclusion, nominal_times
from reconciler.durations import format_seconds
from reconciler.model.claim import CLAIM_LIFE
from reconciler.model.cursor import Cursor, Lookback
from reconciler.model.formats import Damaged
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.runs_file import TOO_OLD, RunRecord, format_time
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.task import is_task
from reconciler.policies import Catchup, Delivery

if TYPE_CHECKING:
    from reconciler.model.task import SettledTask, Task


class Due(NamedTuple):
    """What is to be done about one schedule."""

    record: ScheduleRecord
    start: tuple[int, ...]
    dropped: tuple[Dropped, ...] = ()

    @property
    def times(self) -> tuple[int, ...]:
        """All epoch minutes that this is about."""
        return (*self.start, *(at for item in self.dropped for at in item.times))

    @property
    def oldest(self) -> int:
        """The oldest of them."""
        return min(self.times)

    def without(self, times: Container[int]) -> Due:
        """The same, but for these epoch minutes."""
        cut = (
            item._replace(times=tuple(at for at in item.times if at not in times))
            for item in self.dropped
        )
        start = tuple(at for at in self.start if at not in times)
        return self._replace(start=start, dropped=tuple(item for item in cut if item.times))


def find_due(generation: Generation, lookback: Lookback, now: int) -> list[Due]:
    """What is due up to ``now`` and what the policies make of it, by name. Pure; epoch minutes."""
    found = []
    for record in _candidates(generation, lookback, now):
        since = lookback.of(record.anchor, generation.begun.get(record.name, 0))
        times = nominal_times(record, since, now)
        if times:
            verdict = judge(record, times, now, generation.punctuality)
            found.append(Due(record, verdict.start, verdict.dropped))
    return found


def _candidates(generation: Generation, lookback: Lookback, now: int) -> list[ScheduleRecord]:
    """The records that may be due, by name."""
    found: dict[str, ScheduleRecord] = {}
    for record in map(generation.read, generation.candidates(lookback, now)):
        if record is not None:
            found.setdefault(record.name, record)
    if lookback.number is not None:
        for name, number in generation.begun.items():
            if number > lookback.number and name not in found:
                record = generation.find(name)
                if record is not None:
                    found[name] = record
    return [found[name] for name in sorted(found)]


CATCHUP_LIMIT: Final = 1000
"""Occurrences of one schedule that one wake starts at most; an older backlog is given up."""


class DropOutcome(StrEnum):
    """The outcome of an occurrence that did not start."""

    MISSED = "missed"
    """It should have run."""
    SKIPPED = "skipped"
    """The manifest, or a person, said that it must not run."""


class Dropped(NamedTuple):
    """Occurrences of one schedule that do not start, for one reason.

    Attributes:
        times: epoch minutes, ascending, never empty.
        run: the number of the run that does not start.
    """

    name: str
    times: tuple[int, ...]
    outcome: DropOutcome
    reason: str
    run: int = 1


class Verdict(NamedTuple):
    """The outcome of the rules for one schedule: epoch minutes to start, and what is dropped."""

    start: tuple[int, ...]
    dropped: tuple[Dropped, ...]


def judge(record: ScheduleRecord, due: Sequence[int], now: int, punctuality: int) -> Verdict:
    """Apply the record's policies to its due occurrences.

    Args:
        due: epoch minutes, ascending, all at or before ``now``, none of them claimed before.
        now: epoch minute of the wake.
        punctuality: seconds that the newest occurrence may be late and still count as in time.
    """
    dropped: list[Dropped] = []

    def release(times: Sequence[int], outcome: DropOutcome, reason: str) -> None:
        if times:
            dropped.append(Dropped(record.name, tuple(times), outcome, reason))

    if record.suspended is not None or record.exclude:
        for reason, times in _excluded_times(record, due).items():
            release(times, DropOutcome.SKIPPED, reason)
        due = [at for at in due if exclusion(record, at) is None]

    deadline = record.deadline
    if deadline is not None:
        late = [at for at in due if (now - at) * 60 > deadline]
        if late:
            limit = f"deadline of {_seconds(deadline)}"
            release(late, DropOutcome.MISSED, f"no wake came within its {limit}")
            due = due[len(late) :]

    in_time, backlog = _split(record, due, now, punctuality)
    start, given_up, reason = _catch_up(record.catchup, in_time, backlog, punctuality)
    release(given_up, DropOutcome.MISSED, reason)
    return Verdict(tuple(start), tuple(dropped))


def _split(
    record: ScheduleRecord, due: Sequence[int], now: int, punctuality: int
) -> tuple[Sequence[int], Sequence[int]]:
    """Separate what this wake processes in time from what no wake processed in time.

    Within its tolerance an occurrence waits for a wake by agreement, and so every one counts;
    otherwise the newest alone does, and only if the wake was not later than the punctuality.
    """
    seconds = punctuality + record.tolerance * 60
    first = next((n for n, at in enumerate(due) if (now - at) * 60 <= seconds), len(due))
    if not record.tolerance:
        first = max(first, len(due) - 1)
    return due[first:], due[:first]


def _excluded_times(record: ScheduleRecord, due: Sequence[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for at in due:
        reason = exclusion(record, at)
        if reason is not None:
            found.setdefault(reason, []).append(at)
    return found


def _catch_up(
    catchup: Catchup, in_time: Sequence[int], backlog: Sequence[int], punctuality: int
) -> tuple[Sequence[int], Sequence[int], str]:
    """Split what is due into what starts and what is given up, with the reason for the latter."""
    due = (*backlog, *in_time)
    match catchup:
        case Catchup.ALL:
            reason = f"more than {CATCHUP_LIMIT} occurrences to catch up with"
            return due[-CATCHUP_LIMIT:], due[:-CATCHUP_LIMIT], reason
        case Catchup.LATEST:
            start = in_time or backlog[-1:]
            newer = format_minute(start[0]) if start else ""
            reason = f"no wake came in time; catchup is latest, and {newer} is newer"
            return start, due[: len(due) - len(start)], reason
        case Catchup.NONE:
            if not backlog:
                return in_time, (), ""
            reason = f"no wake came within {_seconds(punctuality)}; catchup is none"
            if in_time:
                # What is given up may be less late than that: the newest alone is in time.
                newer = format_minute(in_time[0])
                reason = f"no wake came in time; catchup is none, and {newer} is newer"
            return in_time, backlog, reason


def _seconds(seconds: int) -> str:
    return format_seconds(seconds)


STEP_SIZE: Final = 200
"""Occurrences in one step, unless more are due in the same minute."""


class WakeStep(NamedTuple):
    """Part of what is due.

    Attributes:
        through: epoch minute; all that is due at or before it is in this step or an earlier one.
    """

    through: int
    dues: tuple[Due, ...]


def in_steps(dues: Sequence[Due], now: int, size: int = STEP_SIZE) -> Iterator[WakeStep]:
    """Cut what is due, oldest first. There is always a last step, which ends at ``now``."""
    counts: dict[int, int] = {}
    for due in dues:
        for at in (*due.start, *(at for item in due.dropped for at in item.times)):
            counts[at] = counts.get(at, 0) + 1
    begin, held = None, 0
    for at in sorted(counts):
        if held and held + counts[at] > size:
            yield WakeStep(at - 1, tuple(_between(dues, begin, at - 1)))
            begin, held = at - 1, 0
        held += counts[at]
    yield WakeStep(now, tuple(dues) if begin is None else tuple(_between(dues, begin, now)))


Starting: TypeAlias = Mapping[Occurrence, tuple[ScheduleRecord, int]]
"""What is to start: the record, and the first attempt that is not known to have failed."""


def hold_back(
    dues: Iterable[Due], carried_over: Starting, by_hand: str | None
) -> tuple[list[Due], Starting, Starting]:
    """What is due and what was carried over, without what waits for others; and that. A further run
    of an occurrence waits for nothing: a person asked for it.

    Args:
        by_hand: the schedule that a person asks for: its occurrence waits for nothing.
    """
    free, held = [], dict[Occurrence, tuple[ScheduleRecord, int]]()
    for due in dues:
        if due.record.after and due.record.name != by_hand:
            held |= {due.record.occurrence(at): (due.record, 1) for at in due.start}
            due = due._replace(start=())
        free.append(due)
    others = dict[Occurrence, tuple[ScheduleRecord, int]]()
    for key, value in carried_over.items():
        (held if value[0].after and not key.is_rerun else others)[key] = value
    return free, others, held


def _between(dues: Sequence[Due], after: int | None, until: int) -> Iterator[Due]:
    def within(times: Sequence[int]) -> tuple[int, ...]:
        return tuple(at for at in times if (after is None or after < at) and at <= until)

    for due in dues:
        cut = (item._replace(times=within(item.times)) for item in due.dropped)
        dropped = tuple(item for item in cut if item.times)
        start = within(due.start)
        if start or dropped:
            yield due._replace(start=start, dropped=dropped)


DELETED: Final = "its schedule was deleted meanwhile"
DELETION_DOUBTED: Final = 60
"""Minutes for which a pending occurrence waits for its schedule, which is not in what this wake
reads: it may be stale, and the schedule new."""


class FoundTasks(NamedTuple):
    """What a wake finds in the files of tasks; most wakes find nothing.

    Attributes:
        due: what is to be started, by name.
        known: what the runs files say is settled, while no other file does.
        over: paths of tasks that are settled, and that are still there.
        lines: what is to be written down of tasks that do not start.
        damaged: runs files that were asked about old tasks, and cannot be read.
    """

    due: Mapping[str, Task] = MappingProxyType({})
    known: tuple[SettledTask, ...] = ()
    over: tuple[str, ...] = ()
    lines: tuple[RunRecord, ...] = ()
    damaged: tuple[Damaged, ...] = ()

    def dues(self, but: Container[str]) -> Iterator[Due]:
        """What is to be started, without the occurrences of these ids."""
        for task in self.due.values():
            if task.occurrence.id not in but:
                yield Due(task.record(), (task.at,))


NO_TASKS: Final = FoundTasks()


class Pending(NamedTuple):
    """See the module.

    Attributes:
        again: what to try again, with the attempt that is next.
        waiting: occurrence id to attempt, of what it is too early to decide.
        dropped: what is dropped after all.
        settled: the ids of what later wakes need not process, ``dropped`` among them.
    """

    again: Mapping[Occurrence, tuple[ScheduleRecord, int]]
    waiting: Mapping[str, int]
    dropped: tuple[Dropped, ...]
    settled: tuple[str, ...]


def decide_pending(cursor: Cursor, generation: Generation, tasks: FoundTasks, now: int) -> Pending:
    """Decide about each.

    Args:
        cursor: what earlier wakes left.
        now: epoch minute of the wake.
    """
    again: dict[Occurrence, tuple[ScheduleRecord, int]] = {}
    waiting: dict[str, int] = {}
    given_up: list[Dropped] = []
    settled: list[str] = []
    for key, attempt in cursor.pending.items():
        occurrence = Occurrence.parse(key)
        if is_task(occurrence.name):
            # Without its file it is settled, or this wake reads what was there before.
            task = tasks.due.get(occurrence.name)
            if task is None:
                settled.append(key)
            else:
                again[occurrence] = (task.record(), attempt)
            continue
        record = generation.owner(occurrence)
        if record is None and generation.may_have(occurrence.name):
            waiting[key] = attempt  # until its record can be read
            continue
        if _undecided(occurrence, record, now):
            waiting[key] = attempt
            continue
        dropped = _dropped(occurrence, record, cursor, now)
        if dropped is not None:
            given_up.append(dropped)
            settled.append(key)
        elif record is not None:
            again[occurrence] = (record, attempt)
    return Pending(again, waiting, tuple(given_up), tuple(settled))


def _undecided(occurrence: Occurrence, record: ScheduleRecord | None, now: int) -> bool:
    """Whether it is too early: a clock was ahead, or what this wake reads may be stale."""
    return occurrence.at > now or (record is None and now - occurrence.at < DELETION_DOUBTED)


def _dropped(
    occurrence: Occurrence, record: ScheduleRecord | None, cursor: Cursor, now: int
) -> Dropped | None:
    if record is None:
        return _single(occurrence, DropOutcome.MISSED, DELETED)
    if occurrence.is_rerun:
        # Its age does not say whether its claim may have died, as it does of other occurrences.
        newest = max(cursor.wakes.values(), default="")
        if record.delivery is Delivery.AT_MOST_ONCE and newest < _claims_live_since(now):
            doubt = f"{TOO_OLD}; delivery is at-most-once"
            return _single(occurrence, DropOutcome.MISSED, doubt)
        return None
    if occurrence.id in cursor.triggered or occurrence.at <= record.anchor:
        return None
    reason = exclusion(record, occurrence.at)
    if reason is None:
        return None
    return _single(occurrence, DropOutcome.SKIPPED, reason)


def _single(occurrence: Occurrence, outcome: DropOutcome, reason: str) -> Dropped:
    return Dropped(occurrence.name, (occurrence.at,), outcome, reason, occurrence.run)


def _claims_live_since(now: int) -> str:
    return format_time(instant(now) - CLAIM_LIFE)
