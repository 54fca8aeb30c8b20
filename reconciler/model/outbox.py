"""What is still to be told, and the failures in a row that it is counted from.

Both are a part of the cursor. A notice is put into it in the same write that counts its cause, and
taken out when it is sent or given up: a crash between the two leaves it there for the next wake.

A streak, the failed runs of a schedule since its last success, is counted up to the number that
the alarm wants, and told once: it ends with a success, and only then can the next begin. That it
was told is kept, for the number that is wanted may change meanwhile.

A miss is counted in one notice. Several wakes may write it down: wakes that meet, a wake whose
claim had no answer, one that looks again after the runs file was lost. So the cursor keeps which
misses were counted, and the rewrite that adds a notice leaves these out.
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


class NoticeKind(StrEnum):
    """What is told."""

    FAILURES = "failures"
    MISSED = "missed"
    RECOVERED = "recovered"
    OVERDUE = "overdue"
    """A slot should have woken, and did not."""
    DAMAGED = "damaged"
    """Something that is stored cannot be read."""
    PING_START = "ping-start"
    PING_SUCCESS = "ping-success"
    PING_FAIL = "ping-fail"

    @property
    def is_damage(self) -> bool:
        """Whether it is about what cannot be read."""
        return self is NoticeKind.DAMAGED

    @property
    def is_ping(self) -> bool:
        """Whether it is a ping, and no alarm."""
        return self.value.startswith("ping-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to be told.

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

    kind: NoticeKind
    name: str
    subject: str
    raised: str
    count: int = 1
    since: str | None = None
    times: tuple[int, ...] = ()
    reason: str | None = None

    @property
    def id(self) -> str:
        """What it is claimed by, so that it is told once."""
        return f"{self.kind}/{self.subject}"

    def to_json(self) -> dict[str, Any]:
        """The notice as JSON; what has its default is left out."""
        data: dict[str, Any] = {
            "kind": self.kind.value,
            "name": self.name,
            "subject": self.subject,
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
            KeyError, TypeError, ValueError: it is no notice.
        """
        subject = typed(data, "subject", str)
        Occurrence.parse(subject)
        return cls(
            kind=NoticeKind(data["kind"]),
            name=typed(data, "name", str),
            subject=subject,
            raised=time_of(data, "raised"),
            count=typed(data, "count", int, 1),
            since=typed(data, "since", str, None),
            times=tuple(map(parse_minute, typed(data, "times", list, []))),
            reason=typed(data, "reason", str, None),
        )


class Bulletin(NamedTuple):
    """What is known of failures, and what is still to be told.

    Attributes:
        streaks: schedule to the times of its failed runs since the last success, oldest first.
        notices: by their ids, in the order in which they were raised.
        told: the schedules whose streaks were told; None when that is not known, and those count
            as told that are as long as the live rules want.
        succeeded: schedule to the time of its newest run that succeeded, as long as older ones are
            open: should they fail, their row is over already.
        misses: schedule or task to the newest of its misses that a notice has counted, epoch
            minutes, ascending.
    """

    streaks: Mapping[str, tuple[str, ...]]
    notices: Mapping[str, Notice]
    told: frozenset[str] | None = None
    succeeded: Mapping[str, str] = MappingProxyType({})
    misses: Mapping[str, tuple[int, ...]] = MappingProxyType({})

    def without(self, ids: Iterable[str]) -> Bulletin:
        """This bulletin once these notices are settled."""
        settled = set(ids)
        left = {id_: notice for id_, notice in self.notices.items() if id_ not in settled}
        return self._replace(notices=left)

    def to_json(self) -> dict[str, Any]:
        """The bulletin as keys of the cursor's entry; what is empty is left out."""
        data: dict[str, Any] = {}
        if self.streaks:
            data["streaks"] = {name: list(times) for name, times in self.streaks.items()}
            if self.told is not None:
                data["told"] = sorted(self.told)
        if self.succeeded:
            data["succeeded"] = dict(self.succeeded)
        if self.misses:
            data["misses"] = {
                name: [format_minute(at) for at in times] for name, times in self.misses.items()
            }
        # Older versions do not know of damage: its notices have a key that they pass over.
        for key, of_damage in (("notices", False), ("damage", True)):
            held = (one for one in self.notices.values() if one.kind.is_damage is of_damage)
            if written := [notice.to_json() for notice in held]:
                data[key] = written
        return data


NOTHING_TO_TELL: Final = Bulletin({}, {})


def read_bulletin(data: Mapping[str, Any], where: str) -> tuple[Bulletin, tuple[Damaged, ...]]:
    """The bulletin in a cursor's entry, and what of it cannot be read, which is left out.

    The rest of a cursor does not depend on it: one notice that is garbled must not keep the others
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
    bulletin = Bulletin(
        streaks=dict(each("a streak", items("streaks", dict, {}).items(), _streak)),
        notices={one.id: one for one in each("a notice", written, _notice)},
        told=frozenset(map(str, items("told", list, []))) if "told" in data else None,
        succeeded=dict(each("a success", items("succeeded", dict, {}).items(), _success)),
        misses=dict(each("misses", items("misses", dict, {}).items(), _misses)),
    )
    return bulletin, tuple(damaged)


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


def _notice(item: Any) -> Notice:
    if not isinstance(item, dict):
        raise TypeError("it is not a mapping")
    return Notice.from_json(item)


class ToldState(StrEnum):
    """What became of an attempt to tell somebody of something."""

    SENT = "sent"
    FAILED = "failed"
    """A later wake tries again."""
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class Told:
    """One attempt to send a notice.

    Attributes:
        notice: its id.
        to: the address, without what is secret in it; empty for all that there were.
        error: why it could not be sent.
        times: the misses that the notice counts, epoch minutes.
    """

    notice: str
    to: str
    state: ToldState
    error: str | None = None
    times: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The attempt as JSON; what has its default is left out."""
        data: dict[str, Any] = {"notice": self.notice, "to": self.to, "state": self.state.value}
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
            ToldState(data["state"]),
            typed(data, "error", str, None),
            tuple(map(parse_minute, typed(data, "times", list, []))),
        )


def told_line(told: Told) -> str:
    """An attempt as logs and terminals show it: ``alarm failures/a@… to https://…/…: sent``."""
    what = told.notice if told.notice.startswith("ping-") else f"alarm {told.notice}"
    to = f" to {told.to}" if told.to else ""
    why = f", {told.error}" if told.error else ""
    return f"{what}{to}: {_TOLD[told.state]}{why}"


_TOLD: Final = {
    ToldState.SENT: "sent",
    ToldState.FAILED: "not sent yet",
    ToldState.GIVEN_UP: "given up",
}
