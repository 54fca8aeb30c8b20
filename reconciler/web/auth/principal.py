"""The sender of a request, as its credentials prove it, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """What a credential allows."""

    READ = "read"
    """Status, schedules, runs, next, history, metrics and the dashboard."""
    WAKE = "wake"
    TRIGGER = "trigger"
    JOBS = "jobs"
    """Start calls, and fetch their results."""
    CALENDAR = "calendar"
    """The calendar of the next occurrences, by a token in its URL."""


EVERY_SCOPE: Final = frozenset(Scope)


class Proof(StrEnum):
    """The kind of credential."""

    TOKEN = "token"  # noqa: S105 - the name of a kind
    SESSION = "session"
    """The cookie of a person who has signed in."""
    WEBHOOK = "webhook"
    ACCESS = "access"
    """Cloudflare Access."""
    PROXY = "proxy"
    """What is in front of the application has authenticated the request."""

    @property
    def sent_by_browsers(self) -> bool:
        """Whether a browser adds it to requests that a page of another site makes."""
        return self in (Proof.SESSION, Proof.ACCESS)


@dataclass(frozen=True, slots=True)
class Principal:
    """The sender of a request.

    Attributes:
        name: of the credential; for the access log, never the credential itself.
    """

    name: str
    proof: Proof
    scopes: frozenset[Scope]

    @property
    def label(self) -> str:
        """``token:grafana``."""
        return f"{self.proof}:{self.name}"
