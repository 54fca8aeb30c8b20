"""What a person reads in a terminal: lines that fit, and whole words."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

from reconciler.render.line_wrapping import wrap_lines
from reconciler.render.table import WIDEST


def columns() -> int:
    """Characters of a line; where the output is no terminal, as many as tables have at most."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST


def show(text: str) -> None:
    """Print a text; on a terminal without breaking its words."""
    print(fitted(text, sys.stdout), flush=True)


def say(text: str) -> None:
    """Print what is no result to standard error; on a terminal without breaking its words."""
    print(fitted(text, sys.stderr), file=sys.stderr, flush=True)


def fitted(text: str, stream: TextIO) -> str:
    """The text as it fits the terminal of a stream. Elsewhere lines stay whole, for programs."""
    return wrap_lines(text, shutil.get_terminal_size().columns) if stream.isatty() else text
