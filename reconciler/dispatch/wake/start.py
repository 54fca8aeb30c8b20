"""Start one occurrence: claim it, spawn it, confirm it with the call id.

A crash between claim and spawn leaves a claim that was never confirmed. It is not known whether
the spawn took place, so no policy can both start at least once and at most once: ``delivery`` says
which way to err. Under at-most-once such a claim is left alone and the occurrence is reported as
missed; under at-least-once it is taken over once its lease has run out, as a further attempt, which
is claimed like the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reconciler.cron import minute
from reconciler.dispatch.adapters.at_once import together
from reconciler.dispatch.answers import NotStartedError, StartUnknownError, UnavailableError
from reconciler.dispatch.decide.overlap import Admission, Admitted, running_key
from reconciler.dispatch.wake.run_args import in_envelope
from reconciler.durations import format_seconds
from reconciler.model.claim import CLAIM_LIFE, Claim, Claimant, ClaimState, claim_key, read_claim
from reconciler.model.formats import Damaged, Entry
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.runs_file import (
    GIVEN_UP,
    MAY_HAVE_STARTED,
    TOO_OLD,
    UNCONFIRMED,
    RunRecord,
    RunState,
    format_time,
)
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.policies import Delivery, Overlap

if TYPE_CHECKING:
    from reconciler.dispatch.ports import Caller, Claims

ATTEMPT_LIMIT: Final = 20
"""Attempts to start one occurrence before it is given up as missed."""
CONFIRMATIONS: Final = 3
"""Times that a confirmation is tried: later occurrences may have to wait for it."""


_STARTS: Final = (Admission.START, Admission.REPLACE)


class StartResult(NamedTuple):
    """The result of an occurrence in this wake.

    Attributes:
        record: the line to write down; None when there is nothing to say yet.
        next_attempt: the attempt that a later wake has to look at; None when all is settled.
        queued: it waits for an earlier run, and that is decided.
        behind: the call of that run, when it has begun to wait just now.
        damaged: claims that cannot be read.
        found: an earlier execution had settled it.
    """

    record: RunRecord | None = None
    next_attempt: int | None = None
    queued: bool = False
    behind: str = ""
    damaged: tuple[Damaged, ...] = ()
    found: bool = False


async def start(
    record: ScheduleRecord,
    occurrence: Occurrence,
    claimant: Claimant,
    claims: Claims,
    caller: Caller,
    now: int,
    *,
    attempt: int = 1,
    behind_queue: bool = False,
) -> StartResult:
    """Bring one occurrence as far as it can be brought now; never raises for this one alone.

    Args:
        now: epoch minute as of which it is decided; a person can wake for another than the present.
        attempt: the first attempt that is not known to have failed.
        behind_queue: an earlier occurrence of the schedule waits to be started.
    """
    starter = _Starter(record, occurrence, claimant, claims, caller, now, behind_queue)
    try:
        settled = await starter.run(attempt)
    except UnavailableError as error:
        settled = StartResult(starter.note(RunState.START_FAILED, attempt, str(error)), attempt)
    return settled._replace(damaged=tuple(starter.damaged))


@dataclass(frozen=True, slots=True)
class _Starter:
    record: ScheduleRecord
    occurrence: Occurrence
    claimant: Claimant
    claims: Claims
    caller: Caller
    now: int
    behind_queue: bool
    damaged: list[Damaged] = field(default_factory=list)

    async def run(self, attempt: int) -> StartResult:
        error = "its attempts failed"
        while attempt <= ATTEMPT_LIMIT:
            key = claim_key(self.occurrence, attempt)
            admitted = await self.admission(key, attempt)
            if admitted.admission is Admission.WAIT:
                return StartResult(next_attempt=attempt)
            if admitted.admission is Admission.QUEUE:
                return self.queued(admitted, attempt)
            claim = self.claim(admitted, attempt)
            is_ours, _ = await together(self.claims.put_new(key, claim), self.look_up(admitted))
            if is_ours:
                return await self.own(key, claim, attempt, admitted)
            found = await self.claims.get(key)
            if found is None:
                return StartResult(next_attempt=attempt)
            before = read_claim(found, key)
            if before.damage is not None:
                self.damaged.append(before.damage)
            settled = await self.as_found(key, found, before, attempt, admitted)
            if settled is not None:
                return settled
            error = before.error or error
            attempt += 1
        return StartResult(self.note(RunState.MISSED, ATTEMPT_LIMIT, f"{GIVEN_UP}{error}"))

    async def look_up(self, admitted: Admitted) -> None:
        """Look the target up while the occurrence is claimed.

        Whatever is wrong with it, the claim goes on, and the start looks again and says it.
        """
        if not self.record.supervised and admitted.admission in _STARTS:
            with suppress(Exception):
                await self.caller.look_up(self.record.app, self.record.function)

    async def as_found(
        self, key: str, found: Entry, claim: Claim, attempt: int, admitted: Admitted
    ) -> StartResult | None:
        """What a claim that was there already means; None when the next attempt may begin."""
        match claim.state:
            # The wake that settled it may have died before its runs file: written down twice is
            # harmless, not at all is not.
            case ClaimState.STARTED:
                line = self.note(RunState.STARTED, attempt, call=claim.call)
                return StartResult(line, found=True)
            case ClaimState.MISSED:
                return StartResult(self.note(RunState.MISSED, attempt, claim.error), found=True)
            case ClaimState.SKIPPED:
                return StartResult(self.note(RunState.SKIPPED, attempt, claim.error), found=True)
            case ClaimState.FAILED:
                return None
            case ClaimState.CLAIMED:
                if claim.token == self.claimant.token:
                    return await self.spawn(key, dict(found), attempt, admitted)
                if not self.claimant.knows_dead(claim):
                    return StartResult(next_attempt=attempt)
                if self.record.delivery is Delivery.AT_MOST_ONCE:
                    # What cannot be read is replaced by a claim that can be.
                    kept = found if claim.damage is None else self.claimant.claim(attempt)
                    return await self.give_up(key, kept, attempt, _unconfirmed(claim))
                return None

    async def admission(self, key: str, attempt: int) -> Admitted:
        """Whether it is too late, or an earlier run is in the way."""
        reason = self.forbidden(attempt)
        if reason is not None:
            return Admitted(Admission.MISS, reason=reason)
        if self.record.overlap is Overlap.ALLOW or await self.claims.get(key) is not None:
            # What is claimed already was admitted then.
            return Admitted(Admission.START)
        from reconciler.dispatch.wake.earlier_runs import admit  # start-up time: most allow all

        admitted = await admit(
            self.record, self.occurrence, self.claimant, self.claims, self.caller
        )
        if self.behind_queue and admitted.admission is Admission.START:
            return Admitted(Admission.WAIT)
        return admitted

    def forbidden(self, attempt: int) -> str | None:
        """Why the occurrence may no longer be started, which time alone decides."""
        if self.occurrence.is_rerun:
            return None
        deadline = self.record.deadline
        if deadline is not None and (self.now - self.occurrence.at) * 60 > deadline:
            limit = f"deadline of {format_seconds(deadline)}"
            if attempt > 1:
                return f"attempt {attempt} would be past its {limit}"
            # An earlier wake had found it in time, and could not start it.
            if self.record.overlap is Overlap.QUEUE:
                waited = "waited for an earlier run, or could not be started,"
                return f"{waited} until its {limit} was over"
            return f"could not be started before its {limit} was over"
        # A task can be created after its time: no wake can have started it before that.
        first = max(self.occurrence.at, self.record.anchor)
        age = timedelta(minutes=minute(self.claimant.now) - first)
        if self.record.delivery is Delivery.AT_MOST_ONCE and age > CLAIM_LIFE:
            return f"{TOO_OLD}; delivery is at-most-once"
        return None

    def claim(self, admitted: Admitted, attempt: int) -> dict[str, str]:
        """The entry that says what was decided."""
        match admitted.admission:
            case Admission.SKIP:
                return self.claimant.dropped(ClaimState.SKIPPED, admitted.reason or "")
            case Admission.MISS:
                return self.claimant.dropped(ClaimState.MISSED, admitted.reason or "")
            case _:
                return self.claimant.claim(attempt)

    def queued(self, admitted: Admitted, attempt: int) -> StartResult:
        """It waits; written down once, when it takes its place."""
        if not admitted.reason:
            return StartResult(next_attempt=attempt, queued=True)
        line = self.note(RunState.QUEUED, attempt, admitted.reason)
        return StartResult(line, attempt, queued=True, behind=admitted.call)

    async def own(
        self, key: str, claim: dict[str, str], attempt: int, admitted: Admitted
    ) -> StartResult:
        """Go on with a claim that is ours."""
        match admitted.admission:
            case Admission.SKIP:
                return StartResult(self.note(RunState.SKIPPED, attempt, admitted.reason))
            case Admission.MISS:
                return StartResult(self.note(RunState.MISSED, attempt, admitted.reason))
            case _:
                return await self.spawn(key, claim, attempt, admitted)

    async def spawn(
        self, key: str, claim: dict[str, str], attempt: int, admitted: Admitted
    ) -> StartResult:
        try:
            await self.make_way(admitted)
            call = await self.call()
        except (UnavailableError, NotStartedError) as error:
            return await self.fail(key, claim, attempt, str(error))
        except StartUnknownError as error:
            if self.record.delivery is Delivery.AT_MOST_ONCE:
                reason = f"{MAY_HAVE_STARTED}: {error}; delivery is at-most-once"
                return await self.give_up(key, claim, attempt, reason)
            return await self.fail(key, claim, attempt, str(error))
        await self.confirm(key, {**claim, "state": ClaimState.STARTED.value, "call": call})
        why = admitted.reason
        if why is None and self.damaged:
            # An attempt before this one may have started it too: the history is to say why.
            why = f"{self.damaged[-1]}; delivery is at-least-once"
        return StartResult(self.note(RunState.STARTED, attempt, why, call))

    async def make_way(self, admitted: Admitted) -> None:
        """Take the place of the earlier run, where there may be one at a time."""
        if self.record.overlap is not Overlap.ALLOW:
            # What it replaces goes on running if we die before we cancel it.
            last = {"occurrence": self.occurrence.id, "replaces": admitted.behind}
            await self.claims.put(running_key(self.record.name), last)
        if admitted.admission is Admission.REPLACE:
            await self.caller.cancel(admitted.call)

    async def confirm(self, key: str, confirmed: Entry) -> None:
        """Put the start on record. Should that fail, the runs file says it all the same."""
        for _ in range(CONFIRMATIONS):
            try:
                await self.claims.put(key, confirmed)
            except UnavailableError:
                continue
            return

    async def call(self) -> str:
        """Start the target, or the supervisor of its run."""
        record, args = self.record, fill(self.record.args, self.occurrence)
        if record.code:
            scheduled = format_time(self.claimant.now)
            args = in_envelope(args, self.occurrence, scheduled, record.delivery)
        if not record.supervises(self.occurrence):
            if record.resources:
                return await self.caller.start_with(
                    record.app, record.function, args, record.resources
                )
            return await self.caller.start(record.app, record.function, args)
        from reconciler.dispatch.wake.supervision import RunOrder

        order = RunOrder(
            occurrence=self.occurrence.id,
            app=record.app,
            function=record.function,
            args=args,
            retries=record.retries,
            backoff=record.backoff,
            factor=record.factor,
            timeout=record.timeout,
            delivery=record.delivery,
            ping=record.ping,
            resources=record.resources,
            waited_for=bool(record.dependants) or self.occurrence.is_rerun,
        )
        return await self.caller.supervise(order.to_json())

    async def fail(self, key: str, claim: dict[str, str], attempt: int, error: str) -> StartResult:
        await self.claims.put(key, {**claim, "state": ClaimState.FAILED.value, "error": error})
        if attempt == ATTEMPT_LIMIT:
            return StartResult(self.note(RunState.MISSED, attempt, f"{GIVEN_UP}{error}"))
        return StartResult(self.note(RunState.START_FAILED, attempt, error), attempt + 1)

    async def give_up(self, key: str, found: Entry, attempt: int, reason: str) -> StartResult:
        await self.claims.put(key, {**found, "state": ClaimState.MISSED.value, "error": reason})
        return StartResult(self.note(RunState.MISSED, attempt, reason))

    def note(
        self, state: RunState, attempt: int, reason: str | None = None, call: str | None = None
    ) -> RunRecord:
        return RunRecord(
            name=self.occurrence.name,
            times=(self.occurrence.at,),
            run=self.occurrence.run,
            state=state,
            at=format_time(self.claimant.now),
            attempt=attempt,
            call=call,
            reason=reason,
        )


def fill(args: Mapping[str, Any], occurrence: Occurrence) -> dict[str, Any]:
    """The arguments with ``${occurrence.id}``, ``${occurrence.time}`` and ``${run.id}`` filled in,
    at any depth.

    ``$${`` stands for a literal ``${``.
    """
    values = {
        "occurrence.id": occurrence.first.id,
        "occurrence.time": format_minute(occurrence.at),
        "run.id": occurrence.id,
    }
    return {key: _fill(value, values) for key, value in args.items()}


def _fill(value: Any, values: Mapping[str, str]) -> Any:
    match value:
        case str():
            parts = value.split("$${")
            for name, filled in values.items():
                parts = [part.replace(f"${{{name}}}", filled) for part in parts]
            return "${".join(parts)
        case list():
            return [_fill(item, values) for item in value]
        case dict():
            return {key: _fill(item, values) for key, item in value.items()}
        case _:
            return value


def _unconfirmed(claim: Claim) -> str:
    if claim.damage is not None:
        return f"{MAY_HAVE_STARTED}: {claim.damage}; delivery is at-most-once"
    return f"wake {claim.wake} claimed it and {UNCONFIRMED}; delivery is at-most-once"
