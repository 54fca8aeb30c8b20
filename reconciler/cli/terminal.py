"""The terminal that reads standard output."""

from __future__ import annotations

import shutil
import sys

from reconciler.render.table import WIDEST


def columns() -> int:
    """Characters of a line; where the output is no terminal, as many as tables have at most."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST
