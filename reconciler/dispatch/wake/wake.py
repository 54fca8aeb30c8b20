"""One wake: look at every schedule, start what is due, write down what was done.

The order is what the promises rest on: claim, spawn, confirm; then the runs file; then the cursor;
then the notifications. A crash after any of them leaves claims and a cursor from which the next
wake goes on.

Most wakes run in a container that was started for them. What few of them need (tasks, the day's
chores, notifications, recovering the cursor) is imported where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from reconciler.cron import minute
from reconciler.dispatch.adapters.at_once import at_once, together
from reconciler.dispatch.answers import CallState, UnavailableError
from reconciler.dispatch.decide.due import (
    NO_TASKS,
    Due,
    FoundTasks,
    Starting,
    WakeStep,
    decide_pending,
    find_due,
    hold_back,
    in_steps,
)
from reconciler.dispatch.wake.cursor_entry import CursorWriter, cursor_from, record_sendings
from reconciler.dispatch.wake.request import (
    NothingAppliedError,
    Ports,
    UnknownScheduleError,
    WakeRequest,
)
from reconciler.dispatch.wake.step import StepProcessor, Tally, dropped_line
from reconciler.model.claim import CLAIM_LIFE, Claimant
from reconciler.model.cursor import CURSOR_KEY, Cursor, Lookback
from reconciler.model.formats import REPAIR, Damaged, FormatError
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time, shorten
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.task import NAME_PREFIX, is_task
from reconciler.policies import Overlap

if TYPE_CHECKING:
    from reconciler.dispatch.ports import Caller
    from reconciler.dispatch.wake.backfills import Turns
    from reconciler.dispatch.wake.damage import FoundDamage
    from reconciler.dispatch.wake.dependencies import Dependencies
    from reconciler.dispatch.wake.repeats import Before
    from reconciler.model.outbox import Notification, Sending

CALLS_WATCHED: Final = 500
"""Open calls whose end one wake asks for at a time, of each schedule the oldest first."""
WATCHING: Final = timedelta(minutes=2)
"""The age from which a wake asks for no more of them. Until then it does: as many end as are
started, and what no wake gets round to piles up until Modal has forgotten it."""
FURTHER_ROUNDS: Final = 20
"""How often a wake looks again because a run has ended for which something waits."""


async def wake(ports: Ports, request: WakeRequest) -> WakeLog:
    """Process what is due.

    Returns:
        What was done; already stored when there was anything to store.

    Raises:
        NothingAppliedError, UnknownScheduleError: there is nothing to process.
        FormatError: the pointer or the generation cannot be read, or the record of the one schedule
            that is asked for, or a newer version wrote one of them or the cursor. What waited to be
            sent was sent, and the cursor did not move.
        UnavailableError: the generation, the cursor or the runs file could not be read or written.
            Nothing is lost: the cursor did not move.
    """
    started = ports.clock.now()
    try:
        return await _rounds(ports, request, started)
    except FormatError as error:
        from reconciler.dispatch.wake.damage import (
            notify_of_outage,  # start-up time: mostly all is well
        )

        await notify_of_outage(ports, request, error, started)
        raise


async def _rounds(ports: Ports, request: WakeRequest, started: datetime) -> WakeLog:
    """Process what is due, and again while a run has ended meanwhile for which something waits: its
    end asked for a wake that could not know yet what waits for it."""
    log, running = await _wake(ports, request, started)
    for number in range(1, FURTHER_ROUNDS + 1):
        if request.as_if is not None or not await _have_ended(running, ports.caller):
            break
        again = WakeRequest(wake=request.wake, token=f"{number}.{request.token}", slot=request.slot)
        further, running = await _wake(ports, again, ports.clock.now())
        log = replace(
            log,
            records=(*log.records, *further.records),
            sendings=(*log.sendings, *further.sendings),
        )
    return log


async def _have_ended(calls: Iterable[str], caller: Caller) -> bool:
    """Whether one of these calls has ended; without an answer none has, and the next wake sees."""
    for call in calls:
        with suppress(UnavailableError):
            if (await caller.status(call)).ended:
                return True
    return False


async def _wake(
    ports: Ports, request: WakeRequest, started: datetime
) -> tuple[WakeLog, frozenset[str]]:
    """Process what is due once; returns what was done, and the calls whose end may have asked for a
    wake that cannot know what waits for it: this wake started them, or queued something behind."""
    generation, entry = await together(ports.generations.live(), ports.claims.get(CURSOR_KEY))
    cursor = await cursor_from(entry, ports, generation, started)
    if generation is None:
        raise NothingAppliedError
    now = request.until(started)
    tasks = await _found_tasks(ports, request, now, started)
    lookback = cursor.lookback(now, generation.digest)
    dues, before = _requested(generation, lookback, request, now), None
    if request.trigger is not None and request.args:
        from reconciler.dispatch.wake.run_args import with_args  # start-up time: a person wakes

        # Those of others that follow it have their own arguments.
        first = dues[0].record
        first = await with_args(first, first.occurrence(now), request.args, ports.claims)
        dues[0] = dues[0]._replace(record=first)
    if request.as_if is None:
        dues = await _not_settled(dues, cursor, ports, now)
    elif dues:
        from reconciler.dispatch.wake.repeats import settled_before  # start-up time: a person wakes

        dues, before = await settled_before(dues, cursor, ports.log, started)
    carried_over = cursor.pending.keys() if request.regular else ()
    work = _Wake(ports, request, generation, tasks, started, lookback, before)
    return await work.run(cursor, in_steps([*dues, *tasks.dues(carried_over)], now))


@dataclass(frozen=True, slots=True)
class _Wake:
    ports: Ports
    request: WakeRequest
    generation: Generation
    tasks: FoundTasks
    started: datetime
    lookback: Lookback
    before: Before | None = None
    """What the history says of what a person asks for; None where it is not asked."""

    async def run(
        self, cursor: Cursor, steps: Iterable[WakeStep]
    ) -> tuple[WakeLog, frozenset[str]]:
        claimant = Claimant(self.request.token, self.request.wake, self.started)
        now = self.request.until(self.started)
        ports, started = self.ports, self.started
        processor = StepProcessor(claimant, ports.claims, ports.caller, ports.clock, now)
        writer = CursorWriter(ports, self.request, self.generation, started, cursor, self.lookback)
        if self.request.trigger is not None:
            processor.queued.update(self.pending_before(cursor, now))
        logs: list[WakeLog] = []
        waits: Dependencies | None = None
        calls: set[str] = set()
        damaged = [*cursor.damaged, *self.tasks.damaged, *await self.tidy_once_a_day(cursor)]
        if self.before is not None:
            damaged += self.before.damaged
        read, woken = cursor, cursor.wakes
        open_before = cursor.pending.keys() if self.request.regular else ()
        for step in steps:
            tally = Tally()
            if not logs:
                tally.records.extend(self.tasks.lines)
                tally.damaged.extend(damaged)
            carried_over = {} if logs else await self.carried_over(cursor, processor, tally)
            free, others, held = hold_back(step.dues, carried_over, self.request.trigger)
            await processor.process(free, others, open_before, tally)
            ended = [] if logs else await self.ended_calls(cursor.calls)
            if held:
                waits = waits or self.dependencies(cursor, now)
                await waits.process(held, processor, tally, ended)
                calls.update(tally.calls)
            await self.leave_out_repeats(read, tally)
            found = await self.found_damage((*tally.damaged, *self.generation.damaged))
            log = self.log(step.through, len(logs) + 1, tally, ended, found)
            if log.records or log.pending or log.damaged:
                await self.ports.log.write(log)
            damage = () if found is None else found.notifications
            cursor = await writer.advance(cursor, log, tally, ended, damage)
            # Last: until a task's file goes, a wake that dies leaves it to the next one.
            await self.settle_tasks(tally, first=not logs)
            logs.append(log)
        backfills = await self.take_turns(claimant)
        if backfills is not None and (backfills.starting or backfills.damaged):
            tally = Tally(damaged=backfills.damaged)
            await processor.process((), backfills.starting, (), tally)
            await self.leave_out_repeats(read, tally)
            found = await self.found_damage(tally.damaged)
            log = self.log(logs[-1].now, len(logs) + 1, tally, (), found)
            await self.ports.log.write(log)
            damage = () if found is None else found.notifications
            cursor = await writer.advance(cursor, log, tally, (), damage)
            logs.append(log)
        if backfills is not None:
            await backfills.end(self.ports.claims)
        late = [] if waits is None else waits.late
        sendings = await self.notify(claimant, woken, cursor, logs[-1], late)
        records = tuple(line for log in logs for line in log.records)
        before = () if self.before is None else self.before.lines
        log = replace(logs[-1], records=records, sendings=sendings, before=before)
        return log, frozenset(processor.behind | (waits.running & calls if waits else set()))

    def dependencies(self, cursor: Cursor, now: int) -> Dependencies:
        from reconciler.dispatch.wake.dependencies import Dependencies  # start-up time: few wait

        log, started = self.ports.log, self.started
        return Dependencies(self.generation, log, now, started, cursor, self.look_at)

    async def take_turns(self, claimant: Claimant) -> Turns | None:
        """What this wake starts for backfills, after all that is due; None where there are none."""
        files = self.ports.backfills
        if files is None or not self.request.regular or not await files.listed():
            return None
        from reconciler.dispatch.wake.backfills import take_turns  # start-up time: few wakes do

        return await take_turns(files, self.ports.claims, self.generation, claimant)

    def pending_before(self, cursor: Cursor, now: int) -> Iterator[str]:
        """The schedules with an earlier occurrence that is pending, and for which later ones wait.

        A regular wake processes them in order. A trigger processes its own occurrence alone:
        another wake may be starting the earlier one at this moment.
        """
        for key in cursor.pending:
            occurrence = Occurrence.parse(key)
            record = self.generation.owner(occurrence)
            if record is None or record.overlap is Overlap.ALLOW or occurrence.is_rerun:
                continue
            if occurrence.at < now:
                yield record.name

    async def leave_out_repeats(self, read: Cursor, tally: Tally) -> None:
        """Drop what this wake found again, and an earlier one has written down.

        Args:
            read: the cursor with which this wake began.
        """
        again = [line for line in tally.found if self.may_repeat(line, read)]
        if again:
            from reconciler.dispatch.wake.repeats import leave_out_repeats

            keep = not self.request.regular
            await leave_out_repeats(again, tally, self.ports.log, self.started, keep=keep)

    def may_repeat(self, line: RunRecord, read: Cursor) -> bool:
        if not self.request.regular:
            # The next regular wake processes it as well, if none has in its turn.
            return True
        at, key = line.occurrence.at, line.occurrence.id
        return read.has_passed(at) and key not in read.pending and not is_task(key)

    async def settle_tasks(self, tally: Tally, *, first: bool) -> None:
        found = self.tasks if first else self.tasks._replace(known=(), over=())
        if found != NO_TASKS:
            from reconciler.dispatch.wake.due_tasks import settle_tasks

            await settle_tasks(self.ports.tasks, found, tally.records)

    async def tidy_once_a_day(self, cursor: Cursor) -> Sequence[Damaged]:
        """Do the day's chores; returns the files that these came upon and that cannot be read."""
        today, ports, token = self.started.date(), self.ports, self.request.token
        known = cursor.tidied >= today.isoformat()
        if ports.archive is None or not self.request.regular or known:
            return ()
        from reconciler.dispatch.wake.housekeeping import tidy

        keep = timedelta(days=self.generation.history_days)
        more = ports.tasks, ports.backfills
        return await tidy(ports.archive, ports.claims, minute(self.started), keep, token, *more)

    async def found_damage(self, damaged: Sequence[Damaged]) -> FoundDamage | None:
        """What of this was not known yet, with its notifications; None where all is well."""
        if not damaged:
            return None
        from reconciler.dispatch.wake.damage import found_damage

        return await found_damage(damaged, self.ports.claims, self.started)

    async def carried_over(
        self, cursor: Cursor, processor: StepProcessor, tally: Tally
    ) -> Starting:
        """What earlier wakes left pending, with the next attempt; or the run that is asked for."""
        rerun = self.request.rerun
        if rerun is not None:
            from reconciler.dispatch.wake.run_args import with_args  # start-up time: a person wakes

            record, args = _record_of(self.generation, rerun.name, rerun), self.request.args
            return {rerun: (await with_args(record, rerun, args, self.ports.claims), 1)}
        if not self.request.regular:
            return {}
        left = decide_pending(cursor, self.generation, self.tasks, minute(self.started))
        tally.pending.update(left.waiting)
        await processor.give_up(left.dropped, cursor.pending)
        tally.records.extend(dropped_line(one, self.started) for one in left.dropped)
        tally.settled.extend(left.settled)
        if cursor.triggered.isdisjoint(cursor.pending):
            return left.again
        from reconciler.dispatch.wake.run_args import with_stored_args

        return await with_stored_args(left.again, cursor.triggered, self.ports.claims)

    async def ended_calls(self, calls: Mapping[str, str]) -> list[RunRecord]:
        """A line for each open call that has ended. One that does not answer is asked again."""
        turns = _in_turn(calls)
        ended: list[RunRecord] = []
        for first in range(0, len(turns), CALLS_WATCHED):
            if first and self.ports.clock.now() - self.started > WATCHING:
                break
            watched = turns[first : first + CALLS_WATCHED]
            found = await at_once(
                self.look_at(call, Occurrence.parse(key)) for call, key in watched
            )
            ended += [record for record in found if record is not None]
        return ended

    async def look_at(self, call: str, occurrence: Occurrence) -> RunRecord | None:
        try:
            status = await self.ports.caller.status(call)
        except UnavailableError:
            return None
        if not status.ended:
            return None
        tries = status.tries or await self.tries_of(call, occurrence)
        reason = status.reason
        if len(tries) > 1 and not status.tries and status.state is not CallState.SUCCEEDED:
            reason = f"gave up after {len(tries)} tries: {reason}"
        return RunRecord(
            name=occurrence.name,
            times=(occurrence.at,),
            run=occurrence.run,
            state=RunState(status.state.value),
            at=format_time(self.started),
            call=call,
            reason=reason,
            result=status.result,
            tries=tries,
        )

    async def tries_of(self, call: str, occurrence: Occurrence) -> tuple[str, ...]:
        """The tries of a call of a code target, as its entry point recorded them."""
        record = self.generation.owner(occurrence)
        if record is None or not record.code:
            return ()
        from reconciler.dispatch.wake.modal_tries import tries_of  # start-up time: few runs have it

        return await tries_of(call, record.tries + 1, self.ports.claims)

    def log(
        self,
        through: int,
        part: int,
        tally: Tally,
        ended: Sequence[RunRecord],
        damage: FoundDamage | None,
    ) -> WakeLog:
        return WakeLog(
            wake=self.request.wake,
            part=part,
            execution=self.request.token,
            slot=self.request.slot,
            source=self.request.source,
            triggered=self.request.triggered,
            started=format_time(self.started),
            now=through,
            generation=self.generation.digest,
            through=through if self.request.regular else None,
            pending=tally.pending,
            records=tuple(shorten(record) for record in (*tally.records, *ended)),
            damaged=() if damage is None else damage.new,
            number=self.generation.number,
            first_start=tally.first_start,
        )

    async def notify(
        self,
        claimant: Claimant,
        woken: Mapping[str, str],
        cursor: Cursor,
        last: WakeLog,
        late: Iterable[Notification],
    ) -> tuple[Sending, ...]:
        """Send the notifications, now that all else is safe.

        Args:
            woken: when each slot last woke before this wake.
            late: alerts about what still waits.
        """
        ports, notifications = self.ports, [*cursor.outbox.notifications.values(), *late]
        if self.request.regular and self.generation.alerts is not None:
            from reconciler.dispatch.decide.notifications import overdue_notifications

            slot, since, worker = self.request.slot, cursor.recovered, self.generation.worker
            notifications += overdue_notifications(
                self.generation,
                woken,
                self.started,
                slot,
                since,
                by_worker=worker is not None and worker.source == self.request.source,
            )
        if ports.messenger is None or not notifications:
            return ()
        from reconciler.dispatch.wake.sending import send_notifications

        sent = await send_notifications(
            notifications, self.generation, claimant, ports.claims, ports.messenger
        )
        await record_sendings(sent, cursor, last, ports.claims, ports.log)
        return sent.sendings


