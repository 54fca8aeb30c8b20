"""How far the wakes have come.

Invariant: *every occurrence of ``generation`` at or before ``through`` is settled (started and
confirmed, or let go and written down) or named in ``unsettled``*. A cursor is true by itself,
whoever wrote it and whatever was written in between, so that a late write of an older one costs a
second look at what the claims already answer, and never an occurrence. Two true cursors merge into
a true one.

The generation is part of it because a wake may have read one that was live a moment ago: it has
looked at its own schedules, and not at those that had just appeared. These are told by their
anchors: what begins with a plan has a newer one than all in the generation that it replaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self, TypeVar

from reconciler.dispatch.answers import Entry, UnreadableEntry
from reconciler.dispatch.bulletin import NOTHING_TO_TELL, Bulletin, read_bulletin
from reconciler.dispatch.formats import (
    FORMAT,
    Damaged,
    FormatError,
    NewerFormatError,
    check_format,
    reading,
    typed,
)
from reconciler.dispatch.occurrence import (
    Occurrence,
    attempts_of,
    format_minute,
    parse_minute,
    time_of,
)

V = TypeVar("V")

CURSOR_KEY: Final = "cursor"
CURSOR_ENTRY: Final = f"Dict entry {CURSOR_KEY}"
LOOKBACK: Final = 31 * 24 * 60
"""Minutes that a wake without cursor and history looks back: no wake came yet. A schedule's anchor
shortens it; the bound is for when both the Dict and the runs files are gone."""
DOUBTED_LOOKBACK: Final = 24 * 60
"""Minutes that a wake looks back when the cursor lies in the future and is not believed."""
RELOOK: Final = 24 * 60
"""Minutes. Where it is not known which schedules the last wake had read, those that began within
these are looked at from their beginning. What a wake reads is stale by minutes: there is room."""
MEASURED: Final = 20
"""Wakes whose length is remembered."""
CLOCK_TOLERANCE: Final = 10
"""Minutes. A cursor this far ahead of now is of a simultaneous wake; further ahead, some wake's
clock was wrong."""


class Horizon(NamedTuple):
    """Where a wake begins to look; epoch minutes.

    Attributes:
        since: for schedules that earlier wakes knew.
        fresh: schedules that began later than this are looked at from their beginning, None when
            all are known.
    """

    since: int
    fresh: int | None = None

    def of(self, anchor: int) -> int:
        """The minute after which the occurrences of a record with this anchor have to be seen."""
        if self.fresh is not None and anchor > self.fresh:
            return anchor
        return max(self.since, anchor)


@dataclass(frozen=True, slots=True)
class Cursor:
    """See the module.

    Attributes:
        through: epoch minute; None when nothing is known.
        generation: digest of what the wake that came so far had read; None when that is mixed.
        known: the newest anchor of that generation, an epoch minute; None when that is not known.
        unsettled: occurrence id to the attempt that is next, for claims that were not confirmed.
        triggered: those of ``unsettled`` that a person has asked for, whether or not the schedule
            is suspended or excludes them.
        calls: call id to occurrence id, of calls whose end has not been written down.
        wakes: slot to the time of its last wake, ISO 8601.
        tidied: the day on which the history was last tidied up, ISO 8601.
        took: the seconds that the last wakes took, the newest last; for what people are told only.
        bulletin: failures in a row, and what is still to be told.
        id: of the writing that left it so; empty in what is not written yet, and in old ones.
        damaged: parts of the entry that cannot be read, which were left out. Not written.
    """

    through: int | None = None
    generation: str | None = None
    known: int | None = None
    unsettled: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, str] = field(default_factory=dict)
    wakes: Mapping[str, str] = field(default_factory=dict)
    tidied: str = ""
    took: tuple[float, ...] = ()
    bulletin: Bulletin = NOTHING_TO_TELL
    triggered: frozenset[str] = frozenset()
    id: str = ""
    damaged: tuple[Damaged, ...] = ()

    def horizon(self, now: int, generation: str) -> Horizon:
        """Where a wake at ``now`` that reads this generation has to begin."""
        if self.through is None:
            return Horizon(now - LOOKBACK)
        if self.through > now + CLOCK_TOLERANCE:
            return Horizon(now - DOUBTED_LOOKBACK)
        since = min(self.through, now)
        if generation == self.generation:
            return Horizon(since)
        return Horizon(since, now - RELOOK if self.known is None else self.known)

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
            now: epoch minute of that wake by its own clock.
            settled: occurrence ids that the wake settled.
            ended: calls whose end the wake wrote down.
        """
        through, generation, known = self._further(newer, now)
        unsettled = without({**self.unsettled, **newer.unsettled}, settled)
        return Cursor(
            through=through,
            generation=generation,
            known=known,
            unsettled=unsettled,
            calls=without({**self.calls, **newer.calls}, ended),
            wakes=_newest(self.wakes, newer.wakes),
            tidied=max(self.tidied, newer.tidied),
            took=(*self.took, *newer.took)[-MEASURED:],
            bulletin=self.bulletin,
            triggered=(self.triggered | newer.triggered) & unsettled.keys(),
        )

    def has_seen_the_end(self, call: str, occurrence: Occurrence, read: Cursor, by: str) -> bool:
        """Whether others have written down the end of a call that a slow wake comes with only now.

        Whoever came past its occurrence since that wake began had its call in ``calls``, and what
        is there no more has ended.

        Args:
            read: the cursor with which the slow wake began.
            by: the digest of the generation that it reads.
        """
        if self.through is None or self.generation != by:
            return False
        if call in self.calls or occurrence.id in self.unsettled:
            return False
        was_open = occurrence.id in read.unsettled or (
            read.through is None or occurrence.at > read.through
        )
        return was_open and occurrence.at <= self.through

    def _further(self, newer: Self, now: int) -> tuple[int | None, str | None, int | None]:
        """How far the two have come together, for which generation that holds, and its anchor."""
        mine, theirs = newer.through, self.through
        if mine is None:
            return theirs, self.generation, self.known
        if theirs is None or theirs > now + CLOCK_TOLERANCE or theirs < mine:
            return mine, newer.generation, newer.known
        if theirs == mine and self.generation != newer.generation:
            # All schedules of both: what neither knows has an anchor newer than either's.
            unknown = self.known is None or newer.known is None
            return theirs, None, None if unknown else max(self.known or 0, newer.known or 0)
        return theirs, self.generation, self.known

    def to_json(self) -> dict[str, Any]:
        """The Dict entry."""
        return {
            "format": FORMAT,
            "through": None if self.through is None else format_minute(self.through),
            "generation": self.generation,
            "known": None if self.known is None else format_minute(self.known),
            "unsettled": dict(self.unsettled),
            **({"triggered": sorted(self.triggered)} if self.triggered else {}),
            **({"id": self.id} if self.id else {}),
            "calls": dict(self.calls),
            "wakes": dict(self.wakes),
            "tidied": self.tidied,
            "took": list(self.took),
            **self.bulletin.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back.

        Raises:
            NewerFormatError: a newer version wrote it.
            FormatError: it is no cursor.
        """
        with reading("a cursor", CURSOR_ENTRY):
            check_format(data, CURSOR_ENTRY)
            through, known = data["through"], data.get("known")
            bulletin, damaged = read_bulletin(data, CURSOR_ENTRY)
            return cls(
                through=None if through is None else parse_minute(through),
                generation=typed(data, "generation", str, None),
                known=None if known is None else parse_minute(known),
                unsettled=attempts_of(data, "unsettled"),
                calls=_calls(typed(data, "calls", dict)),
                wakes=_wakes(typed(data, "wakes", dict)),
                tidied=typed(data, "tidied", str),
                took=tuple(float(seconds) for seconds in typed(data, "took", list, [])),
                bulletin=bulletin,
                triggered=frozenset(map(str, typed(data, "triggered", list, []))),
                id=typed(data, "id", str, ""),
                damaged=damaged,
            )


def cursor_of(entry: Entry | None) -> Cursor | Damaged | None:
    """The cursor of an entry; None when there is no entry.

    Raises:
        NewerFormatError: a newer version wrote it.
    """
    if entry is None:
        return None
    if isinstance(entry, UnreadableEntry):
        return Damaged(CURSOR_ENTRY, entry.why)
    try:
        return Cursor.from_json(entry)
    except NewerFormatError:
        raise
    except FormatError as error:
        return Damaged(CURSOR_ENTRY, error.what)


def _calls(written: Mapping[str, Any]) -> dict[str, str]:
    for key in written.values():
        Occurrence.parse(key)
    return {str(call): key for call, key in written.items()}


def _wakes(written: Mapping[str, Any]) -> dict[str, str]:
    return {str(slot): time_of(written, slot) for slot in written}


def _newest(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Of each slot the later time, ISO 8601."""
    return {slot: max(one.get(slot, ""), other.get(slot, "")) for slot in (*one, *other)}


def without(entries: Mapping[str, V], keys: Iterable[str]) -> dict[str, V]:
    """The entries but those of these keys."""
    dropped = set(keys)
    return {key: value for key, value in entries.items() if key not in dropped}
