"""Schedules whose functions have a schedule of their own at Modal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from reconciler.dispatch.decide.nominal_times import running_times
from reconciler.model.generation import Generation


class Twice(NamedTuple):
    """A schedule whose function has a schedule of its own at Modal, and so runs twice.

    Attributes:
        schedule: that of Modal, as people read it.
    """

    name: str
    function: str
    schedule: str

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.function} also has a Modal schedule of its own, {self.schedule}, "
            "so it runs twice; take `schedule=` out of its code and deploy it"
        )


def runs_twice(
    generation: Generation, schedules_of_modal: Mapping[tuple[str, str], str], now: int
) -> tuple[Twice, ...]:
    """The schedules that run twice.

    Args:
        schedules_of_modal: app and function to the schedule that Modal has of it.
        now: epoch minute; what is suspended or has ended doubles nothing.
    """
    return tuple(
        Twice(record.name, f"{record.app}/{record.function}", text)
        for record in generation.records
        if (text := schedules_of_modal.get((record.app, record.function))) is not None
        and not record.is_suspended(now)
        and any(True for _ in running_times(record, now))
    )
