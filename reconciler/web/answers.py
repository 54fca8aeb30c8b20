"""Answers: JSON with an entity tag, so that a client that polls gets only what has changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from reconciler.foreign_text import in_json

_TAG_LENGTH: Final = 24


def json_answer(
    request: Request,
    document: Any,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A document; 304 when the client has it."""
    content = in_json(json.dumps(document, separators=(",", ":"))).encode()
    return tagged(request, content, "application/json", status=status, headers=dict(headers or {}))


def tagged(
    request: Request,
    content: bytes,
    media_type: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    same: bytes | None = None,
) -> Response:
    """Content with its entity tag; 304 without the content when the client has it.

    Args:
        same: what has to be the same for the content to count as unchanged; by default all of it.
    """
    tag = f'"{sha256(content if same is None else same).hexdigest()[:_TAG_LENGTH]}"'
    sent = {**(headers or {}), "ETag": tag}
    if request.method == "GET" and _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=sent)
    return Response(content, status_code=status, headers=sent, media_type=media_type)


def _has(tags: str, tag: str) -> bool:
    """Whether a client's tags hold this one; proxies that compress make it a weak one."""
    known = {one.strip().removeprefix("W/") for one in tags.split(",")}
    return tag in known or "*" in known
