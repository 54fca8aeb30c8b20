"""Supervise one run: call the target, wait, cancel it when it takes too long, try again.

Every try is claimed like a start, under ``OCCURRENCE~TRY``. A supervisor that is started again, or
twice, finds the claims of its earlier execution and goes on waiting for the call that they name.

When a run has ended, its supervisor may ask for a wake. The ends of a few seconds share a claim:
the supervisor that makes it waits until they are over and asks for a wake that sees them all. A
supervisor that dies meanwhile delays the others, and loses nothing: the next wake, whatever causes
it, sees the ends as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self, TypeVar

from reconciler.alerts import Address
from reconciler.attempts import ENVELOPE
from reconciler.dispatch.answers import (
    CallState,
    CallStatus,
    NotStartedError,
    StartUnknownError,
    TargetMissingError,
    UnavailableError,
)
from reconciler.dispatch.decide.overlap import closed_queue, queue_key
from reconciler.dispatch.ports import Caller, Claims, Clock, Messenger
from reconciler.dispatch.wake.run_args import of_try
from reconciler.dispatch.wake.sending import ping_now
from reconciler.durations import format_seconds
from reconciler.model.claim import Claim, Claimant, ClaimState, read_claim, try_key
from reconciler.model.formats import Entry
from reconciler.model.generation import ON_DEMAND
from reconciler.model.occurrence import Occurrence, time_of
from reconciler.model.outbox import Notification, NotificationKind
from reconciler.model.runs_file import MAY_HAVE_STARTED, UNCONFIRMED, format_time, try_line
from reconciler.policies import Delivery, pause_after

T = TypeVar("T")

GATHERED: Final = 2
"""Seconds of which the ends share a wake."""
MARGIN: Final = 0.5
"""Seconds in which the others that share it return, so that the wake finds their calls ended."""
TIMED_OUT: Final = "timed-out"
"""In the claim of a try: it is cancelled because its time was over."""
LOOK_AGAIN: Final = 5.0
"""Seconds after which something is asked again that had no answer."""
STARTS_PER_TRY: Final = 5
"""How often the start of one try is attempted, when its outcome stays unknown."""


class _InDoubtError(Exception):
    """A try may or may not have started, and must not start twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """What to run and how to supervise it.

    Attributes:
        occurrence: its id.
        args: filled in.
        retries: tries after the first.
        backoff: seconds before the second try; each wait is ``factor`` times the one before.
        timeout: seconds that one try may take; None for the target's own limit.
        ping: what is asked for when it starts and ends.
        resources: in place of those of the deployed function, as a schedule's record has them.
        waited_for: whether something waits for its end, so that each end asks for a wake.
    """

    occurrence: str
    app: str
    function: str
    args: Mapping[str, Any]
    retries: int = 0
    backoff: float = 1.0
    factor: float = 2.0
    timeout: int | None = None
    delivery: Delivery = Delivery.AT_LEAST_ONCE
    ping: Address | None = None
    resources: Mapping[str, Any] = field(default_factory=dict)
    waited_for: bool = False

    def to_json(self) -> dict[str, Any]:
        """The argument of the supervisor's call."""
        ping = None if self.ping is None else self.ping.to_json()
        order = {**asdict(self), "ping": ping}
        if not self.resources:
            del order["resources"]  # a supervisor of an earlier version knows no such field
        if not self.waited_for:
            del order["waited_for"]  # nor this one
        return order

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        delivery, ping = Delivery(data["delivery"]), data.get("ping")
        address = None if ping is None else Address.from_json(ping)
        return cls(**{**data, "delivery": delivery, "ping": address})

    def pause_after(self, number: int) -> float:
        """Seconds to wait after this try has failed."""
        return pause_after(number, self.backoff, self.factor)


