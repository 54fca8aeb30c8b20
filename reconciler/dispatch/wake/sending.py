"""Send notifications: each once to each address, by the wake that claims it.

A sending is claimed like a start, under ``notice/ID/ADDRESS``, and confirmed once the receiver has
taken it. At least once: a claim whose wake died is taken over as a further attempt, for an alert
that comes twice is better than none. Only the ping of a start is sent at most once, since one that
comes late would say that a run is going that has ended.

Test alerts, which a person asks for to see whether they arrive, claim nothing and are not written
down: no later wake repeats them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple

from reconciler.alerts import Address, Recipient
from reconciler.dispatch.adapters.at_once import AT_ONCE, at_once
from reconciler.dispatch.answers import UnavailableError, UnsentError
from reconciler.dispatch.decide.messages import PING_SUFFIX, body
from reconciler.dispatch.decide.notifications import GIVEN_UP_AFTER, rule_of
from reconciler.dispatch.ports import Claims, Messenger
from reconciler.dispatch.wake.request import Ports
from reconciler.model.claim import Claim, Claimant, ClaimState, read_claim
from reconciler.model.formats import Entry, FormatError, reading, typed
from reconciler.model.generation import Generation
from reconciler.model.occurrence import time_of
from reconciler.model.outbox import Notification, NotificationKind, Sending, SendingState
from reconciler.model.runs_file import format_time

SENDING: Final = 30.0
"""Seconds that a wake spends on sending at most."""
CLAIMING: Final = 10.0
"""Seconds of these that it spends on claiming the alerts of one message. One claim that comes to no
end must not hold up the others: theirs count as attempts."""
ATTEMPTS: Final = 8
"""Attempts to send a notification, over two hours if there are wakes."""
LONGEST_WAIT: Final = 60
"""Minutes between two attempts at most; the first wait is one, each twice the one before."""
UNADDRESSED: Final = timedelta(minutes=15)
"""How long a notification waits whose recipients the generation does not name. A wake may read what
was live some minutes ago, and not know a schedule that has appeared, or its recipients, since."""
OF_NO_SCHEDULE: Final = (NotificationKind.OVERDUE, NotificationKind.DAMAGED)
"""Kinds that are about a slot or about what is stored: sent if the setting ``overdue`` says so."""


class ClaimedSending(StrEnum):
    """The state of an attempt to send, in its claim."""

    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of sending notifications.

    Attributes:
        settled: the ids of those that no wake has to process again.
        sendings: one for each that was sent, or could not be.
    """

    settled: frozenset[str]
    sendings: tuple[Sending, ...]


async def send_notifications(
    notifications: Iterable[Notification],
    generation: Generation,
    claimant: Claimant,
    claims: Claims,
    messenger: Messenger,
    whom: Callable[[Notification, Generation], Sequence[Recipient]] | None = None,
) -> Sent:
    """Send what is to be sent, within the bounds above; never raises for want of a receiver.

    All alerts to one receiver are one message, so that their number costs claims and no patience.

    The live generation names the recipients, so that a wrong address can be mended.

    Args:
        whom: the recipients of a notification; None for :func:`recipients`.
    """
    held = tuple(notifications)
    round_ = _Round(claimant, claims, messenger)
    fresh = [notification for notification in held if not round_.is_stale(notification)]
    lanes: dict[tuple[bool, Recipient], list[Notification]] = {}
    unaddressed = set()
    for notification in fresh:
        receivers = (whom or recipients)(notification, generation)
        if not receivers and round_.age(notification) < UNADDRESSED:
            unaddressed.add(notification.id)
        for receiver in receivers:
            lanes.setdefault((notification.kind.is_ping, receiver), []).append(notification)
    jobs = (
        partial(round_.pings, receiver.address, group)
        if is_ping
        else partial(round_.alerts, receiver, group, generation)
        for (is_ping, receiver), group in lanes.items()
    )
    await round_.within_bounds(jobs)
    left = {
        notification.id
        for (_, receiver), group in lanes.items()
        for notification in group
        if (notification.id, receiver) not in round_.done
    }
    settled = frozenset({notification.id for notification in held} - left - unaddressed)
    return Sent(settled, tuple(round_.sendings))


