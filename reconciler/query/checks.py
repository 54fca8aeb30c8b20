"""The result of a check of ``reconcile doctor``. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CheckVerdict(StrEnum):
    """The result of a check."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing fails because of it."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One line.

    Attributes:
        what: what was looked at.
        found: what was found.
        remedy: what to do; None where nothing is to be done.
    """

    what: str
    verdict: CheckVerdict
    found: str
    remedy: str | None = None
