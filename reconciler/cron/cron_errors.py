"""What can be wrong with a schedule's times, with the position for an error in a manifest."""

from __future__ import annotations

from reconciler.errors import ReconcileError


class CronError(ReconcileError, ValueError):
    """An expression or interval that is refused.

    Attributes:
        message: what is wrong and what was expected, one line.
        start, end: the half-open span of characters in the text that it is about.
        suggestion: text to put in place of that span, when one is likely to be meant.
    """

    def __init__(
        self, message: str, *, start: int, end: int, suggestion: str | None = None
    ) -> None:
        super().__init__(message, remedy=_question((suggestion,) if suggestion else ()))
        self.message = message
        self.start = start
        self.end = end
        self.suggestion = suggestion


class ZoneError(ReconcileError, ValueError):
    """A name that is no IANA time zone.

    Attributes:
        zone: the name as given.
        suggestions: names of zones that look like it, best first; may be empty.
    """

    def __init__(self, zone: str, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(
            f"unknown time zone {zone!r}: expected an IANA name such as America/New_York or UTC",
            remedy=_question(suggestions),
        )
        self.zone = zone
        self.suggestions = suggestions


class TzdataError(ReconcileError):
    """The package `tzdata` is not installed, or one of its files cannot be read."""


def _question(candidates: tuple[str, ...]) -> str | None:
    if not candidates:
        return None
    return f"Did you mean {' or '.join(f'`{candidate}`' for candidate in candidates)}?"
