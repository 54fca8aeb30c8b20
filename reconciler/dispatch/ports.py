"""The ports of the dispatcher, one narrow port per outside thing.

:mod:`reconciler.dispatch.adapters` holds the real ones and, in its module ``fakes``, one in memory
for each. One contract suite holds for both. What the ports answer is in
:mod:`reconciler.dispatch.answers`: a wake needs that, and of the ports only their names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from reconciler.dispatch.answers import CallStatus
from reconciler.model.formats import Damaged, Entry
from reconciler.model.generation import Generation
from reconciler.model.runs_file import ReadLogs, WakeLog

if TYPE_CHECKING:
    from reconciler.alerts import Address


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


class Claims(Protocol):
    """A dictionary shared by all wakes, of which one operation is atomic: :meth:`put_new`.

    Entries die after seven days without a read or a write: nothing may be lost when they do.
    """

    async def put_new(self, key: str, entry: Entry) -> bool:
        """Store the entry unless the key is taken, in one step; whether it was stored.

        False may also mean that our own put arrived, its answer was lost and the client sent it
        again: read the entry back and look for your own token.
        """
        ...

    async def get(self, key: str) -> Entry | None:
        """The entry; None when there is none.

        Any program may have stored anything there: what is not a mapping of texts, or cannot be
        unpickled here, is an :class:`~reconciler.model.formats.UnreadableEntry`.
        """
        ...

    async def put(self, key: str, entry: Entry) -> None:
        """Store the entry in the place of any other. Only a key's owner may."""
        ...


class Generations(Protocol):
    """The live generation."""

    async def live(self) -> Generation | None:
        """What the pointer names now, or None when nothing was ever applied.

        Raises:
            FormatError: the pointer or the generation cannot be read.
            UnavailableError: the Volume does not answer.
        """
        ...

    async def last_readable(self) -> Generation | None:
        """The newest generation that can be read, whether or not it is live. It names the
        recipients when the live one cannot be read.

        Raises:
            UnavailableError: the Volume does not answer.
        """
        ...


class Caller(Protocol):
    """Starts calls of deployed functions and reads their states."""

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        """Start a call and return its id.

        Raises:
            TargetMissingError: there is no such function.
            NotStartedError: nothing was started, for another reason.
            StartUnknownError: it may or may not have been started.
        """
        ...

    async def start_with(
        self, app: str, function: str, args: Mapping[str, Any], resources: Mapping[str, Any]
    ) -> str:
        """The same, with other resources than those of the deployed function.

        Args:
            resources: as a schedule's record has them.
        """
        ...

    async def look_up(self, app: str, function: str) -> None:
        """Find out whether there is such a function.

        Raises:
            TargetMissingError: there is none.
            UnavailableError: Modal does not say.
        """
        ...

    async def status(self, call: str) -> CallStatus:
        """How the call stands.

        Raises:
            UnavailableError: Modal does not say.
        """
        ...

    async def supervise(self, order: Mapping[str, Any]) -> str:
        """Start a call of our supervisor with this order and return its id.

        Raises:
            TargetMissingError, NotStartedError, StartUnknownError: as for :meth:`start`.
        """
        ...

    async def wait(self, call: str, seconds: float | None) -> CallStatus:
        """How the call stands once it has ended, or after so many seconds.

        Raises:
            UnavailableError: Modal does not say.
        """
        ...

    async def cancel(self, call: str) -> None:
        """End the call; one that has ended is left as it is.

        Raises:
            UnavailableError: it may or may not have been cancelled.
        """
        ...


class Messenger(Protocol):
    """Sends messages over HTTP."""

    async def send(self, address: Address, suffix: str, body: bytes | None) -> None:
        """POST a JSON body, or without one GET, and wait until the receiver has taken it.

        Args:
            suffix: is added to the path of the address.

        Raises:
            UnsentError: it did not answer in time, or with anything but 2xx; or the address is not
                known. It may have acted all the same.
        """
        ...


class RunLog(Protocol):
    """What wakes did, one file per wake, written once."""

    async def write(self, log: WakeLog) -> None:
        """Store the log durably: it is there for every later reader once this returns."""
        ...

    async def recent(self, days: int, about: Callable[[str], bool] | None = None) -> ReadLogs:
        """The logs of the newest ``days`` days that have any, oldest first; with them, what of
        these days cannot be read.

        Args:
            about: the names whose lines are wanted, which is much faster than all; None for all.
        """
        ...


class Archive(Protocol):
    """The stored logs as files, for keeping them small."""

    async def days(self) -> Sequence[str]:
        """The days that have any logs, ascending: ``2026-11-20``."""
        ...

    async def loose_days(self) -> Sequence[str]:
        """Those of them whose logs are not all in one file, or that have no summary, ascending."""
        ...

    async def compact(self, day: str, now: int) -> Sequence[Damaged]:
        """Put the logs of a day into one file, and write the day's summary. A reader finds each
        log, before, after and amid.

        A file that cannot be read stays beside it; where that is the day's one file, all stays.

        Args:
            now: epoch minute; a log that is about later times stays beside it too.

        Returns:
            What cannot be read.
        """
        ...

    async def summarise(self, day: str) -> None:
        """Write the summary of a day whose logs stay as they are."""
        ...

    async def remove(self, day: str) -> None:
        """Remove a day with its logs."""
        ...


class TaskFiles(Protocol):
    """The files on our Volume that tasks are, and that hold their outcomes."""

    async def pending(self, until: int | None = None) -> Sequence[str]:
        """The paths below ``tasks/``, sorted.

        Args:
            until: epoch minute; buckets of later hours are left out. None for all.
        """
        ...

    async def settled(self) -> Sequence[str]:
        """The paths below ``settled/``, sorted."""
        ...

    async def read(self, path: str) -> bytes | None:
        """The content of a file, None when there is none."""
        ...

    async def change(self, write: Mapping[str, bytes], remove: Collection[str] = ()) -> None:
        """Store files, each whole, and then remove others, those that are there.

        Every later reader sees it once this returns; none sees the removal without the rest.
        """
        ...

    async def remove_empty_buckets(self, before: str) -> None:
        """Remove the folders of days before this one (``2026-11-20``) in which nothing is left."""
        ...


class BackfillFiles(Protocol):
    """The files on our Volume that backfills are, and that say which are over."""

    async def listed(self) -> Sequence[str]:
        """The paths below ``backfills/``, sorted."""
        ...

    async def read(self, path: str) -> bytes | None:
        """The content of a file, None when there is none."""
        ...

    async def write(self, path: str, content: bytes) -> None:
        """Store a file, whole. Every later reader sees it once this returns."""
        ...

    async def remove(self, paths: Collection[str]) -> None:
        """Remove files, those that are there, in this order."""
        ...
