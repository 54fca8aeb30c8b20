"""The problems of manifests and settings, each with its position and remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from reconciler.errors import ReconcileError
from reconciler.foreign_text import printable
from reconciler.manifest.location import Location

SHOWN_PROBLEMS: Final = 50
"""Problems that a message shows; it counts the rest."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a file.

    Args:
        message: what is wrong and what was expected: one sentence without a full stop.
        location: its position.
        remedy: what to write instead, if known.
    """

    message: str
    location: Location
    remedy: str | None = None

    def __post_init__(self) -> None:
        # Messages quote untrusted text and go to terminals and CI logs, where an escape sequence or
        # a line break could imitate our own output.
        object.__setattr__(self, "message", printable(self.message))
        if self.remedy is not None:
            object.__setattr__(self, "remedy", printable(self.remedy))

    def __str__(self) -> str:
        text = f"{self.location}: {self.message}"
        return f"{text}\n  {self.remedy}" if self.remedy else text


class ManifestError(ReconcileError):
    """Manifests or settings are invalid. Exit code 1.

    Args:
        problems: all problems, in any order; they are kept sorted by file, line and column.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        ordered = sorted(problems, key=lambda problem: (problem.location, problem.message))
        if not ordered:
            raise ValueError("a ManifestError needs at least one problem")
        self.problems: tuple[Problem, ...] = tuple(ordered)
        super().__init__(_summary(self.problems))

    def message_for(self, environment: str | None) -> str:
        """The first problems, and their number. The environment makes no difference."""
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
