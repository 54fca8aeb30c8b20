"""How far the wakes have come.

Invariant: *every occurrence of ``generation`` at or before ``through`` is settled (started and
confirmed, or dropped and written down) or named in ``pending``*. A cursor is true by itself,
whichever wake wrote it and whatever was written in between. A late write of an older cursor costs a
second look at what the claims already answer, and never an occurrence. Two true cursors merge into
a true one.

The generation is part of it because a wake may have read one that was live a moment ago: that wake
looked at its own schedules, and not at those that had just appeared. A wake that reads another
generation recognises the latter by their *apply numbers*: each schedule has the number of the apply
with which it began, and ``number`` is the highest in the generation that the cursor is about. A
clock has no part in that, so a wrong clock of an apply cannot hide a schedule. Schedules that began
before there were apply numbers count as 0; of two of those, the anchors decide.

Clocks may be wrong. A cursor vouches for no time that is still to come: a wake that finds it ahead
of its own clock looks again at what may not have been due when it was written, and sets it back.
Invariant: *once a wake has found the cursor ahead of its clock, all that is due after that wake is
looked at by a wake that comes when it is due, or later*; of a cursor that is no more than
``CLOCK_TOLERANCE`` ahead also what became due since it was written. ``reached`` is not set back: at
or before it, an earlier wake may have reported what this one finds again.

A record that cannot be read keeps no other schedule from its turn. ``unread`` is the minute since
which such records of ``generation`` were not looked at. Invariant: *what is due after that minute,
and belongs to a schedule that begins with a later apply number, is looked at by the next wake that
can read it*. The apply that repairs a record gives it such a number, and an anchor no later.

Wakes of the previous version write a cursor without a number. Such a cursor counts as 0 whatever
its generation is, since its writer may have missed a schedule that the anchor did not show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, Self, TypeVar

from reconciler.model.formats import (
    FORMAT,
    Damaged,
    Entry,
    FormatError,
    NewerFormatError,
    UnreadableEntry,
    check_format,
    reading,
    typed,
)
from reconciler.model.occurrence import (
    Occurrence,
    attempts_of,
    format_minute,
    parse_minute,
    stored_keys,
    time_of,
)
from reconciler.model.outbox import EMPTY_OUTBOX, Outbox, read_outbox

V = TypeVar("V")

CURSOR_KEY: Final = "cursor"
CURSOR_ENTRY: Final = f"Dict entry {CURSOR_KEY}"
LOOKBACK: Final = 31 * 24 * 60
"""Minutes that a wake without cursor and history looks back: no wake came yet. A schedule's anchor
shortens it; the bound is for when both the Dict and the runs files are lost."""
DOUBTED_LOOKBACK: Final = 24 * 60
"""Minutes that a wake looks back when the cursor is further ahead than ``CLOCK_TOLERANCE``."""
RELOOK: Final = 24 * 60
"""Minutes before the cursor from which on a wake looks at schedules that earlier wakes had not
read. What a wake reads is stale by minutes, and clocks err by less than a day. An anchor can be
older than that: an apply whose clock was behind set it, or the cursor has no number."""
SET_BACK_AT_MOST: Final = 5 * 24 * 60
"""Minutes. A claim lives for seven idle days."""
MEASURED: Final = 20
"""Wakes whose length is remembered."""
CLOCK_TOLERANCE: Final = 10
"""Minutes. A clock that is ahead by no more than these is not worth a warning."""


class Lookback(NamedTuple):
    """Where a wake begins to look; epoch minutes.

    Attributes:
        since: for schedules that earlier wakes had read.
        fresh: schedules that began later than this are looked at from their anchors, as far as
            they have no apply number; None when earlier wakes had read all of these.
        number: the same of those that have one: they are looked at if it is higher.
        unread: from when on these are looked at, when that is earlier than a day before ``since``:
            they may be what earlier wakes could not read.
    """

    since: int
    fresh: int | None = None
    number: int | None = None
    unread: int | None = None

    @property
    def earliest(self) -> int:
        """The epoch minute after which a schedule may have to be looked at, but for its anchor."""
        if self.fresh is None and self.number is None:
            return self.since
        relook = self.since - RELOOK
        return relook if self.unread is None else min(relook, self.unread)

    def of(self, anchor: int, number: int = 0) -> int:
        """The minute after which the occurrences of a schedule have to be looked at.

        Args:
            number: of the apply with which it began, 0 when it has none.
        """
        newest, began = (self.number, number) if number else (self.fresh, anchor)
        is_fresh = newest is not None and began > newest
        return max(self.earliest if is_fresh else self.since, anchor)


@dataclass(frozen=True, slots=True)
class Cursor:
    """See the module.

    Attributes:
        through: epoch minute; None when nothing is known.
        generation: digest of what the wake that came so far had read; None when that is mixed.
        known: the newest anchor of that generation, an epoch minute; None when that is not known.
        number: the highest apply number of that generation, 0 when it has none; None when a wake of
            a version without apply numbers wrote the cursor.
        unread: epoch minute since which records of that generation that cannot be read were not
            looked at; None when no wake came upon one.
        reached: the latest epoch minute up to which any wake has looked.
        pending: occurrence id to the attempt that is next, for claims that were not confirmed.
        triggered: those of ``pending`` that a person has asked for, whether or not the schedule
            is suspended or excludes them.
        calls: call id to occurrence id, of calls whose end has not been written down.
        wakes: slot to the time of its last wake, ISO 8601.
        tidied: the day on which the history was last tidied up, ISO 8601.
        took: the seconds that the last wakes took, the newest last; shown to people only.
        outbox: streaks of failures, and the notifications that wait to be sent.
        id: of the writing that left it so; empty in what is not written yet, and in old ones.
        recovered: when its entry was last absent or could not be read, ISO 8601; empty for never.
            The runs files then do not say which slots have woken with nothing to do.
        damaged: parts of the entry that cannot be read, which were left out. Not written.
    """

    through: int | None = None
    generation: str | None = None
    known: int | None = None
    number: int | None = None
    unread: int | None = None
    reached: int | None = None
    pending: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, str] = field(default_factory=dict)
    wakes: Mapping[str, str] = field(default_factory=dict)
    tidied: str = ""
    took: tuple[float, ...] = ()
    outbox: Outbox = EMPTY_OUTBOX
    triggered: frozenset[str] = frozenset()
    id: str = ""
    recovered: str = ""
    damaged: tuple[Damaged, ...] = ()

    def lookback(self, now: int, generation: str) -> Lookback:
        """Where a wake at ``now`` that reads this generation has to begin."""
        if self.through is None:
            return Lookback(now - LOOKBACK)
        is_same = generation == self.generation
        if self.through > now + CLOCK_TOLERANCE:
            since = now - DOUBTED_LOOKBACK
            if is_same or self.unread is None:
                return Lookback(since)
            return Lookback(since, None, self.number or 0, self.unread)
        # A clock that is ahead by no more than the tolerance wrote it after this minute.
        since = self.through if self.through <= now else self.through - CLOCK_TOLERANCE
        if is_same and self.number is not None:
            return Lookback(since)
        known = now - RELOOK if self.known is None else self.known
        return Lookback(since, None if is_same else known, self.number or 0, self.unread)

    def is_ahead(self, now: int) -> bool:
        """Whether it is so far ahead of an epoch minute that a clock is wrong."""
        return self.through is not None and self.through > now + CLOCK_TOLERANCE

    def set_back(self, now: int) -> Cursor:
        """This cursor, found ahead of an epoch minute, as a wake then takes it to be.

        By five days at most, whatever the clock says that it is ahead of: before that, the claims
        that keep a wake from starting something again may have expired.
        """
        if self.through is None or self.through <= now:
            return self
        through = max(now - DOUBTED_LOOKBACK, self.through - SET_BACK_AT_MOST)
        return replace(self, through=through, reached=_later(self.through, self.reached))

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
            now: the epoch minute at which it is written, by that wake's clock.
            settled: occurrence ids that the wake settled.
            ended: calls whose end the wake wrote down.
        """
        read = self._further(newer, now)
        if self.generation == newer.generation:
            # A record of it that one of them could not read stays as it is.
            read = read._replace(unread=_earlier(self.unread, newer.unread))
        pending = without({**self.pending, **newer.pending}, settled)
        return Cursor(
            through=read.through,
            generation=read.generation,
            known=read.known,
            number=read.number,
            unread=read.unread,
            reached=_later(_later(self.through, self.reached), newer.through),
            pending=pending,
            calls=without({**self.calls, **newer.calls}, ended),
            wakes=_newest(self.wakes, newer.wakes),
            tidied=max(self.tidied, newer.tidied),
            recovered=max(self.recovered, newer.recovered),
            took=(*self.took, *newer.took)[-MEASURED:],
            outbox=self.outbox,
            triggered=(self.triggered | newer.triggered) & pending.keys(),
        )

    def has_seen_the_end(self, call: str, occurrence: Occurrence, read: Cursor, by: str) -> bool:
        """Whether others have written down the end of a call that a slow wake comes with only now.

        A wake that passed its occurrence since then had its call in ``calls``, and a call that is
        no longer there has ended.

        Args:
            read: the cursor with which the slow wake began.
            by: the digest of the generation that it reads.
        """
        return call not in self.calls and self.has_settled(occurrence, read, by)

    def has_settled(self, occurrence: Occurrence, read: Cursor, by: str) -> bool:
        """Whether another wake has settled an occurrence since a wake began that read ``read``.

        Args:
            by: the digest of the generation that it reads.
        """
        if self.through is None or self.generation != by:
            return False
        if occurrence.id in self.pending:
            return False
        was_open = occurrence.id in read.pending or (
            # A further run is of an old time: that wakes have come past it says nothing.
            not occurrence.is_rerun and (read.through is None or occurrence.at > read.through)
        )
        return was_open and occurrence.at <= self.through

    def has_passed(self, at: int) -> bool:
        """Whether an earlier wake may have looked at the occurrences of an epoch minute."""
        return any(reach is not None and at <= reach for reach in (self.through, self.reached))

    def _further(self, newer: Self, now: int) -> _Read:
        """What the two say together: the further one, unless it is ahead of the clock."""
        mine, theirs = newer.through, self.through
        if mine is None:
            return self._read()
        if theirs is None or theirs > now or theirs < mine:
            return newer._read()
        if theirs == mine and self.generation != newer.generation:
            # All schedules of both: what neither had read has a later anchor or a higher number
            # than either's.
            return _Read(
                theirs,
                None,
                _later(self.known, newer.known),
                _later(self.number, newer.number),
                _earlier(self.unread, newer.unread),
            )
        return self._read()

    def _read(self) -> _Read:
        return _Read(self.through, self.generation, self.known, self.number, self.unread)

    def to_json(self) -> dict[str, Any]:
        """The Dict entry."""
        return {
            "format": FORMAT,
            "through": None if self.through is None else format_minute(self.through),
            "generation": self.generation,
            "known": None if self.known is None else format_minute(self.known),
            **({} if self.number is None else {"number": self.number}),
            **({} if self.unread is None else {"unread": format_minute(self.unread)}),
            **({} if self.reached is None else {"reached": format_minute(self.reached)}),
            "unsettled": stored_keys(self.pending),
            **({"triggered": sorted(self.triggered)} if self.triggered else {}),
            **({"id": self.id} if self.id else {}),
            **({"recovered": self.recovered} if self.recovered else {}),
            "calls": {call: Occurrence.parse(key).stored for call, key in self.calls.items()},
            "wakes": dict(self.wakes),
            "tidied": self.tidied,
            "took": list(self.took),
            **self.outbox.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back.

        Raises:
            NewerFormatError: a newer version wrote it.
            FormatError: it is not a cursor.
        """
        with reading("a cursor", CURSOR_ENTRY):
            check_format(data, CURSOR_ENTRY)
            through, known, reached = data["through"], data.get("known"), data.get("reached")
            unread = data.get("unread")
            outbox, damaged = read_outbox(data, CURSOR_ENTRY)
            return cls(
                through=None if through is None else parse_minute(through),
                generation=typed(data, "generation", str, None),
                known=None if known is None else parse_minute(known),
                number=typed(data, "number", int, None),
                unread=None if unread is None else parse_minute(unread),
                reached=None if reached is None else parse_minute(reached),
                pending=attempts_of(data, "unsettled"),
                calls=_calls(typed(data, "calls", dict)),
                wakes=_wakes(typed(data, "wakes", dict)),
                tidied=typed(data, "tidied", str),
                took=tuple(float(seconds) for seconds in typed(data, "took", list, [])),
                outbox=outbox,
                triggered=frozenset(map(str, typed(data, "triggered", list, []))),
                id=typed(data, "id", str, ""),
                recovered=time_of(data, "recovered") if data.get("recovered") else "",
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
    return {str(call): Occurrence.parse(key).id for call, key in written.items()}


def _wakes(written: Mapping[str, Any]) -> dict[str, str]:
    return {str(slot): time_of(written, slot) for slot in written}


class _Read(NamedTuple):
    """How far wakes have come, and what the generation was that they had read; as in a cursor."""

    through: int | None
    generation: str | None
    known: int | None
    number: int | None
    unread: int | None


def _earlier(one: int | None, other: int | None) -> int | None:
    """The earlier of two, of which either may be None."""
    return min((at for at in (one, other) if at is not None), default=None)


def _later(one: int | None, other: int | None) -> int | None:
    """The later of two, of which either may not be known."""
    return max((at for at in (one, other) if at is not None), default=None)


def _newest(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Of each slot the later time, ISO 8601."""
    return {slot: max(one.get(slot, ""), other.get(slot, "")) for slot in (*one, *other)}


def without(entries: Mapping[str, V], keys: Iterable[str]) -> dict[str, V]:
    """The entries but those of these keys."""
    dropped = set(keys)
    return {key: value for key, value in entries.items() if key not in dropped}
