"""``--format json`` on standard output."""

from __future__ import annotations

import json
from typing import Any

from reconciler.foreign_text import in_json


def print_json(document: Any) -> None:
    """Print a document."""
    print(to_json(document))


def to_json(document: Any, *, indent: int | None = 2) -> str:
    """A document without characters that act on a terminal or on the reader of a CI log."""
    return in_json(json.dumps(document, indent=indent))
