"""The occurrences to come, over all schedules: the question behind ``reconcile next``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import takewhile
from typing import Self

from reconciler.dispatch.decide.nominal_times import exclusion, nominal_times, running_times
from reconciler.model.generation import Slot
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.forecast import slot_timetable


@dataclass(frozen=True, slots=True, order=True)
class Upcoming:
    """One occurrence to come: epoch minute, schedule, the zone that it is written in, and the
    schedules that it waits for."""

    at: int
    name: str
    zone: str
    after: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: ScheduleRecord, at: int) -> Self:
        """The occurrence of a record at an epoch minute."""
        return cls(at, record.name, record.timezone, tuple(one.name for one in record.after))


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happens in ``(after, until]``, epoch minutes.

    Attributes:
        occurrences: in the order of time and name.
        suspended: the names of schedules at which nothing happens.
        rows: per schedule its times.
        wakes: per slot the times at which it wakes.
        following: the first occurrence after that; None when one is in it or there is no more.
    """

    after: int
    until: int
    occurrences: tuple[Upcoming, ...]
    suspended: tuple[str, ...]
    rows: Mapping[str, Sequence[int]]
    wakes: Mapping[str, Sequence[int]]
    following: Upcoming | None = None


def timeline(
    records: Iterable[ScheduleRecord], slots: Iterable[Slot], after: int, until: int
) -> Timeline:
    """Put together what happens in ``(after, until]``.

    Args:
        records: of the manifests, or those that are live.
        slots: that wake for them.
    """
    records = tuple(records)
    wakes = {slot.name: tuple(slot_timetable(slot).between(after, until)) for slot in slots}
    rows: dict[str, Sequence[int]] = {}
    suspended: list[str] = []
    occurrences: list[Upcoming] = []
    for record in records:
        if record.suspended is not None and record.resumes is None:
            suspended.append(record.name)
            continue
        times = nominal_times(record, after, until)
        rows[record.name] = [at for at in times if exclusion(record, at) is None]
        occurrences += (Upcoming.of(record, at) for at in rows[record.name])
    following = None if occurrences else _following(records, until)
    return Timeline(
        after, until, tuple(sorted(occurrences)), tuple(suspended), rows, wakes, following
    )


def upcoming(records: Iterable[ScheduleRecord], after: int, until: int) -> Iterator[Upcoming]:
    """The occurrences that are to run in ``(after, until]``, in the order of time and name; no more
    of them is looked for than are taken."""

    def of_one(record: ScheduleRecord) -> Iterator[Upcoming]:
        times = takewhile(lambda at: at <= until, running_times(record, after))
        return (Upcoming.of(record, at) for at in times)

    return merge(*map(of_one, records))


def _following(records: Iterable[ScheduleRecord], until: int) -> Upcoming | None:
    firsts = ((record, next(running_times(record, until), None)) for record in records)
    return min(
        (Upcoming.of(record, at) for record, at in firsts if at is not None),
        default=None,
    )
