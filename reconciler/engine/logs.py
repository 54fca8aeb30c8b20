"""The output of containers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from reconciler.engine import limits
from reconciler.engine.storage.database import Database
from reconciler.engine.time_source import TimeSource

_PRUNE_EVERY: Final = 1_000


@dataclass(frozen=True)
class LogOrigin:
    """The source of an output. ``call`` and ``input`` are empty if several inputs run at once."""

    app: str
    function: str
    container: str
    call: str = ""
    input: str = ""


@dataclass(frozen=True)
class LogEntry:
    """``fd``: 1 for stdout, 2 for stderr, 3 for messages of the engine. ``at``: epoch seconds."""

    id: int
    origin: LogOrigin
    fd: int
    at: float
    data: str


@dataclass(frozen=True)
class LogFilter:
    """An empty field matches everything. ``since`` inclusive, ``until`` exclusive, 0 for open."""

    app: str
    function: str = ""
    container: str = ""
    call: str = ""
    fd: int = 0
    text: str = ""
    since: float = 0.0
    until: float = 0.0


class LogStore:
    """Ordered by arrival; the oldest entries are dropped beyond ``limits.LOG_ROWS``."""

    def __init__(self, database: Database, clock: TimeSource) -> None:
        self._database = database
        self._clock = clock
        self._news: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._added = 0

    def add(self, origin: LogOrigin, fd: int, text: str) -> None:
        """Keep a piece of output, a line per entry."""
        now = self._clock.now()
        with self._database.transaction():
            for line in text.splitlines(keepends=True):
                self._database.run(
                    "INSERT INTO logs (app, function, container, call, input, fd, at, data)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    origin.app,
                    origin.function,
                    origin.container,
                    origin.call,
                    origin.input,
                    fd,
                    now,
                    line,
                )
                self._added += 1
        self.announce(origin.app)
        if self._added >= _PRUNE_EVERY:
            self._added = 0
            self._database.run(
                "DELETE FROM logs WHERE id <= (SELECT max(id) FROM logs) - ?", limits.LOG_ROWS
            )

    def after(self, entry: int, chosen: LogFilter, most: int) -> list[LogEntry]:
        """Entries that came later than one, oldest first."""
        return self._select("id > ?", "ASC", entry, chosen, most)

    def latest(self, chosen: LogFilter, most: int) -> list[LogEntry]:
        """The last entries, oldest first."""
        return self._select("id > ?", "DESC", 0, chosen, most)[::-1]

    def _select(
        self, start: str, order: str, entry: int, chosen: LogFilter, most: int
    ) -> list[LogEntry]:
        rows = self._database.rows(
            "SELECT id, app, function, container, call, input, fd, at, data FROM logs"  # noqa: S608  # two fixed texts
            f" WHERE {start} AND app = ? AND (? = '' OR function = ?)"
            " AND (? = '' OR container = ?) AND (? = '' OR call = ?) AND (? = 0 OR fd = ?)"
            " AND instr(data, ?) AND at >= ? AND (? = 0 OR at < ?)"
            f" ORDER BY id {order} LIMIT ?",
            entry,
            chosen.app,
            chosen.function,
            chosen.function,
            chosen.container,
            chosen.container,
            chosen.call,
            chosen.call,
            chosen.fd,
            chosen.fd,
            chosen.text,
            chosen.since,
            chosen.until,
            chosen.until,
            most,
        )
        return [
            LogEntry(number, LogOrigin(app, function, container, call, given), fd, at, data)
            for number, app, function, container, call, given, fd, at, data in rows
        ]

    def announce(self, app: str) -> None:
        """Wake all who follow an app's output."""
        if app in self._news:
            self._news.pop(app).set()

    async def wait(self, app: str, seconds: float) -> None:
        """Until there is something new of an app, or the time is over."""
        news = self._news[app]
        try:
            await asyncio.wait_for(news.wait(), max(0.0, min(seconds, limits.LONG_POLL)))
        except TimeoutError:
            return