async def ping_now(
    notification: Notification,
    address: Address,
    claimant: Claimant,
    claims: Claims,
    messenger: Messenger,
) -> None:
    """Send one ping. On a failure the next wake tries again: it makes the same notification."""
    round_ = _Round(claimant, claims, messenger)
    await round_.within_bounds([partial(round_.pings, address, [notification])])


def recipients(notification: Notification, generation: Generation) -> Sequence[Recipient]:
    """The recipients of a notification, by what is live now."""
    if notification.kind in OF_NO_SCHEDULE:
        alerts = generation.alerts
        return alerts.rule.to if alerts is not None and alerts.overdue else ()
    record = generation.named(notification.name)
    if notification.kind.is_ping:
        return () if record is None or record.ping is None else (Recipient(record.ping),)
    rule = rule_of(generation, notification.name, record)
    return () if rule is None else rule.to


@dataclass(frozen=True, slots=True)
class _Claimed:
    """An attempt that is ours."""

    notification: Notification
    receiver: Recipient
    key: str
    entry: Mapping[str, str]
    attempt: int

    @property
    def is_last(self) -> bool:
        return self.attempt >= _attempts(self.notification)


@dataclass(frozen=True, slots=True)
class _Round:
    """The sendings of one wake.

    Attributes:
        done: notification ids and receivers for which nothing is left to do.
        dead: hosts that did not answer, which are not asked again in this round.
    """

    claimant: Claimant
    claims: Claims
    messenger: Messenger
    done: set[tuple[str, Recipient]] = field(default_factory=set)
    sendings: list[Sending] = field(default_factory=list)
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

    def age(self, notification: Notification) -> timedelta:
        """How long ago it was raised, by the clock of this wake."""
        return self.claimant.now - datetime.fromisoformat(notification.raised)

    def is_stale(self, notification: Notification) -> bool:
        """Whether it is too old to be sent, which is written down."""
        if self.age(notification) <= GIVEN_UP_AFTER:
            return False
        self.sendings.append(
            Sending(
                notification.id,
                "",
                SendingState.GIVEN_UP,
                "it is older than a day",
                notification.times,
            )
        )
        return True

    async def alerts(
        self, receiver: Recipient, notifications: Sequence[Notification], generation: Generation
    ) -> None:
        """Send alerts to one receiver, all in one message; without those that cannot be claimed."""
        found: dict[str, _Claimed] = {}

        async def claim(notification: Notification) -> None:
            with suppress(UnavailableError):
                if (one := await self.claim(notification, receiver)) is not None:
                    found[notification.id] = one

        with suppress(TimeoutError):
            async with asyncio.timeout(CLAIMING):
                await at_once(map(claim, notifications))
        claimed = [found[one.id] for one in notifications if one.id in found]
        if claimed:
            content = body([one.notification for one in claimed], generation, receiver)
            error = await self.send(receiver.address, "", content)
            await at_once(self.confirm(one, error) for one in claimed)

    async def pings(self, address: Address, notifications: Sequence[Notification]) -> None:
        """Send the pings of one address, in their order: behind one that waits, all wait."""
        receiver = Recipient(address)
        for notification in notifications:
            if address.shown in self.dead:
                return
            claimed = await self.claim(notification, receiver)
            if claimed is not None:
                error = await self.send(address, PING_SUFFIX[notification.kind], None)
                await self.confirm(claimed, error)
                if error is not None:
                    return
            elif (notification.id, receiver) not in self.done:
                return

    async def claim(self, notification: Notification, receiver: Recipient) -> _Claimed | None:
        """The attempt that is to be made now; None when there is none, now or ever."""
        now = format_time(self.claimant.now)
        for attempt in range(1, _attempts(notification) + 1):
            key = _key(notification, receiver, attempt)
            entry = self.claimant.claim(attempt)
            if await self.claims.put_new(key, entry):
                return _Claimed(notification, receiver, key, entry, attempt)
            found = await self.claims.get(key)
            if found is None:
                return None
            match _claimed_sending(found, key):
                case ClaimedSending.SENT, _, _:
                    break
                case ClaimedSending.FAILED, _, again if again > now:
                    return None
                case ClaimedSending.CLAIMED, claim, _ if claim.token == self.claimant.token:
                    return _Claimed(notification, receiver, key, entry, attempt)
                case ClaimedSending.CLAIMED, claim, _ if not self.claimant.knows_dead(claim):
                    return None
                case _:
                    continue
        self.done.add((notification.id, receiver))
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
        """Record the result of an attempt. Without a record it is made again."""
        state, entry = SendingState.SENT, {**claimed.entry, "state": ClaimedSending.SENT.value}
        if error is not None:
            state = SendingState.GIVEN_UP if claimed.is_last else SendingState.FAILED
            wait = timedelta(minutes=min(LONGEST_WAIT, 2 ** (claimed.attempt - 1)))
            again = format_time(self.claimant.now + wait)
            entry |= {"state": ClaimedSending.FAILED.value, "error": error, "again": again}
        address = claimed.receiver.address
        notification = claimed.notification
        self.sendings.append(
            Sending(notification.id, address.shown, state, error, notification.times)
        )
        if state is not SendingState.FAILED:
            self.done.add((claimed.notification.id, claimed.receiver))
        await self.claims.put(claimed.key, entry)


