"""The Python files of a repository that may give schedules, and those that cannot be read."""

from __future__ import annotations

import os
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from reconciler.foreign_text import printable
from reconciler.importers.modal_code import ScheduleArgument, schedule_arguments

MAX_BYTES: Final = 1_000_000
"""Of one file; a larger one is generated."""
DEEPEST: Final = 64
"""Levels of folders that are searched."""
_WORD: Final = b"schedule"
_OTHERS: Final = frozenset({"__pycache__", "node_modules", "site-packages"})


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file that may give a schedule and could not be read."""

    file: str
    reason: str


def find_arguments(root: Path) -> Iterator[ScheduleArgument | UnreadFile]:
    """Search the Python files below a folder, sorted by name.

    Hidden folders, virtual environments, installed packages and files without the word `schedule`
    are left out.
    """
    for path in _files(root):
        shown = printable(path.relative_to(root).as_posix())
        try:
            if path.stat().st_size > MAX_BYTES:
                yield UnreadFile(shown, f"larger than {MAX_BYTES:,} bytes")
                continue
            content = path.read_bytes()
            if _WORD in content:
                yield from sorted(
                    schedule_arguments(_decoded(content), shown), key=lambda found: found.line
                )
        except OSError as error:
            yield UnreadFile(shown, (error.strerror or "unknown reason").lower())
        except (SyntaxError, ValueError, LookupError) as error:
            yield UnreadFile(shown, f"not Python that can be parsed here: {error}")
        except (RecursionError, MemoryError):  # the parser's own bounds
            yield UnreadFile(shown, "nested too deeply to be parsed")


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        if "pyvenv.cfg" in names or len(Path(folder).relative_to(root).parts) >= DEEPEST:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if name[0] != "." and name not in _OTHERS)
        for name in sorted(names):
            path = Path(folder, name)
            if name.endswith(".py") and path.is_file():
                yield path


def _decoded(content: bytes) -> str:
    encoding, _lines = tokenize.detect_encoding(BytesIO(content).readline)
    return content.decode(encoding)