@dataclass(frozen=True, slots=True)
class Supervisor:
    """One execution that supervises one run.

    Attributes:
        call: its own call id, the same when Modal starts it again.
        token: unique to this execution.
        pause: waits so many seconds.
    """

    order: RunOrder
    call: str
    token: str
    clock: Clock
    claims: Claims
    caller: Caller
    pause: Callable[[float], Awaitable[None]]
    messenger: Messenger
    tries: list[str] = field(default_factory=list)

    async def run(self) -> CallStatus:
        """Try until one succeeds or none is left, and ping; returns how the run ended.

        Raises:
            UnavailableError: the claims could not be read or written, again and again.
        """
        starting = asyncio.create_task(self._ping(NotificationKind.PING_START))
        status = await self._all_tries()
        await starting
        if status.state is CallState.SUCCEEDED:
            await self._ping(NotificationKind.PING_SUCCESS)
        elif status.state in (CallState.FAILED, CallState.TIMED_OUT):
            await self._ping(NotificationKind.PING_FAIL)
        return status

    async def _ping(self, kind: NotificationKind) -> None:
        order, now = self.order, self.clock.now()
        if order.ping is None:
            return
        name = Occurrence.parse(order.occurrence).name
        notification = Notification(
            kind=kind, name=name, subject=order.occurrence, raised=format_time(now)
        )
        claimant = Claimant(self.token, self.call, now)
        await ping_now(notification, order.ping, claimant, self.claims, self.messenger)

    async def _all_tries(self) -> CallStatus:
        order = self.order
        for number in range(1, order.retries + 2):
            try:
                status = await self._one_try(number)
            except _InDoubtError as doubt:
                # It may be running: no other try may follow it.
                status = CallStatus(CallState.FAILED, reason=str(doubt))
                self._note(number, status)
                break
            self._note(number, status, await self._used(status))
            if status.state in (CallState.SUCCEEDED, CallState.CANCELLED):
                break
            if number <= order.retries:
                await self._rest(number)
            elif order.retries:
                status = replace(status, reason=f"gave up after {number} tries: {status.reason}")
        return replace(status, tries=tuple(self.tries))

    def _note(self, number: int, status: CallStatus, used: str | None = None) -> None:
        line = try_line(number, status.call, status.state.value, status.reason, used)
        self.tries.append(line)

    async def _used(self, status: CallStatus) -> str | None:
        """What a try of a code target used, as its entry point recorded it."""
        if status.call is None or ENVELOPE not in self.order.args:
            return None
        from reconciler.dispatch.wake.modal_tries import used_by  # start-up time: code targets only

        return await used_by(status.call, self.claims)

    async def _rest(self, number: int) -> None:
        """Wait for the next try; one that has begun before we were started again is to be watched,
        and may take only so long."""
        if await self._persist(lambda: self.claims.get(self._key(number + 1))) is None:
            await self.pause(self.order.pause_after(number))

    def _key(self, number: int, start: int = 1) -> str:
        return try_key(self.order.occurrence, number, start)

    async def _one_try(self, number: int) -> CallStatus:
        start, error = 1, "its supervisors ended before they confirmed it"
        while start <= STARTS_PER_TRY:
            key = self._key(number, start)
            claimant = Claimant(self.token, self.call, self.clock.now())
            claim: Entry = claimant.claim(start)
            if not await self._persist(lambda k=key, c=claim: self.claims.put_new(k, c)):  # type: ignore[misc]  # bound by default, for the loop
                found = await self._persist(lambda k=key: self.claims.get(k))  # type: ignore[misc]  # the same
                claim = found if found is not None else claim
            read = read_claim(claim, key)
            match read.state:
                case ClaimState.STARTED:
                    return await self._watch(key, claim)
                case ClaimState.CLAIMED if read.token == self.token:
                    ended = await self._start(key, claim, number)
                    if isinstance(ended, CallStatus):
                        return ended
                    error = ended
                    await self.pause(LOOK_AGAIN)
                case ClaimState.CLAIMED if not claimant.knows_dead(read):
                    await self.pause(LOOK_AGAIN)
                    continue
                case ClaimState.CLAIMED if self.order.delivery is Delivery.AT_MOST_ONCE:
                    raise _InDoubtError(_unconfirmed(read))
                case _:
                    pass
            start += 1
        return CallStatus(CallState.FAILED, reason=f"not started, again and again: {error}")

    async def _start(self, key: str, claim: Entry, number: int) -> CallStatus | str:
        """Start the target and watch it; or why it may not have started, and may again."""
        order = self.order
        try:
            call = await self._begin(number)
        except TargetMissingError as error:
            return CallStatus(CallState.FAILED, reason=str(error))
        except (NotStartedError, StartUnknownError) as error:
            if isinstance(error, StartUnknownError) and order.delivery is Delivery.AT_MOST_ONCE:
                reason = f"{MAY_HAVE_STARTED}: {error}; delivery is at-most-once"
                raise _InDoubtError(reason) from error
            failed = {**claim, "state": ClaimState.FAILED.value, "error": str(error)}
            await self._persist(lambda: self.claims.put(key, failed))
            return str(error)
        since = format_time(self.clock.now())
        started = {**claim, "state": ClaimState.STARTED.value, "call": call, "since": since}
        await self._or_end(call, self._persist(lambda: self.claims.put(key, started)))
        return await self._watch(key, started)

    async def _begin(self, number: int) -> str:
        """Start the target. Should we be cancelled meanwhile, its call ends with us."""
        order = self.order
        args = of_try(dict(order.args), number)
        if order.resources:
            start = self.caller.start_with(order.app, order.function, args, order.resources)
        else:
            start = self.caller.start(order.app, order.function, args)
        starting = asyncio.ensure_future(start)
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            with suppress(NotStartedError, StartUnknownError):
                await self._cancel_at_once(await starting)
            raise

    async def _watch(self, key: str, claim: Entry) -> CallStatus:
        call = str(claim["call"])
        return await self._or_end(call, self._end_of(call, key, claim))

    async def _or_end(self, call: str, job: Awaitable[T]) -> T:
        """The result of the job. Should we be cancelled meanwhile, the call is to end with us."""
        try:
            return await job
        except asyncio.CancelledError:
            await self._cancel_at_once(call)
            raise

    async def _cancel_at_once(self, call: str) -> None:
        """Cancel without pausing in between: Modal ends us soon, whatever we do."""
        for _ in range(STARTS_PER_TRY):
            try:
                await self.caller.cancel(call)
            except UnavailableError:
                continue
            return

    async def _end_of(self, call: str, key: str, claim: Entry) -> CallStatus:
        """Wait for the end of a call, or bring it about once its time is over.

        Why it is cancelled is written down before: whatever becomes of the answer, or of us, what
        is found cancelled then has timed out, and was not cancelled by a person.
        """
        timeout, left, since = self.order.timeout, None, self._since(claim)
        timed_out = bool(claim.get(TIMED_OUT))
        while True:
            if timeout is not None:
                until = since + timedelta(seconds=timeout)
                left = max(0.0, (until - self.clock.now()).total_seconds())
            try:
                status = await self.caller.wait(call, left)
                if status.ended and not (timed_out and status.state is CallState.CANCELLED):
                    return replace(status, call=call)
                if timeout is not None:
                    if not timed_out:
                        await self.claims.put(key, {**claim, TIMED_OUT: True})
                        timed_out = True
                    await self.caller.cancel(call)
                    reason = f"cancelled after its timeout of {format_seconds(timeout)}"
                    return CallStatus(CallState.TIMED_OUT, reason=reason, call=call)
            except UnavailableError:
                await self.pause(LOOK_AGAIN)

    def _since(self, claim: Entry) -> datetime:
        """When a call was started; a claim that does not say so counts from now."""
        try:
            return datetime.fromisoformat(time_of(claim, "since"))
        except (KeyError, TypeError, ValueError):
            return self.clock.now()

    async def _persist(self, act: Callable[[], Awaitable[Any]]) -> Any:
        """Ask again when there is no answer; all that is asked here may be asked twice."""
        for _ in range(STARTS_PER_TRY):
            try:
                return await act()
            except UnavailableError:
                await self.pause(LOOK_AGAIN)
        return await act()


