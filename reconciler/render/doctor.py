"""The checks of ``reconcile doctor``, as a person reads them in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import Field

from reconciler.foreign_text import as_lines, on_one_line
from reconciler.query.checks import Check, CheckVerdict
from reconciler.render.document_part import Part
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.line_wrapping import wrapped
from reconciler.render.style import Style
from reconciler.render.table import WIDEST
from reconciler.words import count

_MARKS: Final = {CheckVerdict.OK: "ok", CheckVerdict.NOTE: "--", CheckVerdict.PROBLEM: "!!"}


class CheckPart(Part):
    """One check."""

    what: str
    verdict: CheckVerdict
    found: str
    remedy: str | None = Field(description="What to do; null where nothing is to be done.")


class DoctorDocument(Part):
    """What `reconcile doctor --format json` prints."""

    format: Literal[2] = OUTPUT_FORMAT
    well: bool
    checks: list[CheckPart]


def doctor_document(checks: Sequence[Check]) -> DoctorDocument:
    """The checks as JSON."""
    return DoctorDocument(
        well=is_well(checks),
        checks=[
            CheckPart(what=one.what, verdict=one.verdict, found=one.found, remedy=one.remedy)
            for one in checks
        ],
    )


def is_well(checks: Sequence[Check]) -> bool:
    """Whether no check found a problem."""
    return all(one.verdict is not CheckVerdict.PROBLEM for one in checks)


def doctor_text(checks: Sequence[Check], style: Style, width: int = WIDEST) -> str:
    """A line for each check, with its remedy below.

    Args:
        width: characters of a line.
    """
    longest = max(len(one.what) for one in checks)
    lines = []
    for one in checks:
        mark = _MARKS[one.verdict]
        paint = {
            CheckVerdict.OK: style.green,
            CheckVerdict.NOTE: style.yellow,
            CheckVerdict.PROBLEM: style.red,
        }
        room = max(30, width - longest - 6)
        first, *more = wrapped(on_one_line(one.found), room) or [""]
        lines.append(f"{paint[one.verdict](mark)}  {one.what:{longest}}  {first}")
        indent = " " * (longest + 6)
        lines += [indent + line for line in more]
        if one.remedy is not None:
            lines += [indent + line for line in wrapped(on_one_line(one.remedy), room)]
    problems = sum(one.verdict is CheckVerdict.PROBLEM for one in checks)
    if problems:
        end = style.red(f"{count(problems, 'problem')}.")
    elif any(one.verdict is CheckVerdict.NOTE and one.remedy for one in checks):
        end = style.yellow("No problem; -- marks what is still to be done.")
    else:
        end = style.green("All is well.")
    return as_lines([*lines, end])
