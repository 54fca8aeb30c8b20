"""Stored answers of calls that must not be executed twice.

The client sends the same ``x-idempotency-key`` with every attempt of a call. What Modal does with
it is undocumented. The engine uses it only where a second attempt would start something twice. A
repeated ``put`` is executed again, so it may answer that the key, which it just stored, exists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from google.protobuf.message import Message

from reconciler.engine import limits
from reconciler.engine.storage.database import Database
from reconciler.engine.time_source import TimeSource

M = TypeVar("M", bound=Message)


class IdempotentCalls:
    """Answers by the idempotency key of the call. The database keeps them over a restart."""

    def __init__(self, database: Database, clock: TimeSource) -> None:
        self._database = database
        self._clock = clock

    def once(self, key: str, kind: type[M], do: Callable[[], M]) -> M:
        """Execute a call and store its answer in one transaction; answer a repetition from there.

        Args:
            key: empty for a call that is always executed.
        """
        if not key:
            return do()
        with self._database.transaction():
            row = self._database.row("SELECT body FROM answers WHERE key = ?", key)
            if row is not None:
                return kind.FromString(row[0])
            answer = do()
            body = answer.SerializeToString()
            self._database.run("INSERT INTO answers VALUES (?, ?, ?)", key, self._clock.now(), body)
        return answer

    def expire(self) -> None:
        """Delete the answers of calls that no client repeats any more."""
        self._database.run(
            "DELETE FROM answers WHERE at < ?", self._clock.now() - limits.ANSWER_AGE
        )
