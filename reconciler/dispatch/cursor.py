"""How far the wakes have come.

Invariant: *every occurrence at or before ``through`` is settled (started and confirmed, or let go
and written down) or named in ``unsettled``*. A cursor is true by itself, whoever wrote it and
whatever was written in between, so that a late write of an older one costs a second look at what
the claims already answer, and never an occurrence. Two true cursors merge into a true one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeVar

from reconciler.dispatch.generation import FORMAT, check_format
from reconciler.dispatch.occurrence import format_minute, parse_minute
from reconciler.dispatch.runs import RunState, WakeLog

V = TypeVar("V")

CURSOR_KEY: Final = "cursor"
LOOKBACK: Final = 7 * 24 * 60
"""Minutes that a wake without any cursor looks back: the life of an idle claim. A schedule's anchor
shortens it, so that this matters only when both the Dict and the runs files are gone."""
DOUBTED_LOOKBACK: Final = 24 * 60
"""Minutes that a wake looks back when the cursor lies in the future and is not believed."""
CLOCK_TOLERANCE: Final = 10
"""Minutes. A cursor this far ahead of now is of a simultaneous wake; further ahead, some wake's
clock was wrong."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """See the module.

    Attributes:
        through: epoch minute; None when nothing is known.
        unsettled: occurrence id to the attempt that is next, for claims that were not confirmed.
        calls: call id to occurrence id, of calls whose end has not been written down.
        wakes: slot to the time of its last wake, ISO 8601.
    """

    through: int | None = None
    unsettled: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, str] = field(default_factory=dict)
    wakes: Mapping[str, str] = field(default_factory=dict)

    def since(self, now: int) -> int:
        """The epoch minute after which a wake at ``now`` has to look."""
        if self.through is None:
            return now - LOOKBACK
        if self.through > now + CLOCK_TOLERANCE:
            return now - DOUBTED_LOOKBACK
        return min(self.through, now)

    def merge(
        self,
        newer: Self,
        *,
        now: int,
        settled: Iterable[str],
        ended: Iterable[str],
    ) -> Cursor:
        """This cursor as found, brought forward by a wake that ends with ``newer``.

        Args:
            settled: occurrence ids that the wake settled.
            ended: calls whose end the wake wrote down.
        """
        believed = self.through
        if believed is not None and believed > now + CLOCK_TOLERANCE:
            believed = None
        known = [through for through in (believed, newer.through) if through is not None]
        return Cursor(
            through=max(known, default=None),
            unsettled=_without({**self.unsettled, **newer.unsettled}, settled),
            calls=_without({**self.calls, **newer.calls}, ended),
            wakes={**self.wakes, **newer.wakes},
        )

    def to_json(self) -> dict[str, Any]:
        """The Dict entry."""
        return {
            "format": FORMAT,
            "through": None if self.through is None else format_minute(self.through),
            "unsettled": dict(self.unsettled),
            "calls": dict(self.calls),
            "wakes": dict(self.wakes),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back.

        Raises:
            NewerFormatError: a newer version wrote it.
        """
        check_format(data, CURSOR_KEY)
        through = data["through"]
        return cls(
            through=None if through is None else parse_minute(through),
            unsettled=dict(data["unsettled"]),
            calls=dict(data["calls"]),
            wakes=dict(data["wakes"]),
        )


def recover(logs: Sequence[WakeLog]) -> Cursor:
    """The cursor from what the wakes wrote down, for when its entry is gone.

    Wakes that did nothing write nothing, so this may lie further back than the entry did. What
    lies between was not due, or has its claim.

    Args:
        logs: oldest first.
    """
    known = [log.through for log in logs if log.through is not None]
    records = [record for log in logs for record in log.records]
    ended = {record.call for record in records if record.state.ended}
    settled = {
        record.occurrence.id for record in records if record.state is not RunState.START_FAILED
    }
    unsettled = {key: attempt for log in logs for key, attempt in log.unsettled.items()}
    return Cursor(
        through=max(known, default=None),
        unsettled=_without(unsettled, settled),
        calls={
            record.call: record.occurrence.id
            for record in records
            if record.state is RunState.STARTED
            and record.call is not None
            and record.call not in ended
        },
        wakes={log.slot: log.started for log in logs},
    )


def _without(entries: Mapping[str, V], keys: Iterable[str]) -> dict[str, V]:
    dropped = set(keys)
    return {key: value for key, value in entries.items() if key not in dropped}
