"""Send notices: each once to each address, by whichever wake claims it.

A sending is claimed like a start, under ``notice/ID/ADDRESS``, and confirmed once the receiver has
taken it. At least once: a claim whose wake died is taken over as a further attempt, for an alarm
that comes twice is better than none. Only the ping of a start is sent at most once, since one that
comes late would say that a run is going that has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from reconciler.alerts import Address, Receiver
from reconciler.dispatch.adapters.at_once import AT_ONCE, at_once
from reconciler.dispatch.answers import UnavailableError, UnsentError
from reconciler.dispatch.decide.messages import PING_SUFFIX, body
from reconciler.dispatch.decide.notifications import GIVEN_UP_AFTER, noting, rule_of
from reconciler.dispatch.ports import Claims, Messenger, RunLog
from reconciler.dispatch.wake.cursor_entry import rewrite
from reconciler.model.claim import Claim, Claimant, ClaimState, read_claim
from reconciler.model.cursor import Cursor
from reconciler.model.formats import Entry, FormatError, reading, typed
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence, parse_minute, time_of
from reconciler.model.outbox import Bulletin, Notice, NoticeKind, Told, ToldState
from reconciler.model.runs import RunRecord, WakeLog, format_time

SENDING: Final = 30.0
"""Seconds that a wake spends on sending at most."""
ATTEMPTS: Final = 8
"""Times that a notice is tried, over two hours if there are wakes."""
LONGEST_WAIT: Final = 60
"""Minutes between two attempts at most; the first wait is one, each twice the one before."""
OF_NO_SCHEDULE: Final = (NoticeKind.OVERDUE, NoticeKind.DAMAGED)
"""Kinds that are about a slot or about what is stored: sent if the setting ``overdue`` says so."""


class Sending(StrEnum):
    """The state of an attempt to send, in its claim."""

    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of notices.

    Attributes:
        settled: the ids of those that nobody has to look at again.
        told: a line for each that was sent, or could not be.
    """

    settled: frozenset[str]
    told: tuple[Told, ...]


async def deliver(
    notices: Iterable[Notice],
    generation: Generation,
    claimant: Claimant,
    claims: Claims,
    messenger: Messenger,
    whom: Callable[[Notice, Generation], Sequence[Receiver]] | None = None,
) -> Delivered:
    """Send what is to be sent, within the bounds above; never raises for want of a receiver.

    All alarms to one receiver are one message, so that their number costs claims and no patience.

    Whom to tell is what the live generation says, so that a wrong address can be mended.

    Args:
        whom: for whom a notice is; None for :func:`receivers`.
    """
    held = tuple(notices)
    round_ = _Round(claimant, claims, messenger)
    fresh = [notice for notice in held if not round_.is_stale(notice)]
    lanes: dict[tuple[bool, Receiver], list[Notice]] = {}
    for notice in fresh:
        for receiver in (whom or receivers)(notice, generation):
            lanes.setdefault((notice.kind.is_ping, receiver), []).append(notice)
    jobs = (
        partial(round_.pings, receiver.address, group)
        if is_ping
        else partial(round_.alarms, receiver, group, generation)
        for (is_ping, receiver), group in lanes.items()
    )
    await round_.within_bounds(jobs)
    left = {
        notice.id
        for (_, receiver), group in lanes.items()
        for notice in group
        if (notice.id, receiver) not in round_.done
    }
    settled = frozenset({notice.id for notice in held} - left)
    return Delivered(settled, tuple(round_.told))


async def ping_now(
    notice: Notice, address: Address, claimant: Claimant, claims: Claims, messenger: Messenger
) -> None:
    """Send one ping. What goes wrong is for the next wake, which comes to the same notice."""
    round_ = _Round(claimant, claims, messenger)
    await round_.within_bounds([partial(round_.pings, address, [notice])])


