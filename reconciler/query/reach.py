"""How far back questions look, in days of history. Days without a wake have no folder."""

from __future__ import annotations

from typing import Final

USUAL_DAYS: Final = 7
"""For a list of runs."""
FAR_DAYS: Final = 90
"""For one run, for a name, and for the last run of a schedule."""
