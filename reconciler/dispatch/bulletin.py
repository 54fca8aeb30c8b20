"""What is still to be told, and the failures in a row that it is counted from.

Both are a part of the cursor. A notice is put into it in the same write that counts its cause, and
taken out when it is sent or given up: a crash between the two leaves it there for the next wake.

A streak, the failed runs of a schedule since its last success, is counted up to the number that
the alarm wants, and told once: it ends with a success, and only then can the next begin. That it
was told is kept, for the number that is wanted may change meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self


class NoticeKind(StrEnum):
    """What is told."""

    FAILURES = "failures"
    MISSED = "missed"
    RECOVERED = "recovered"
    OVERDUE = "overdue"
    """A slot should have woken, and did not."""
    PING_START = "ping-start"
    PING_SUCCESS = "ping-success"
    PING_FAIL = "ping-fail"

    @property
    def is_ping(self) -> bool:
        """Whether it is a ping, and no alarm."""
        return self.value.startswith("ping-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to be told.

    Attributes:
        name: of the schedule as it is called now, or of the slot.
        subject: the occurrence id that it is about, ``SLOT@TIME`` for a slot.
        raised: when, ISO 8601.
        count: how many occurrences it is about.
        since: the time of the first of several, as in ids.
        reason: the error, or why it did not run.
    """

    kind: NoticeKind
    name: str
    subject: str
    raised: str
    count: int = 1
    since: str | None = None
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
        for key in ("since", "reason"):
            if getattr(self, key) is not None:
                data[key] = getattr(self, key)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        return cls(**{**data, "kind": NoticeKind(data["kind"])})


class Bulletin(NamedTuple):
    """What is known of failures, and what is still to be told.

    Attributes:
        streaks: schedule to the times of its failed runs since the last success, oldest first.
        notices: by their ids, in the order in which they were raised.
        told: the schedules whose streaks were told; None when that is not known, and those count
            as told that are as long as the live rules want.
        succeeded: schedule to the time of its newest run that succeeded, as long as older ones are
            open: should they fail, their row is over already.
    """

    streaks: Mapping[str, tuple[str, ...]]
    notices: Mapping[str, Notice]
    told: frozenset[str] | None = None
    succeeded: Mapping[str, str] = MappingProxyType({})

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
        if self.notices:
            data["notices"] = [notice.to_json() for notice in self.notices.values()]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back from a cursor's entry."""
        notices = map(Notice.from_json, data.get("notices", ()))
        return cls(
            streaks={name: tuple(times) for name, times in data.get("streaks", {}).items()},
            notices={notice.id: notice for notice in notices},
            told=frozenset(data["told"]) if "told" in data else None,
            succeeded=dict(data.get("succeeded", {})),
        )


NOTHING_TO_TELL: Final = Bulletin({}, {})
