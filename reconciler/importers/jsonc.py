"""JSON with comments and commas at the end, as Cloudflare's wrangler reads it."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL
)


def to_json(text: str) -> str:
    """The text without comments and trailing commas; its lines keep their numbers."""
    return _TOKEN.sub(_kept, text)


def _kept(found: re.Match[str]) -> str:
    token = found.group()
    return token if token.startswith('"') else "\n" * token.count("\n")