def _unconfirmed(claim: Claim) -> str:
    if claim.damage is not None:
        return f"{MAY_HAVE_STARTED}: {claim.damage}; delivery is at-most-once"
    return f"its supervisor {UNCONFIRMED}; delivery is at-most-once"


async def close_queue(call: str, claims: Claims) -> bool:
    """Close the queue behind a run that is over; returns whether an occurrence has a place in it.

    It claims the first place, so either the occurrence was first, and this asks for a wake; or the
    wake that wants the place finds it closed and starts the occurrence at once.

    Args:
        call: of the supervisor.
    """
    closed = closed_queue(call)
    try:
        if await claims.put_new(queue_key(call), closed):
            return False
        # An earlier execution of this supervisor may have closed it.
        return await claims.get(queue_key(call)) != closed
    except UnavailableError:
        return True  # a wake too many delays nothing


async def ask_for_wake(
    call: str,
    app: str,
    clock: Clock,
    claims: Claims,
    caller: Caller,
    pause: Callable[[float], Awaitable[None]],
) -> None:
    """Ask for a wake of our app because this call is about to end; never raises.

    Args:
        call: of the supervisor; the wake waits for its end.
        pause: waits so many seconds.
    """
    seconds = clock.now().timestamp()
    number = int(seconds // GATHERED)
    with suppress(UnavailableError):
        key = f"ends/{number}"
        entry = {"call": call}
        if not await claims.put_new(key, entry) and await claims.get(key) != entry:
            return
    await pause((number + 1) * GATHERED - seconds + MARGIN)
    with suppress(NotStartedError, StartUnknownError):
        await caller.start(app, ON_DEMAND, {"after": call})