def _in_turn(calls: Mapping[str, str]) -> list[tuple[str, str]]:
    """Calls with their occurrence ids: of each schedule the oldest, then of each the next. All
    tasks together count as one.

    Those of one that has more than it gets done must not hide how the others end.
    """
    if len(calls) <= CALLS_WATCHED:
        return list(calls.items())
    places: dict[str, int] = {}
    turns = []
    for call, key in calls.items():
        name = NAME_PREFIX if is_task(key) else Occurrence.parse(key).name
        places[name] = places.get(name, 0) + 1
        turns.append((places[name], call, key))
    return [(call, key) for _, call, key in sorted(turns, key=lambda turn: turn[0])]


async def _found_tasks(
    ports: Ports, request: WakeRequest, now: int, started: datetime
) -> FoundTasks:
    if ports.tasks is None or request.trigger is not None or request.rerun is not None:
        return NO_TASKS
    paths = await ports.tasks.pending(now)
    if not paths:
        return NO_TASKS
    from reconciler.dispatch.wake.due_tasks import find_tasks  # start-up time: few wakes find any

    exactly = request.as_if is not None
    return await find_tasks(
        paths, ports.tasks, ports.log, ports.claims, now, started, exactly=exactly
    )


def _requested(
    generation: Generation, lookback: Lookback, request: WakeRequest, now: int
) -> list[Due]:
    if request.trigger is not None:
        record = _record_of(generation, request.trigger)
        if not record.dependants:
            return [Due(record, (now,))]
        from reconciler.dispatch.wake.dependencies import followers  # start-up time: few have any

        return [Due(record, (now,)), *followers(generation, record, now)]
    if request.rerun is not None:
        return []
    return find_due(generation, lookback if request.as_if is None else Lookback(now - 1), now)


def _record_of(
    generation: Generation, name: str, occurrence: Occurrence | None = None
) -> ScheduleRecord:
    """The record that a person asks for: by its name, or by an occurrence of it."""
    record = generation.find(name) if occurrence is None else generation.owner(occurrence)
    if record is None and generation.may_have(name):
        unreadable = generation.damaged[-1]
        raise FormatError(unreadable.why, where=unreadable.where, remedy=REPAIR)
    if record is None:
        raise UnknownScheduleError(name)
    return record


async def _not_settled(dues: list[Due], cursor: Cursor, ports: Ports, now: int) -> list[Due]:
    """What is due, without what was settled so long ago that its claims may have expired."""
    oldest = min((due.oldest for due in dues), default=now)
    if timedelta(minutes=now - oldest) <= CLAIM_LIFE or not cursor.has_passed(oldest):
        return dues
    from reconciler.dispatch.wake.repeats import not_settled

    return await not_settled(dues, cursor, ports.log, now)
