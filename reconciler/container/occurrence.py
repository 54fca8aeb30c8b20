"""Which occurrence of its schedule a run is of, as a function of the repository receives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Which occurrence a run is of.

    A function that has a parameter `occurrence` receives one in each run that its schedule starts.

    Attributes:
        id: the schedule's name and the nominal time, `rates@2026-11-20T06:00Z`. It is the same in
            every attempt: a function that must not repeat its effect can go by it.
        nominal_time: the time that the schedule names, aware, in UTC.
        scheduled_time: when a wake started the run, aware, in UTC.
        attempt: 1 for the first, counted on by every retry.
        run: the id of the run; `rates@2026-11-20T06:00Z.2` when a person asked for another run of
            the occurrence, else the same as `id`.
    """

    id: str
    nominal_time: datetime
    scheduled_time: datetime
    attempt: int = 1
    run: str = ""

    @classmethod
    def of(cls, envelope: Mapping[str, Any], attempt: int) -> Self:
        """What a wake says of an occurrence.

        Args:
            attempt: as Modal counts; a supervisor's count goes before.
        """
        return cls(
            id=str(envelope["id"]),
            nominal_time=datetime.fromisoformat(str(envelope["nominal"])),
            scheduled_time=datetime.fromisoformat(str(envelope["scheduled"])),
            attempt=int(envelope.get("attempt", attempt)),
            run=str(envelope.get("run", envelope["id"])),
        )
