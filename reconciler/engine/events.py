"""A line for each cron that fires, each run that ends, each notification that a dispatcher sends,
and what is not emulated of a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from modal_proto import api_pb2

from reconciler.engine.apps import AppStore
from reconciler.engine.calls import Input
from reconciler.engine.time_source import TimeSource
from reconciler.engine.usage import Usage
from reconciler.foreign_text import on_one_line, without_commands

_RESULT = api_pb2.GenericResult
_WORDS: Final = {
    _RESULT.GENERIC_STATUS_SUCCESS: "succeeded",
    _RESULT.GENERIC_STATUS_TIMEOUT: "timed out",
    _RESULT.GENERIC_STATUS_TERMINATED: "was cancelled",
}
_NOTIFICATION: Final = re.compile(
    r"(?:alert|ping-[a-z]+).*: (?:sent|not sent yet|given up)(?:, .*)?"
)
"""How a dispatcher prints that it has sent a notification, or tried to."""
_LONGEST: Final = 500
"""Characters of a line."""


class Events:
    """``say`` receives each line; None: nothing is said."""

    def __init__(
        self, apps: AppStore, clock: TimeSource, say: Callable[[str], None] | None
    ) -> None:
        self._apps = apps
        self._clock = clock
        self._say = say

    def fired(self, function: str) -> None:
        """A cron fires."""
        self._write(function, "fires")

    def ended(
        self,
        one: Input,
        result: api_pb2.GenericResult,
        seconds: float | None = None,
        usage: Usage | None = None,
    ) -> None:
        """An attempt of a run has ended, after ``seconds`` if it had begun."""
        if self._say is None:
            return
        words = [_WORDS.get(result.status, "failed")]
        if one.attempt:
            words.append(f"in attempt {one.attempt + 1}")
        if seconds is not None:
            words.append(f"after {seconds:.1f} s")
        if usage is not None:
            words.append(f"({usage})")
        if result.exception:
            words.append(f"- {result.exception}")
        self._write(one.function, " ".join([*words, one.call]))

    def printed(self, function: str, text: str) -> None:
        """A container has printed something: of the dispatcher's lines, notifications are shown."""
        if self._say is not None:
            for line in filter(_NOTIFICATION.fullmatch, text.splitlines()):
                self._write(function, line)

    def ignored(self, name: str, what: Sequence[str]) -> None:
        """A function is deployed that asks for what the engine does not emulate."""
        if what:
            self._line(f"{name}  not emulated: {'; '.join(what)}")

    def _write(self, function: str, text: str) -> None:
        if self._say is not None:
            spec = self._apps.spec(function)
            name = f"{spec.app.name or spec.app.description}/{spec.name}" if spec else function
            self._line(f"{name}  {text}")

    def _line(self, text: str) -> None:
        if self._say is None:
            return
        at = datetime.fromtimestamp(self._clock.now()).astimezone()
        line = without_commands(on_one_line(f"{at:%H:%M:%S}  {text}"))[:_LONGEST]
        # The disk of its log may be full; the engine goes on.
        with suppress(OSError, ValueError):
            self._say(line)
