"""The version of what ``--format json`` prints, of all commands."""

from __future__ import annotations

from typing import Final, Literal

OUTPUT_FORMAT: Final[Literal[2]] = 2
"""Within one format keys are only added. Format 2 renamed those of format 1 that were not in the
words of this project's documentation."""
