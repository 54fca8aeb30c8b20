"""One apply at a time: a lease in the Dict.

Invariant: *at most one holder whose lease has not run out*. The Dict has no compare-and-swap, so a
lease is never taken over in place: leases are numbered, the highest number is the current one, and
the next number is claimed by ``put_new``, which one contender wins. The number is also a fencing
token: a holder whose number is no longer the highest has lost the lease. A holder whose own lease
ran out, on a machine that slept, takes the next number like any contender before it goes on.

Not promised: a holder that is stopped between its last look at the lease and the write that follows
writes all the same. That write is one file, the pointer, and the newer apply observes again at its
end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.ports import Claims, Clock
from reconciler.errors import ReconcileError, RefusedError
from reconciler.model.formats import UnreadableEntry, typed
from reconciler.model.occurrence import time_of
from reconciler.model.runs_file import format_time

LEASE_TIME: Final = timedelta(minutes=10)
"""How long a lease is held without being renewed."""
RENEWAL: Final = timedelta(minutes=1)
"""How often it is renewed while it is held; before every step of an apply it is, besides."""
HEAD_KEY: Final = "lease"
RELEASES: Final = 3
"""Times that giving a lease back is tried: what stays behind keeps the next apply waiting."""


class LeaseHeldError(RefusedError):
    """Another apply holds the lease."""


class LeaseLostError(ReconcileError):
    """The lease ran out, and another process has taken it."""


class LeaseLeftError(ReconcileError):
    """The work is done, or was interrupted, and the lease could not be given back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lease, for people.

    Attributes:
        owner: a name.
        link: where the run can be seen, None when there is no such place.
    """

    owner: str
    link: str | None = None


@dataclass(slots=True)
class Lease:
    """A lease that we hold, or are about to take.

    Attributes:
        until: when it runs out; None before it is taken.
    """

    claims: Claims
    clock: Clock
    holder: Holder
    number: int
    token: str
    since: datetime
    until: datetime | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(self) -> None:
        """Claim its number.

        Raises:
            LeaseHeldError: another process was quicker.
        """
        async with self._turn:
            await self._take()

    async def _take(self) -> None:
        until = self.clock.now() + LEASE_TIME
        if not await self.claims.put_new(_key(self.number), self._entry(until)):
            winner = await self.claims.get(_key(self.number))
            if winner is None or winner.get("token") != self.token:
                unknown = {"owner": "an unknown process", "since": "now", "link": None}
                raise _held(self.number, winner or unknown)
        self.until = until
        await self.claims.put(HEAD_KEY, {"number": self.number})

    async def renew(self) -> None:
        """Hold it for another :data:`LEASE_TIME`.

        A renewal that has begun comes to its end also when its caller is cancelled: cut off, its
        write could reach the Dict after that of :meth:`release`, and lock what was released.

        Raises:
            LeaseLostError: another process has taken or broken it.
        """
        await asyncio.shield(self._in_turn())

    async def _in_turn(self) -> None:
        async with self._turn:
            await self._renew()

    async def _renew(self) -> None:
        following = await self.claims.get(_key(self.number + 1))
        current = await self.claims.get(_key(self.number))
        mine = (
            current is not None
            and current.get("token") == self.token
            and current.get("released") is False
        )
        if following is not None or not mine:
            raise _lost()
        now = self.clock.now()
        if self.until is not None and self.until < now:
            # Others take it for free, and one of them may have begun to take the next.
            self.number += 1
            try:
                await self._take()
            except LeaseHeldError as error:
                raise _lost() from error
            return
        await self.claims.put(_key(self.number), self._entry(now + LEASE_TIME))
        self.until = now + LEASE_TIME

    async def release(self) -> bool:
        """Give it back; if it is not ours, leave it alone. Whether we are rid of it."""
        async with self._turn:
            return await self._release()

    async def _release(self) -> bool:
        for _ in range(RELEASES):
            try:
                current = await self.claims.get(_key(self.number))
                if current is not None and current.get("token") == self.token:
                    await self.claims.put(
                        _key(self.number), self._entry(self.clock.now(), released=True)
                    )
            except UnavailableError:
                continue
            return True
        return False

    def _entry(self, until: datetime, *, released: bool = False) -> dict[str, Any]:
        return {
            "owner": self.holder.owner,
            "link": self.holder.link,
            "token": self.token,
            "since": format_time(self.since),
            "until": format_time(until),
            "released": released,
        }


@asynccontextmanager
async def held_lease(claims: Claims, clock: Clock, holder: Holder) -> AsyncIterator[Lease]:
    """Hold the lease for a while, and give it back however the block ends.

    It is renewed while the block runs. When that finds it lost, the block is cancelled.

    Raises:
        LeaseHeldError: another process holds it.
        LeaseLostError: another process took it in the middle.
        LeaseLeftError: the block ended well or was cancelled, and the lease is still ours.
    """
    lease = await _free_lease(claims, clock, holder)
    try:
        # Taking it may fail after it was taken.
        await lease.take()
        async with _renewing(lease):
            yield lease
    except asyncio.CancelledError:
        if not await _released(lease):
            raise _left("it was interrupted", lease) from None
        raise
    except BaseException:
        # What went wrong says more; should the lease be left, the next apply names it.
        await lease.release()
        raise
    if not await lease.release():
        raise _left("all is done", lease)


@asynccontextmanager
async def _renewing(lease: Lease) -> AsyncIterator[None]:
    """Renew a lease until the block ends.

    Raises:
        LeaseLostError: it is not ours any more; the block was cancelled.
    """
    block = asyncio.current_task()
    assert block is not None
    ended, lost = asyncio.Event(), False

    async def renew() -> None:
        nonlocal lost
        while not await _within(RENEWAL, ended):
            try:
                await lease.renew()
            except UnavailableError:
                continue  # it is ours for some more minutes, and those that follow try again
            except LeaseLostError:
                lost = True
                block.cancel()
                return

    renewing = asyncio.create_task(renew())
    try:
        try:
            yield
        finally:
            # Not cancelled: a renewal that has begun has to come to its end before the release.
            ended.set()
            await asyncio.wait([renewing])
            renewing.result()
    except asyncio.CancelledError as error:
        if lost and not block.uncancel():
            raise _lost() from error
        raise


async def _within(time: timedelta, event: asyncio.Event) -> bool:
    """Wait for an event, and no longer than that. Whether it came."""
    try:
        async with asyncio.timeout(time.total_seconds()):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def _released(lease: Lease) -> bool:
    """Give a lease back when its holder was cancelled, and may be once more."""
    try:
        return await lease.release()
    except asyncio.CancelledError:
        return False


async def break_lease(claims: Claims, clock: Clock, number: int) -> None:
    """Take the lease with this number from its holder.

    Raises:
        ReconcileError: it is not the current lease.
    """
    found = await _current(claims)
    if found is None or found[0] != number or _is_free(found[1], clock.now()):
        held = "no apply is running"
        if found is not None and not _is_free(found[1], clock.now()):
            held = f"the current one is {found[0]}"
        raise ReconcileError(f"there is no lease {number} to break: {held}")
    await claims.put(_key(number), {**found[1], "released": True})
    # A head that cannot be read would keep it held; one that lags behind does no harm.
    await claims.put(HEAD_KEY, {"number": number})


async def _free_lease(claims: Claims, clock: Clock, holder: Holder) -> Lease:
    """The next lease, which is not taken yet."""
    now = clock.now()
    found = await _current(claims)
    if found is not None and not _is_free(found[1], now):
        raise _held(*found)
    number = 1 if found is None else found[0] + 1
    return Lease(claims, clock, holder, number, uuid4().hex, now)


async def _current(claims: Claims) -> tuple[int, Mapping[str, Any]] | None:
    """The lease with the highest number; the head entry may lag behind by those just taken.

    A head that cannot be read hides the highest number. What is found then counts as held, until a
    person breaks it: an apply that goes on could be anywhere above.
    """
    head = await claims.get(HEAD_KEY)
    first = 1 if head is None else _number(head)
    number = first or 1
    found = None
    while (entry := await claims.get(_key(number))) is not None:
        found = (number, entry)
        number += 1
    if first is None:
        return (found[0] if found else 1), UnreadableEntry(f"the Dict entry {HEAD_KEY} is damaged")
    if found is None and head is not None:
        # The lease expired before its head did: it is not held, and its number is used.
        return first, {"released": True}
    return found


def _number(head: Mapping[str, Any]) -> int | None:
    """The number in the head entry; None when it has none."""
    try:
        number = typed(head, "number", int)
    except (KeyError, TypeError):
        return None
    return number if number > 0 else None


def _is_free(entry: Mapping[str, Any], now: datetime) -> bool:
    """Whether it is not held. An entry that cannot be read may be of an apply that goes on."""
    if entry.get("released") is True:
        return True
    try:
        return time_of(entry, "until") < format_time(now)
    except (KeyError, TypeError, ValueError):
        return False


def _lost() -> LeaseLostError:
    return LeaseLostError(
        "the lease was taken over while this apply was under way",
        remedy="Run reconcile again: it goes on from what is live.",
    )


def _left(what: str, lease: Lease) -> LeaseLeftError:
    return LeaseLeftError(
        f"{what}, but lease {lease.number} could not be given back: until it has run out, "
        f"in {LEASE_TIME.total_seconds() / 60:.0f} minutes, every other apply is refused",
        remedy="Wait, or",
        command=f"unlock {lease.number}",
    )


def _held(number: int, entry: Mapping[str, Any]) -> LeaseHeldError:
    if not isinstance(entry.get("owner"), str) or "since" not in entry:
        return LeaseHeldError(
            f"lease {number} cannot be read, so an apply may be running",
            remedy="Make sure that none is, then",
            command=f"unlock {number}",
        )
    link = f", see {entry['link']}" if entry.get("link") else ""
    return LeaseHeldError(
        f"{entry['owner']} is applying since {entry['since']} (lease {number}){link}",
        remedy="Wait for it to finish. If it is dead",
        command=f"unlock {number}",
    )


def _key(number: int) -> str:
    return f"lease/{number}"
