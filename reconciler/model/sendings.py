"""What became of attempts to tell somebody of something, as the runs file of a wake has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from reconciler.model.formats import typed
from reconciler.model.occurrence import format_minute, parse_minute


class ToldState(StrEnum):
    """What became of an attempt to tell somebody of something."""

    SENT = "sent"
    FAILED = "failed"
    """A later wake tries again."""
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class Told:
    """One attempt to send a notice.

    Attributes:
        notice: its id.
        to: the address, without what is secret in it; empty for all that there were.
        error: why it could not be sent.
        times: the misses that the notice counts, epoch minutes.
    """

    notice: str
    to: str
    state: ToldState
    error: str | None = None
    times: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The attempt as JSON; what has its default is left out."""
        data: dict[str, Any] = {"notice": self.notice, "to": self.to, "state": self.state.value}
        if self.error is not None:
            data["error"] = self.error
        if self.times:
            data["times"] = [format_minute(at) for at in self.times]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        return cls(
            typed(data, "notice", str),
            typed(data, "to", str),
            ToldState(data["state"]),
            typed(data, "error", str, None),
            tuple(map(parse_minute, typed(data, "times", list, []))),
        )


def told_line(told: Told) -> str:
    """An attempt as logs and terminals show it: ``alarm failures/a@… to https://…/…: sent``."""
    what = told.notice if told.notice.startswith("ping-") else f"alarm {told.notice}"
    to = f" to {told.to}" if told.to else ""
    why = f", {told.error}" if told.error else ""
    return f"{what}{to}: {_TOLD[told.state]}{why}"


_TOLD: Final = {
    ToldState.SENT: "sent",
    ToldState.FAILED: "not sent yet",
    ToldState.GIVEN_UP: "given up",
}
