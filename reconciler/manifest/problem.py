"""What is wrong in manifests and settings: all of it, each with its place and its remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from reconciler.errors import ReconcileError
from reconciler.foreign_text import printable
from reconciler.manifest.location import Location

SHOWN_PROBLEMS: Final = 50
"""Problems that a message spells out."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Args:
        message: what is wrong and what was expected, one plain sentence without a full stop.
        location: where.
        remedy: what to write instead, where that can be told.
    """

    message: str
    location: Location
    remedy: str | None = None

    def __post_init__(self) -> None:
        # Messages quote what strangers wrote, and go to terminals and CI logs, where an escape
        # sequence or a line of its own could pass for ours.
        object.__setattr__(self, "message", printable(self.message))
        if self.remedy is not None:
            object.__setattr__(self, "remedy", printable(self.remedy))

    def __str__(self) -> str:
        text = f"{self.location}: {self.message}"
        return f"{text}\n  {self.remedy}" if self.remedy else text


class ManifestError(ReconcileError):
    """What people wrote cannot be used. Exit code 1.

    Args:
        problems: everything that is wrong, in any order; kept sorted by file, line and column.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        ordered = sorted(problems, key=lambda problem: (problem.location, problem.message))
        if not ordered:
            raise ValueError("a ManifestError needs at least one problem")
        self.problems: tuple[Problem, ...] = tuple(ordered)
        super().__init__(_summary(self.problems))

    def message_for(self, environment: str | None) -> str:
        """The first problems and how many there are, whatever the environment is."""
        del environment
        shown = [str(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
        left = len(self.problems) - len(shown)
        if left:
            shown.append(f"and {left:,} more; `reconcile validate --format json` lists them")
        return "\n".join([*shown, self.what])


def _summary(problems: tuple[Problem, ...]) -> str:
    files = len({problem.location.file for problem in problems})
    return (
        f"{len(problems):,} problem{'s' if len(problems) > 1 else ''}"
        f" in {files:,} file{'s' if files > 1 else ''}"
    )
