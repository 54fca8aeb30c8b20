"""The schedule of a deployed function, as ``Function.info()`` shows it.

That text is for display and its form is not promised: this is the one place that reads it. The
client renders it in ``modal._utils.function_utils.get_schedule_str``.
"""

from __future__ import annotations

import ast
import re
from typing import Final

from reconciler.deploy.ports import DeployedFunction
from reconciler.errors import ReconcileError
from reconciler.model.generation import Slot

UTC: Final = "UTC"
"""What Modal takes a cron without a zone for."""

_CRON: Final = re.compile(r"Cron\((?P<cron>'.*'|\".*\"), (?P<timezone>[^'\"]*)\)", re.S)
_PERIOD: Final = re.compile(r"Period\((?P<parts>.*)\)", re.S)
_PART: Final = re.compile(
    r"(?P<unit>years|months|weeks|days|hours|minutes|seconds)"
    r"=(?P<number>[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|inf|nan)"
)


class UnknownScheduleTextError(ReconcileError):
    """The SDK shows the schedule of a function of ours in a form that this version does not know.

    To take it for no schedule would lose it.
    """

    def __init__(self, app: str, function: str, why: str) -> None:
        super().__init__(
            f"the function {function}: {why}",
            where=app,
            remedy="Use a version of modal that schedule-reconciler was tested with, or report "
            "this.",
        )


def read_schedule(name: str, text: str | None) -> DeployedFunction:
    """Read the schedule of the function of this name; a text of no known form is kept as it is."""
    if text is None:
        return DeployedFunction(name)
    return _read_cron(name, text) or _read_period(name, text) or _unknown(name, text)


def _read_cron(name: str, text: str) -> DeployedFunction | None:
    found = _CRON.fullmatch(text)
    if found is None:
        return None
    try:
        expression = ast.literal_eval(found["cron"])
    except (SyntaxError, ValueError):
        return None
    slot = Slot(name, str(expression), found["timezone"].strip() or UTC)
    return DeployedFunction(name, slot, f"{slot.cron} ({slot.timezone})")


def _read_period(name: str, text: str) -> DeployedFunction | None:
    found = _PERIOD.fullmatch(text)
    if found is None:
        return None
    parts = [_PART.fullmatch(part) for part in found["parts"].split(", ") if part]
    read = [_in_words(part["number"], part["unit"]) for part in parts if part is not None]
    if len(read) < len(parts):
        return None
    every = ", ".join(read)
    return DeployedFunction(name, None, f"every {every}" if every else "a period of no length")


def _in_words(number: str, unit: str) -> str:
    """``5.0`` and ``minutes`` as ``5 minutes``: protobuf holds seconds as a float of 32 bits."""
    value = float(number)
    shown = str(int(value)) if value.is_integer() else f"{value:.6g}"
    return f"{shown} {unit.removesuffix('s') if value == 1 else unit}"


def _unknown(name: str, text: str) -> DeployedFunction:
    return DeployedFunction(
        name,
        None,
        text,
        unread=f"Modal shows its schedule as {text!r}, which this version cannot read",
    )