def _claimed_sending(entry: Entry, key: str) -> tuple[ClaimedSending, Claim, str]:
    """An attempt to send: its state, who made it, and from when on it may be made again.

    One that cannot be read counts as made by a wake that has ended: an alert that comes twice is
    better than none.
    """
    unknown = Claim(ClaimState.CLAIMED)
    try:
        with reading("an attempt to send", key):
            state = ClaimedSending(typed(entry, "state", str))
            again = time_of(entry, "again") if state is ClaimedSending.FAILED else ""
            if state is not ClaimedSending.CLAIMED:
                return state, unknown, again
            return state, read_claim(entry, key), again
    except FormatError:
        return ClaimedSending.CLAIMED, unknown, ""


def _attempts(notification: Notification) -> int:
    return 1 if notification.kind is NotificationKind.PING_START else ATTEMPTS


def _key(notification: Notification, receiver: Recipient, attempt: int) -> str:
    key = f"notice/{notification.id}/{receiver.address.fingerprint}-{receiver.format}"
    return key if attempt == 1 else f"{key}#{attempt}"


class TestAlert(NamedTuple):
    """A test alert.

    Attributes:
        error: why the recipient did not take it; None when it did.
    """

    recipient: Recipient
    error: str | None

    def to_json(self) -> dict[str, str | None]:
        """What may be shown of it."""
        address, form = self.recipient.address, self.recipient.format.value
        return {
            "to": address.masked().url or address.shown,
            "format": "email" if address.email else form,
            "error": self.error,
        }


async def send_test_alerts(ports: Ports) -> list[TestAlert]:
    """Send one to each recipient of the live generation, several at once.

    Raises:
        UnavailableError: Modal did not answer.
    """
    generation, messenger = await ports.generations.live(), ports.messenger
    if generation is None or messenger is None:
        return []
    now = format_time(ports.clock.now())
    test = Notification(
        kind=NotificationKind.TEST, name="test", subject=f"test@{now}", reason=None, raised=now
    )
    return list(
        await at_once(
            _sent(messenger, one, test, generation) for one in _all_recipients(generation)
        )
    )


async def _sent(
    messenger: Messenger, recipient: Recipient, test: Notification, generation: Generation
) -> TestAlert:
    try:
        await messenger.send(recipient.address, "", body([test], generation, recipient))
    except UnsentError as error:
        return TestAlert(recipient, str(error))
    return TestAlert(recipient, None)


def _all_recipients(generation: Generation) -> Iterable[Recipient]:
    """Each recipient once: those of the settings, then those of single schedules."""
    usual = () if generation.alerts is None else generation.alerts.rule.to
    own = (one for record in generation.records if record.alerts for one in record.alerts.to)
    return dict.fromkeys((*usual, *own))
