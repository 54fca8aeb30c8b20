"""What was answered to calls that must not be done twice.

The client sends one ``x-idempotency-key`` with all its tries of a call. What Modal does with it is
undocumented. Here it is honoured where a second try would start something a second time, and
nowhere else: a client may be told that the key which it has just ``put`` is taken.
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
        """Do it and keep the answer, in one step; a repetition is only answered.

        Args:
            key: empty for a call that is always done.
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
        """Forget what no client tries any more."""
        self._database.run(
            "DELETE FROM answers WHERE at < ?", self._clock.now() - limits.ANSWER_AGE
        )
