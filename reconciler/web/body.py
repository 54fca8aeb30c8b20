"""Reads the body of a request, of a bounded size and within a bounded time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

from reconciler.web.problems import RequestError
from reconciler.web.serving import Serving


async def read_body(request: Request, serving: Serving) -> bytes:
    """The body.

    Raises:
        RequestError: it is larger than allowed (413) or does not arrive in time (408).
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > serving.body:
        raise _too_large(serving)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(serving.body_seconds):
            async for part in request.stream():
                size += len(part)
                if size > serving.body:
                    raise _too_large(serving)
                parts.append(part)
    except TimeoutError:
        raise RequestError(
            408, "slow-body", f"the body did not arrive within {serving.body_seconds:g} s"
        ) from None
    except ClientDisconnect:
        raise RequestError(400, "disconnected", "the client closed the connection") from None
    return b"".join(parts)


def json_of(request: Request, body: bytes) -> Any:
    """The value of a JSON body.

    Raises:
        RequestError: its media type is another (415), or it is no JSON (400).
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RequestError(
            415,
            "media-type",
            "the body must be application/json",
            remedy="Send `Content-Type: application/json`.",
        )
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, "json", f"the body is not JSON: {error}") from None


def _too_large(serving: Serving) -> RequestError:
    return RequestError(
        413,
        "body-too-large",
        f"a body has at most {serving.body:,} bytes",
        # What is left of the body is not read, so the connection cannot be used again.
        headers={"Connection": "close"},
    )
