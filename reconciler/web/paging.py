"""Long lists by page: ``limit`` items, and a ``cursor`` that says where the next page begins."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from starlette.datastructures import QueryParams
from starlette.requests import Request

from reconciler.web.problems import RequestError

T = TypeVar("T")

USUAL: Final = 100
MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page a client asks for.

    Attributes:
        limit: how many items it holds at most.
        after: the key of the last item of the page before it; None for the first page.
    """

    limit: int
    after: tuple[str | int, ...] | None


def page_request(request: Request, *kinds: type) -> PageRequest:
    """The page that the query names.

    Args:
        kinds: of the parts of an item's key.

    Raises:
        RequestError: ``limit`` or ``cursor`` is wrong (400).
    """
    limit = whole_number(request.query_params, "limit", USUAL, most=MOST)
    cursor = request.query_params.get("cursor")
    return PageRequest(limit, None if cursor is None else _decoded(cursor, kinds))


def whole_number(query: QueryParams, name: str, usual: int, *, most: int) -> int:
    """A parameter that is a whole number from 1 on.

    Raises:
        RequestError: it is not (400).
    """
    text = query.get(name, str(usual))
    found = int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0
    if not 1 <= found <= most:
        raise RequestError(400, name, f"`{name}` is a whole number from 1 to {most:,}")
    return found


def next_cursor(key: Sequence[str | int]) -> str:
    """The cursor of the page after an item with this key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def page_of(
    items: Sequence[T], page: PageRequest, key: Callable[[T], tuple[Any, ...]]
) -> tuple[Sequence[T], str | None]:
    """The items of a page, and the cursor of the next one; None when it is the last.

    Args:
        items: in ascending order of their keys.
    """
    if page.after is not None:
        items = [item for item in items if key(item) > page.after]
    found = items[: page.limit]
    return found, next_cursor(key(found[-1])) if len(items) > len(found) else None


def _decoded(cursor: str, kinds: Sequence[type]) -> tuple[str | int, ...]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if isinstance(parts, list) and [type(part) for part in parts] == list(kinds):
            return tuple(parts)
    except (binascii.Error, ValueError, RecursionError):
        pass
    raise RequestError(
        400, "cursor", "`cursor` is not one that this list gave", remedy="Begin without a cursor."
    )
