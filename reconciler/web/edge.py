"""The outermost layer: every request gets an id, every answer the security headers, and the access
log one line without secrets."""

from __future__ import annotations

import json
import re
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.foreign_text import in_json
from reconciler.redaction import redacted
from reconciler.web.problems import RequestError, as_request_error, problem_response
from reconciler.web.refusals import Refusals
from reconciler.web.serving import Serving

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS: Final = "max-age=31536000"
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_PATH: Final = 200


@dataclass
class SentAnswer:
    """What was answered.

    Attributes:
        status: 0 before the answer began.
    """

    status: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """The application as the server sees it.

    Attributes:
        refusals: counts what is refused.
        log: receives the lines of the access log.
        ticks: seconds of a clock that only goes forward.
    """

    app: ASGIApp
    serving: Serving
    refusals: Refusals
    log: Callable[[str], None]
    ticks: Callable[[], float] = field(default=time.monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        # A router of Starlette raises what it cannot route when it knows of an application.
        scope["app"] = self.app
        begun, sent = self.ticks(), SentAnswer()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.status = message["status"]
                self._add_headers(MutableHeaders(scope=message), request_id)
            elif message["type"] == "http.response.body":
                sent.bytes += len(message.get("body", b""))
            await send(message)

        try:
            self._require_known_host(headers.get("host", ""))
            await self.app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the last resort: a client gets an answer
            await self._fail(error, request_id, sent, scope, receive, answer)
        self.log(self._line(scope, request_id, sent, self.ticks() - begun))
        await self.refusals.flush()

    def _require_known_host(self, host: str) -> None:
        if host.lower() not in self.serving.hosts:
            raise RequestError(
                421,
                "host",
                "this server does not answer for that host",
                remedy="Use the URL that `reconcile dashboard` or the deploy printed.",
            )

    async def _fail(
        self,
        error: Exception,
        request_id: str,
        sent: SentAnswer,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        problem = as_request_error(error)
        if problem.kind == "defect":
            trace = "".join(traceback.format_exception(error))
            self.log(redacted(json.dumps({"request": request_id, "defect": trace})))
        if 400 <= problem.status < 500:
            self.refusals.count(problem.kind)
        if not sent.status:
            await problem_response(problem, request_id)(scope, receive, send)

    def _add_headers(self, headers: MutableHeaders, request_id: str) -> None:
        for name, value in SECURITY_HEADERS.items():
            headers[name] = value
        if self.serving.https:
            headers["Strict-Transport-Security"] = HSTS
        headers["X-Request-Id"] = request_id
        headers.setdefault("Cache-Control", "private, no-cache")

    def _line(self, scope: Scope, request_id: str, sent: SentAnswer, seconds: float) -> str:
        return in_json(json.dumps(dict(self._facts(scope, request_id, sent, seconds))))

    def _facts(
        self, scope: Scope, request_id: str, sent: SentAnswer, seconds: float
    ) -> Iterator[tuple[str, Any]]:
        """The query is left out: it may hold a token."""
        yield "request", request_id
        yield "method", scope["method"]
        yield "path", scope["path"][:_LONGEST_PATH]
        yield "status", sent.status
        yield "bytes", sent.bytes
        yield "ms", round(seconds * 1000, 1)
        yield "by", scope["state"].get("by")
        yield "from", (scope.get("client") or [None])[0]


def _request_id(presented: str | None) -> str:
    """The id that the client gives, where it is harmless; else a new one."""
    if presented is not None and _REQUEST_ID.fullmatch(presented):
        return presented
    return uuid4().hex
