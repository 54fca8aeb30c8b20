"""What happened in the last hours: every run, every wake, and the gaps in which none came."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, NamedTuple

from reconciler.cron import minute
from reconciler.dispatch.decide.nominal_times import running_times
from reconciler.model.generation import new_generation
from reconciler.model.runs import Run
from reconciler.model.runs_file import WakeLog
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.query.newest_first import About, Known, RunHistory, all_names

MINUTES_PER_DAY: Final = 24 * 60
LONGEST_PAUSE: Final = 10
"""Minutes without a wake, a due minute among them, that are no gap yet."""


class Gap(NamedTuple):
    """Epoch minutes between which something was due and no wake came."""

    after: int
    until: int


@dataclass(frozen=True, slots=True)
class LastHours:
    """What happened in ``(after, until]``, epoch minutes.

    Attributes:
        runs: of each schedule, by its present name, in the order of nominal time.
        logs: what is known of each wake beside its lines, in the order in which they began.
        wakes: the minutes in which a wake began, ascending.
        gaps: in which no wake came.
    """

    after: int
    until: int
    runs: Mapping[str, Sequence[Run]]
    wakes: tuple[int, ...]
    gaps: tuple[Gap, ...]
    logs: tuple[WakeLog, ...] = ()


async def last_hours(
    history: RunHistory,
    records: Iterable[ScheduleRecord],
    until: int,
    hours: int,
    now: int | None = None,
) -> LastHours:
    """Read what happened in the hours before a minute.

    Args:
        records: the schedules that are live.
        until: epoch minute.
        now: epoch minute, where ``until`` is in the past.

    Raises:
        UnavailableError: Modal did not answer.
    """
    after = until - hours * 60
    days = (max(until, now or until) - after) // MINUTES_PER_DAY + 2

    def wanted(known: Known) -> About | None:
        return None if known.after <= after else all_names

    live = new_generation(records, (), 0)
    known = await history.read_back(wanted, days=days)
    runs: dict[str, list[Run]] = {}
    for run in known.ordered:
        owner = live.owner(run.occurrence)
        if owner is not None and after < run.occurrence.at <= until:
            runs.setdefault(owner.name, []).append(run)
    begun = set(map(_minute, known.headers))
    wakes = tuple(sorted(at for at in begun if after - LONGEST_PAUSE < at <= until))
    due = {at for record in live.records for at in _until(running_times(record, after), until)}
    logs = (log for log in known.headers if after < _minute(log) <= until)
    return LastHours(
        after,
        until,
        runs,
        wakes,
        tuple(wake_gaps(wakes, sorted(due), after, until)),
        tuple(sorted(logs, key=lambda log: log.started)),
    )


def wake_gaps(wakes: Sequence[int], due: Iterable[int], after: int, until: int) -> Iterator[Gap]:
    """Find the gaps: at least :data:`LONGEST_PAUSE` minutes without a wake, in which one was due.

    Args:
        wakes, due: epoch minutes, ascending. A wake in the due minute itself is in time.
    """
    due = list(due)
    for before, following in pairwise((after, *wakes, until + 1)):
        first = bisect_left(due, before + 1)
        waits = first < len(due) and due[first] < following
        if waits and following - before > LONGEST_PAUSE:
            yield Gap(before, min(following, until))


def _minute(log: WakeLog) -> int:
    return minute(datetime.fromisoformat(log.started))


def _until(times: Iterable[int], until: int) -> Iterator[int]:
    for at in times:
        if at > until:
            return
        yield at
