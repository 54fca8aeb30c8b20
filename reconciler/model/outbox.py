"""The notifications that wait to be sent, and the streaks of failures that they are counted from.

Both are a part of the cursor. A wake adds a notification in the same write that counts its cause,
and removes it when it is sent or given up: after a crash between the two the next wake finds it.

A streak, the failed runs of a schedule since its last success, is counted up to the number that
the alert asks for, and notified once: it ends with a success, and only then can the next begin. The
outbox keeps that it was notified, since the number that is asked for may change meanwhile.

A miss is counted in one notification. Several wakes may write it down: wakes that meet, a wake
whose claim had no answer, one that reads again after the runs file was lost. So the cursor keeps
which misses were counted, and the rewrite that adds a notification leaves these out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self, TypeVar

from reconciler.model.formats import Damaged, FormatError, reading, typed
from reconciler.model.occurrence import Occurrence, format_minute, parse_minute, time_of

T = TypeVar("T")
V = TypeVar("V")


class NotificationKind(StrEnum):
    """What a notification is about."""

    FAILURES = "failures"
    MISSED = "missed"
    RECOVERED = "recovered"
    OVERDUE = "overdue"
    """A slot should have woken, and did not."""
    DAMAGED = "damaged"
    """Something that is stored cannot be read."""
    WAITING = "waiting"
    """An occurrence still waits for others at the time ``by``. Each wake makes it anew while that
    is so: it is never stored, and versions without it find none."""
    TEST = "test"
    """A person asked whether alerts arrive; it is never stored."""
    PING_START = "ping-start"
    PING_SUCCESS = "ping-success"
    PING_FAIL = "ping-fail"

    @property
    def is_damage(self) -> bool:
        """Whether it is about what cannot be read."""
        return self is NotificationKind.DAMAGED

    @property
    def is_ping(self) -> bool:
        """Whether it is a ping, and no alert."""
        return self.value.startswith("ping-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One alert or ping.

    Attributes:
        name: of the schedule as it is called now, or of the slot; of damage, where it is.
        subject: the occurrence id that it is about, ``SLOT@TIME`` for a slot; of damage, where it
            is and when it was found first, ``WHERE@TIME``.
        raised: when, ISO 8601.
        count: how many occurrences it is about.
        since: the time of the first of several, as in ids.
        times: the misses that it counts, epoch minutes, as far as the lines of wakes list them.
        reason: the error, or why it did not run.
    """

    kind: NotificationKind
    name: str
    subject: str
    raised: str
    count: int = 1
    since: str | None = None
    times: tuple[int, ...] = ()
    reason: str | None = None

    @property
    def id(self) -> str:
        """What it is claimed by, so that it is sent once."""
        return f"{self.kind}/{self.subject}"

    def to_json(self) -> dict[str, Any]:
        """The notification as JSON; what has its default is left out."""
        subject = self.subject if self.kind.is_damage else Occurrence.parse(self.subject).stored
        data: dict[str, Any] = {
            "kind": self.kind.value,
            "name": self.name,
            "subject": subject,
            "raised": self.raised,
        }
        if self.count != 1:
            data["count"] = self.count
        if self.times:
            data["times"] = [format_minute(at) for at in self.times]
        for key in ("since", "reason"):
            if getattr(self, key) is not None:
                data[key] = getattr(self, key)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back.

        Raises:
            KeyError, TypeError, ValueError: it is not a notification.
        """
        subject, kind = typed(data, "subject", str), NotificationKind(data["kind"])
        occurrence = Occurrence.parse(subject)
        return cls(
            kind=kind,
            name=typed(data, "name", str),
            subject=subject if kind.is_damage else occurrence.id,
            raised=time_of(data, "raised"),
            count=typed(data, "count", int, 1),
            since=typed(data, "since", str, None),
            times=tuple(map(parse_minute, typed(data, "times", list, []))),
            reason=typed(data, "reason", str, None),
        )


class Outbox(NamedTuple):
    """What is known of failures, and the notifications that wait to be sent.

    Attributes:
        streaks: schedule to the times of its failed runs since the last success, oldest first.
        notifications: by their ids, in the order in which they were raised.
        notified: the schedules whose streaks were notified; None when that is not known: then those
            count as notified that are as long as the live rules ask for.
        succeeded: schedule to the time of its newest run that succeeded, as long as older ones are
            open: should they fail, their streak is over already.
        misses: the name in their occurrence ids to the newest misses that a notification has
            counted, epoch minutes, ascending.
    """

    streaks: Mapping[str, tuple[str, ...]]
    notifications: Mapping[str, Notification]
    notified: frozenset[str] | None = None
    succeeded: Mapping[str, str] = MappingProxyType({})
    misses: Mapping[str, tuple[int, ...]] = MappingProxyType({})

    def without(self, ids: Iterable[str]) -> Outbox:
        """This outbox once these notifications are settled."""
        settled = set(ids)
        left = {
            id_: notification
            for id_, notification in self.notifications.items()
            if id_ not in settled
        }
        return self._replace(notifications=left)

    def adding(self, notifications: Iterable[Notification]) -> Outbox:
        """This outbox with more notifications; of two with one id the later counts."""
        return self._replace(
            notifications={**self.notifications, **{n.id: n for n in notifications}}
        )

    def to_json(self) -> dict[str, Any]:
        """The outbox as keys of the cursor's entry; what is empty is left out."""
        data: dict[str, Any] = {}
        if self.streaks:
            data["streaks"] = {name: list(times) for name, times in self.streaks.items()}
            if self.notified is not None:
                data["told"] = sorted(self.notified)
        if self.succeeded:
            data["succeeded"] = dict(self.succeeded)
        if self.misses:
            data["misses"] = {
                name: [format_minute(at) for at in times] for name, times in self.misses.items()
            }
        # Older versions do not know of damage: its notifications have a key that they ignore.
        for key, of_damage in (("notices", False), ("damage", True)):
            held = (one for one in self.notifications.values() if one.kind.is_damage is of_damage)
            if written := [notification.to_json() for notification in held]:
                data[key] = written
        return data


