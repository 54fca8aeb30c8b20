"""Messages at the lines of a pull request, as GitHub Actions reads them from a step's output.

The form is that of GitHub's "workflow commands"; what they carry is escaped as its toolkit does it,
since a message that quotes a stranger must not become a command of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from reconciler.errors import ReconcileError
from reconciler.foreign_text import printable_lines, without_commands
from reconciler.manifest import ManifestError
from reconciler.plan.finding import Finding, Level
from reconciler.streams import write_command

MOST: Final = 50
"""Annotations that a command writes. GitHub shows ten of each level for a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One message.

    Attributes:
        level: ``error`` or ``warning``.
        file: None when it is about no file.
        line, column: from 1; 0 when the file as a whole is meant.
    """

    level: str
    message: str
    file: str | None = None
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        properties = {
            "file": self.file or "",
            "line": str(self.line or ""),
            "col": str(self.column or ""),
            "title": "schedules",
        }
        properties_text = ",".join(
            f"{key}={_property(value)}" for key, value in properties.items() if value
        )
        return f"::{self.level} {properties_text}::{_data(self.message)}"


def of_error(error: ReconcileError) -> Iterator[Annotation]:
    """What an error says, at the lines that it is about."""
    if isinstance(error, ManifestError):
        for problem in error.problems:
            place = problem.location
            yield Annotation(
                level="error",
                message=with_remedy(problem.message, problem.remedy),
                file=place.file,
                line=place.line,
                column=place.column,
            )
    else:
        yield Annotation(level="error", message=str(error))


def of_findings(findings: Iterable[Finding]) -> Iterator[Annotation]:
    """What rules find, at the offending keys."""
    for finding in findings:
        place = finding.location
        yield Annotation(
            level="error" if finding.level is Level.DENY else "warning",
            message=f"{finding.rule}: {finding.schedule}: {finding.message}",
            file=place.file,
            line=place.line,
            column=place.column,
        )


def annotate(annotations: Iterable[Annotation]) -> None:
    """Write them where GitHub Actions reads them; elsewhere they would be noise."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for annotation in islice(annotations, MOST):
            write_command(str(annotation))


def with_remedy(message: str, remedy: str | None) -> str:
    """A message, and below it what to do."""
    return f"{message}\n{remedy}" if remedy else message


def _data(text: str) -> str:
    text = without_commands(printable_lines(text))
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
