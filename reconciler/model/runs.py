"""The runs: what the lines of many wakes say of each occurrence, put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from reconciler.cron import instant, minute
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, replaced_in

_RANK: Final = {
    RunState.QUEUED: 0,
    RunState.START_FAILED: 0,
    RunState.SKIPPED: 1,
    RunState.MISSED: 2,
    RunState.STARTED: 3,
}
"""Which of two lines about one occurrence says more; the end of a call says most. Of what is not
the last word, the later line does."""
_RANK_ENDED: Final = 4


class Decision(NamedTuple):
    """What a wake decided about an occurrence.

    Attributes:
        at: when, ISO 8601.
        state: the state that followed from it.
        reason: why.
    """

    at: str
    state: RunState
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of an occurrence, as far as the wakes know.

    Attributes:
        state: the last that is known.
        started: when it was spawned, ISO 8601; None when it was not.
        seen: when the last of it was seen.
        reason: of the state: why it was dropped, or its error.
        decisions: all that was decided of it and has a reason, oldest first. How it ended is no
            decision, and hides none.
        replaced_by: the occurrence id of the run for which this one was ended.
        wake, slot: the wake that wrote the last word, and its slot.
        starter: the wake that started it; None when it did not start, and in summaries.
    """

    occurrence: Occurrence
    state: RunState
    seen: str
    started: str | None = None
    attempt: int = 1
    call: str | None = None
    reason: str | None = None
    result: str | None = None
    tries: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    replaced_by: str | None = None
    wake: str
    slot: str
    starter: str | None = field(default=None, compare=False)

    @property
    def is_open(self) -> bool:
        """Whether Modal can be asked how it ended: no wake has written that down yet."""
        return self.state is RunState.STARTED and self.call is not None

    @property
    def replaced(self) -> str | None:
        """The occurrence id of the run that was ended for this one."""
        named = (replaced_in(decision.reason) for decision in self.decisions)
        return next((occurrence for occurrence in named if occurrence is not None), None)


def runs_of(logs: Iterable[WakeLog]) -> Sequence[Run]:
    """The runs, in the order of nominal time, name and number.

    Args:
        logs: oldest first.
    """
    return in_order(merged(logs))


def merged(logs: Iterable[WakeLog]) -> dict[Occurrence, Run]:
    """What these logs say of each occurrence.

    Two wakes may write about the same occurrence (one of them may have died before it knew what
    the other did); what proves more wins: an end over a start, a start over a miss.

    Args:
        logs: oldest first.
    """
    found: dict[Occurrence, Run] = {}
    for log in logs:
        for record in log.records:
            for occurrence in record.occurrences:
                run = _run(occurrence, record, log)
                before = found.get(occurrence)
                found[occurrence] = run if before is None else combined(before, run)
    return found


def with_older(found: dict[Occurrence, Run], older: Mapping[Occurrence, Run]) -> None:
    """Add what older logs say to what newer ones have said."""
    both = {one: combined(older[one], found[one]) for one in older.keys() & found.keys()}
    found.update(older)
    found.update(both)


def in_order(found: Mapping[Occurrence, Run]) -> list[Run]:
    """The runs in the order of nominal time, name and number, each with what replaced it."""
    replaced_by = {
        gone: run.occurrence.id
        for run in found.values()
        if run.decisions and (gone := run.replaced) is not None
    }
    if not replaced_by:
        return sorted(found.values(), key=_place)
    runs = (judged(run, replaced_by.get(run.occurrence.id)) for run in found.values())
    return sorted(runs, key=_place)


def _place(run: Run) -> tuple[int, str, int]:
    name, at, number = run.occurrence
    return at, name, number


def begun(run: Run) -> int:
    """The epoch minute by which a run is newer than others: its nominal time, or its start where a
    wake processed it before that."""
    at = run.occurrence.at
    return at if run.started is None else min(at, minute_of(run.started))


@lru_cache(maxsize=4096)
def minute_of(time: str) -> int:
    """The epoch minute of an instant, ISO 8601; many runs of a wake bear the same one."""
    return minute(datetime.fromisoformat(time))


def lateness(run: Run) -> int | None:
    """Seconds from the nominal time to the wake that started it; None when it did not start, or a
    person asked for it later."""
    if run.started is None or run.occurrence.is_rerun:
        return None
    begun = datetime.fromisoformat(run.started)
    return max(0, int((begun - instant(run.occurrence.at)).total_seconds()))


def duration(run: Run) -> int | None:
    """Seconds from the start to the wake that saw the end: it ran no longer than that. None while
    no wake has seen it."""
    if run.started is None or not run.state.ended:
        return None
    seen = datetime.fromisoformat(run.seen) - datetime.fromisoformat(run.started)
    seconds = int(seen.total_seconds())
    return seconds if seconds > 0 else None


def judged(run: Run, replaced_by: str | None) -> Run:
    """The run, with why it was cancelled: the client only says that a user did it."""
    if replaced_by is None or run.state not in (RunState.STARTED, RunState.CANCELLED):
        # It ended by itself before that could end it.
        return run if run.replaced_by is None else replace(run, replaced_by=None)
    cancelled = run.state is RunState.CANCELLED
    reason = f"replaced by {replaced_by}" if cancelled else run.reason
    return replace(run, reason=reason, replaced_by=replaced_by)


def _decisions(record: RunRecord) -> tuple[Decision, ...]:
    if record.reason is None or record.state.ended:
        return ()
    return (Decision(record.at, record.state, record.attempt, record.reason),)


def _run(occurrence: Occurrence, record: RunRecord, log: WakeLog) -> Run:
    return Run(
        occurrence=occurrence,
        state=record.state,
        seen=record.at,
        started=record.at if record.state is RunState.STARTED else None,
        attempt=record.attempt,
        call=record.call,
        reason=record.reason,
        result=record.result,
        tries=record.tries,
        decisions=_decisions(record),
        wake=log.wake,
        slot=log.slot,
        starter=log.wake if record.state is RunState.STARTED else None,
    )


def combined(one: Run, other: Run) -> Run:
    """What older logs and newer ones say of one occurrence, put together."""
    # A later wake that finds a start writes it down again: the first says when it was made.
    again = one.state is other.state is RunState.STARTED and one.call == other.call
    last, first = (one, other) if again or _rank(one) > _rank(other) else (other, one)
    # Several wakes may have come to the same one.
    known = {decision[1:] for decision in one.decisions}
    new = (decision for decision in other.decisions if decision[1:] not in known)
    # Spelled out: ``replace`` takes twice as long, and a day of many schedules has many of these.
    return Run(
        occurrence=last.occurrence,
        state=last.state,
        seen=last.seen,
        started=last.started or first.started,
        attempt=max(one.attempt, other.attempt),
        call=last.call or first.call,
        reason=last.reason,
        result=last.result,
        tries=last.tries,
        decisions=(*one.decisions, *new),
        replaced_by=last.replaced_by,
        wake=last.wake,
        slot=last.slot,
        starter=last.starter or first.starter,
    )


def _rank(run: Run) -> int:
    return _RANK_ENDED if run.state.ended else _RANK[run.state]
