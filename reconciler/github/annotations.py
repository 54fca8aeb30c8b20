"""Messages at the lines of a pull request, as GitHub Actions reads them from a step's output.

The form is that of GitHub's "workflow commands"; what they carry is escaped as its toolkit does it,
since a message that quotes a stranger must not become a command of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from reconciler.errors import ReconcileError
from reconciler.foreign_text import printable_lines, without_commands
from reconciler.manifest import ManifestError
from reconciler.plan import Kind, Plan
from reconciler.plan.finding import Finding, Level
from reconciler.render.effect_words import lost_or_repeated
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
                message=_with_remedy(problem.message, problem.remedy),
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


def of_plan(plan: Plan) -> Iterator[Annotation]:
    """The errors and warnings of a plan, at their manifests; refusals are about no line."""
    for item in plan.missing:
        place = item.location
        yield Annotation(
            level="error",
            message=_with_remedy(item.message, item.remedy),
            file=place.file,
            line=place.line,
            column=place.column,
        )
    if plan.judgement is not None:
        yield from of_findings(plan.judgement.findings)
        if plan.judgement.changed is not None:
            for lost in plan.judgement.changed.lost:
                message = f"the rules of the base alone find this: {lost.message}"
                yield from of_findings([replace(lost, level=Level.WARN, message=message)])
    for refusal in plan.refusals:
        yield Annotation(level="error", message=_with_remedy(refusal.message, refusal.remedy))
    for warning in plan.warnings:
        yield Annotation(
            level="warning", message=warning.message, file=warning.file, line=warning.line or 0
        )
    yield from _of_effects(plan)


def _of_effects(plan: Plan) -> Iterator[Annotation]:
    """The runs that changes skip and double, at the manifests that change."""
    places = {change.name: change for change in plan.changes if change.kind is Kind.SCHEDULE}
    for effect in plan.effects:
        place = places.get(effect.name)
        for words in lost_or_repeated(effect):
            yield Annotation(
                level="warning",
                message=f"{effect.name}: {words}",
                file=None if place is None else place.file,
                line=0 if place is None else place.line or 0,
            )


def annotate(annotations: Iterable[Annotation]) -> None:
    """Write them where GitHub Actions reads them; elsewhere they would be noise."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for annotation in islice(annotations, MOST):
            write_command(str(annotation))


def _with_remedy(message: str, remedy: str | None) -> str:
    return f"{message}\n{remedy}" if remedy else message


def _data(text: str) -> str:
    text = without_commands(printable_lines(text))
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
