"""The file of ``reconcile doctor --probe``: what was measured of Modal, for people and plans."""

from __future__ import annotations

import json
from typing import Any, Final

from reconciler.cli.inputs import Inputs

FILE: Final = "probe.json"
"""Beside the settings."""
LONGEST: Final = 600.0
"""Seconds of a start that are believed."""


def measured_startup(inputs: Inputs) -> float | None:
    """Seconds in which a container starts, as a probe of this environment measured them.

    None without a probe, and for a file that says something else: a plan can do without.
    """
    try:
        found: Any = json.loads((inputs.root / FILE).read_text(encoding="utf-8"))
        if found["environment"] != inputs.environment.name:
            return None
        seconds = float(found["start"]["cold_seconds"]) - float(found["start"]["warm_seconds"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return round(seconds, 2) if 0 <= seconds <= LONGEST else None
