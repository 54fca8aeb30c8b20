"""Findings and problems as SARIF 2.1.0, which code scanning services read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote

from reconciler import __version__
from reconciler.manifest import Location, Problem
from reconciler.plan.finding import Finding, Level

SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
INVALID: Final = "invalid"
"""The rule of what is not a valid manifest."""


@dataclass(frozen=True, slots=True)
class Result:
    """One result.

    Attributes:
        level: ``error`` or ``warning``.
    """

    rule: str
    level: str
    message: str
    location: Location

    @classmethod
    def of_finding(cls, one: Finding) -> Self:
        """What a rule finds."""
        level = "error" if one.level is Level.DENY else "warning"
        return cls(one.rule, level, f"{one.schedule}: {one.message}", one.location)

    @classmethod
    def of_problem(cls, one: Problem) -> Self:
        """A problem of a file."""
        text = one.message if one.remedy is None else f"{one.message}: {one.remedy}"
        return cls(INVALID, "error", text, one.location)


def sarif(results: Iterable[Result]) -> str:
    """A log with one run."""
    listed = list(results)
    rules = sorted({one.rule for one in listed})
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "reconcile",
                        "version": __version__,
                        "rules": [{"id": rule} for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, rules.index(one.rule)) for one in listed],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False)


def _result(one: Result, index: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(one.location.file)}}
    if one.location.line:
        place["region"] = {
            "startLine": one.location.line,
            "startColumn": max(1, one.location.column),
        }
    return {
        "ruleId": one.rule,
        "ruleIndex": index,
        "level": one.level,
        "message": {"text": one.message},
        "locations": [{"physicalLocation": place}],
    }