def receivers(notice: Notice, generation: Generation) -> Sequence[Receiver]:
    """Whom a notice is for, by what is live now."""
    if notice.kind in OF_NO_SCHEDULE:
        alerts = generation.alerts
        return alerts.rule.to if alerts is not None and alerts.overdue else ()
    record = generation.named(notice.name)
    if notice.kind.is_ping:
        return () if record is None or record.ping is None else (Receiver(record.ping),)
    rule = rule_of(generation, notice.name, record)
    return () if rule is None else rule.to


@dataclass(frozen=True, slots=True)
class _Claimed:
    """An attempt that is ours."""

    notice: Notice
    receiver: Receiver
    key: str
    entry: Mapping[str, str]
    attempt: int

    @property
    def is_last(self) -> bool:
        return self.attempt >= _attempts(self.notice)


@dataclass(frozen=True, slots=True)
class _Round:
    """The sendings of one wake.

    Attributes:
        done: notice ids and receivers for which nothing is left to do.
        dead: hosts that did not answer, which are not asked again in this round.
    """

    claimant: Claimant
    claims: Claims
    messenger: Messenger
    done: set[tuple[str, Receiver]] = field(default_factory=set)
    told: list[Told] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)

    async def within_bounds(self, jobs: Iterable[Callable[[], Awaitable[None]]]) -> None:
        """Run the jobs; what is not done in time is cut off, and is the next wake's."""
        free = asyncio.Semaphore(AT_ONCE)

        async def run(job: Callable[[], Awaitable[None]]) -> None:
            async with free:
                with suppress(UnavailableError):
                    await job()

        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*map(run, jobs)), SENDING)

    def is_stale(self, notice: Notice) -> bool:
        """Whether it is too old to be sent, which is written down."""
        age = self.claimant.now - datetime.fromisoformat(notice.raised)
        if age <= GIVEN_UP_AFTER:
            return False
        self.told.append(
            Told(notice.id, "", ToldState.GIVEN_UP, "it is older than a day", notice.times)
        )
        return True

    async def alarms(
        self, receiver: Receiver, notices: Sequence[Notice], generation: Generation
    ) -> None:
        """Send alarms to one receiver, all in one message."""
        found = await at_once(self.claim(notice, receiver) for notice in notices)
        claimed = [one for one in found if one is not None]
        if claimed:
            content = body([one.notice for one in claimed], generation, receiver.format)
            error = await self.send(receiver.address, "", content)
            await at_once(self.confirm(one, error) for one in claimed)

    async def pings(self, address: Address, notices: Sequence[Notice]) -> None:
        """Send the pings of one address, in their order: behind one that waits, all wait."""
        receiver = Receiver(address)
        for notice in notices:
            if address.shown in self.dead:
                return
            claimed = await self.claim(notice, receiver)
            if claimed is not None:
                error = await self.send(address, PING_SUFFIX[notice.kind], None)
                await self.confirm(claimed, error)
                if error is not None:
                    return
            elif (notice.id, receiver) not in self.done:
                return

    async def claim(self, notice: Notice, receiver: Receiver) -> _Claimed | None:
        """The attempt that is to be made now; None when there is none, now or ever."""
        now = format_time(self.claimant.now)
        for attempt in range(1, _attempts(notice) + 1):
            key = _key(notice, receiver, attempt)
            entry = self.claimant.claim(attempt)
            if await self.claims.put_new(key, entry):
                return _Claimed(notice, receiver, key, entry, attempt)
            found = await self.claims.get(key)
            if found is None:
                return None
            match _sending(found, key):
                case Sending.SENT, _, _:
                    break
                case Sending.FAILED, _, again if again > now:
                    return None
                case Sending.CLAIMED, claim, _ if claim.token == self.claimant.token:
                    return _Claimed(notice, receiver, key, entry, attempt)
                case Sending.CLAIMED, claim, _ if not self.claimant.knows_dead(claim):
                    return None
                case _:
                    continue
        self.done.add((notice.id, receiver))
        return None

    async def send(self, address: Address, suffix: str, content: bytes | None) -> str | None:
        """Send one message; returns why it was not taken."""
        try:
            await self.messenger.send(address, suffix, content)
        except UnsentError as error:
            if not error.answered:
                self.dead.add(address.shown)
            return str(error)
        return None

    async def confirm(self, claimed: _Claimed, error: str | None) -> None:
        """Put on record what became of an attempt. Unrecorded, it is made again."""
        state, entry = ToldState.SENT, {**claimed.entry, "state": Sending.SENT.value}
        if error is not None:
            state = ToldState.GIVEN_UP if claimed.is_last else ToldState.FAILED
            wait = timedelta(minutes=min(LONGEST_WAIT, 2 ** (claimed.attempt - 1)))
            again = format_time(self.claimant.now + wait)
            entry |= {"state": Sending.FAILED.value, "error": error, "again": again}
        address = claimed.receiver.address
        notice = claimed.notice
        self.told.append(Told(notice.id, address.shown, state, error, notice.times))
        if state is not ToldState.FAILED:
            self.done.add((claimed.notice.id, claimed.receiver))
        await self.claims.put(claimed.key, entry)


