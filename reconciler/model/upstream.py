"""What a schedule waits for: another schedule, and what its run must have come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

from reconciler.model.formats import typed
from reconciler.policies import Condition

WITHIN: Final = 24 * 60
"""Minutes in which the newest occurrence of an upstream counts, unless the manifest says more."""
_DAY: Final = 24 * 60


class Upstream(NamedTuple):
    """One schedule that another one waits for.

    Attributes:
        name: as the schedule is called now.
        within: the occurrence at t waits for the newest upstream occurrence of these minutes up to
            t; one minute where the schedule has the times of its upstream.
        on: the outcome that it waits for.
        by: minute of the day, in the zone of the schedule that waits, at which an alert says that
            it still waits; None for no alert.
    """

    name: str
    within: int = WITHIN
    on: Condition = Condition.SUCCEEDED
    by: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The upstream as JSON, without its name; what has its default is left out."""
        data: dict[str, Any] = {}
        if self.within != WITHIN:
            data["within"] = self.within
        if self.on is not Condition.SUCCEEDED:
            data["on"] = self.on.value
        if self.by is not None:
            data["by"] = format_time_of_day(self.by)
        return data

    @classmethod
    def from_json(cls, name: str, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back.

        Raises:
            KeyError, TypeError, ValueError: it is not an upstream.
        """
        by = typed(data, "by", str, None)
        within = typed(data, "within", int, WITHIN)
        if within < 1:
            raise ValueError(f"an upstream is within {within} minutes")
        return cls(
            name,
            within,
            Condition(data.get("on", Condition.SUCCEEDED)),
            None if by is None else parse_time_of_day(by),
        )


def format_time_of_day(at: int) -> str:
    """Write a minute of the day as manifests do: ``09:00``."""
    return f"{at // 60:02}:{at % 60:02}"


def parse_time_of_day(text: str) -> int:
    """Read :func:`format_time_of_day` back.

    Raises:
        ValueError: it is not a time of the day.
    """
    hour, _, minute = text.partition(":")
    at = int(hour) * 60 + int(minute)
    if not 0 <= at < _DAY or format_time_of_day(at) != text:
        raise ValueError(f"{text!r} is not a time of the day: 09:00 is expected")
    return at