EMPTY_OUTBOX: Final = Outbox({}, {})


def read_outbox(data: Mapping[str, Any], where: str) -> tuple[Outbox, tuple[Damaged, ...]]:
    """The outbox in a cursor's entry, and what of it cannot be read, which is left out.

    The rest of a cursor does not depend on it: one garbled notification must not keep the others
    from being sent, nor schedules from running.
    """
    damaged: list[Damaged] = []

    def each(key: str, items: Iterable[Any], read: Callable[[Any], V]) -> Iterator[V]:
        for item in items:
            try:
                with reading(key, where):
                    value = read(item)
            except FormatError as error:
                damaged.append(Damaged(where, f"{item!a:.100} {error.what}"))
                continue
            yield value

    def items(key: str, kind: type[T], nothing: T) -> T:
        try:
            return typed(data, key, kind, nothing)
        except TypeError as error:
            damaged.append(Damaged(where, str(error)))
            return nothing

    written = [*items("notices", list, []), *items("damage", list, [])]
    outbox = Outbox(
        streaks=dict(each("a streak", items("streaks", dict, {}).items(), _streak)),
        notifications={one.id: one for one in each("a notification", written, _notification)},
        notified=frozenset(map(str, items("told", list, []))) if "told" in data else None,
        succeeded=dict(each("a success", items("succeeded", dict, {}).items(), _success)),
        misses=dict(each("misses", items("misses", dict, {}).items(), _misses)),
    )
    return outbox, tuple(damaged)


def _streak(item: tuple[Any, Any]) -> tuple[str, tuple[str, ...]]:
    name, times = item
    for time in times:
        parse_minute(time)
    return str(name), tuple(times)


def _success(item: tuple[Any, Any]) -> tuple[str, str]:
    name, time = item
    parse_minute(time)
    return str(name), time


def _misses(item: tuple[Any, Any]) -> tuple[str, tuple[int, ...]]:
    name, times = item
    return str(name), tuple(map(parse_minute, times))


def _notification(item: Any) -> Notification:
    if not isinstance(item, dict):
        raise TypeError("it is not a mapping")
    return Notification.from_json(item)


class SendingState(StrEnum):
    """The state of an attempt to send a notification."""

    SENT = "sent"
    FAILED = "failed"
    """A later wake tries again."""
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class Sending:
    """One attempt to send a notification.

    Attributes:
        notification: its id.
        to: the address, without what is secret in it; empty for all that there were.
        error: why it could not be sent.
        times: the misses that the notification counts, epoch minutes.
    """

    notification: str
    to: str
    state: SendingState
    error: str | None = None
    times: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The attempt as JSON; what has its default is left out."""
        data: dict[str, Any] = {
            "notice": self.notification,
            "to": self.to,
            "state": self.state.value,
        }
        if self.error is not None:
            data["error"] = self.error
        if self.times:
            data["times"] = [format_minute(at) for at in self.times]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        return cls(
            typed(data, "notice", str),
            typed(data, "to", str),
            SendingState(data["state"]),
            typed(data, "error", str, None),
            tuple(map(parse_minute, typed(data, "times", list, []))),
        )


def sending_line(sending: Sending) -> str:
    """An attempt as logs and terminals show it: ``alert failures/a@… to https://…/…: sent``."""
    what = (
        sending.notification
        if sending.notification.startswith("ping-")
        else f"alert {sending.notification}"
    )
    to = f" to {sending.to}" if sending.to else ""
    why = f", {sending.error}" if sending.error else ""
    return f"{what}{to}: {_SENDING_WORDS[sending.state]}{why}"


_SENDING_WORDS: Final = {
    SendingState.SENT: "sent",
    SendingState.FAILED: "not sent yet",
    SendingState.GIVEN_UP: "given up",
}