def _sending(entry: Entry, key: str) -> tuple[Sending, Claim, str]:
    """An attempt to send: its state, who made it, and from when on it may be made again.

    One that cannot be read counts as made by a wake that has ended: an alarm that comes twice is
    better than none.
    """
    unknown = Claim(ClaimState.CLAIMED)
    try:
        with reading("an attempt to send", key):
            state = Sending(typed(entry, "state", str))
            again = time_of(entry, "again") if state is Sending.FAILED else ""
            if state is not Sending.CLAIMED:
                return state, unknown, again
            return state, read_claim(entry, key), again
    except FormatError:
        return Sending.CLAIMED, unknown, ""


def _attempts(notice: Notice) -> int:
    return 1 if notice.kind is NoticeKind.PING_START else ATTEMPTS


def _key(notice: Notice, receiver: Receiver, attempt: int) -> str:
    key = f"notice/{notice.id}/{receiver.address.fingerprint}-{receiver.format}"
    return key if attempt == 1 else f"{key}#{attempt}"


def noted(
    merged: Cursor,
    found: Cursor,
    generation: Generation,
    records: Iterable[RunRecord],
    seen: datetime,
) -> Cursor:
    """The cursor with what these lines give to tell.

    The end of a call that is no longer open in the cursor as it was found was noted by another
    wake. Ends come before starts, so that the pings of a schedule are in order.
    """
    new = [line for line in records if not line.state.ended or line.call in found.calls]
    new.sort(key=lambda line: (not line.state.ended, line.occurrence.at))
    bulletin = noting(found.bulletin, generation, new, seen)
    needed = _needed(bulletin, merged, generation)
    return replace(merged, bulletin=bulletin._replace(succeeded=needed))


def _needed(bulletin: Bulletin, cursor: Cursor, generation: Generation) -> dict[str, str]:
    """The successes that are newer than a run that is still open, by the names of today."""
    oldest: dict[str, int] = {}
    for key in (*cursor.calls.values(), *cursor.unsettled) if bulletin.succeeded else ():
        occurrence = Occurrence.parse(key)
        owner = generation.owner(occurrence)
        name, at = occurrence.name if owner is None else owner.name, occurrence.at
        oldest[name] = min(at, oldest.get(name, at))
    return {
        name: time
        for name, time in bulletin.succeeded.items()
        if name in oldest and oldest[name] < parse_minute(time)
    }


async def settle(
    sent: Delivered, cursor: Cursor, last: WakeLog, claims: Claims, log: RunLog
) -> None:
    """Write down what was sent, and take what is settled out of the cursor.

    Should either fail, the next wake finds the notices, and their claims say that they were sent.

    Args:
        cursor: as this wake left it.
        last: the last log that it wrote.
    """
    try:
        if sent.told:
            told = replace(last, part=last.part + 1, through=None, unsettled={}, records=())
            await log.write(replace(told, told=sent.told))
        if not sent.settled.isdisjoint(cursor.bulletin.notices):
            await rewrite(
                claims,
                f"{last.execution}.told",
                cursor,
                lambda found: replace(found, bulletin=found.bulletin.without(sent.settled)),
            )
    except UnavailableError:
        return
