"""The engine's HTTP port: contents by their digest, and controls for tests.

``GET|PUT /<secret>/blobs/<sha256>``: see ``content_urls``. All others need ``Authorization: Bearer
<token secret>``:

- ``GET /calls`` counts the calls by method; ``GET /trace`` lists the latest calls as pairs of
  method and calling function (empty for a client); ``DELETE /calls`` resets both.
- ``GET|POST|DELETE /faults``: the rules of ``FaultRule``.
- ``DELETE /contents [sha256, …]`` deletes uploaded contents.
- ``DELETE /state`` kills all containers and deletes all state but the contents. When the empty
  engine serves, it writes a new ``server.json`` with another token.
- ``POST /fire {app, function, environment}`` runs a function at once, as its cron would.
- ``GET /proxy-tokens`` lists them; ``POST /proxy-tokens {name, scoped}`` makes one, and shows its
  secret; ``DELETE /proxy-tokens {id}``.
- ``GET /status``.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from reconciler.disk import disk_problem
from reconciler.engine.fault_injection import FaultInjector, FaultRule
from reconciler.engine.http.content_urls import ContentUrls
from reconciler.engine.http.wire import Request, Response
from reconciler.engine.storage.blobs import Blobs
from reconciler.engine.web.proxy_tokens import ProxyTokens
from reconciler.errors import ReconcileError


class ControlHandler:
    """Answers the requests to one engine.

    ``fire`` runs a function and returns the call's id; ``status`` describes the engine; ``empty``
    restarts it with an empty state.
    """

    def __init__(
        self,
        address: ContentUrls,
        token_secret: str,
        blobs: Blobs,
        faults: FaultInjector,
        proxy_tokens: ProxyTokens,
        fire: Callable[[str, str, str], str],
        status: Callable[[], dict[str, Any]],
        empty: Callable[[], None],
    ) -> None:
        self._address = address
        self._token_secret = token_secret
        self._blobs = blobs
        self._faults = faults
        self._proxy_tokens = proxy_tokens
        self._fire = fire
        self._status = status
        self._empty = empty

    async def answer(self, request: Request) -> Response:
        """Answer a request; problems are reported as JSON."""
        content = re.fullmatch(r"/([^/]+)/blobs/([0-9a-f]{64})", request.path)
        if content and hmac.compare_digest(content[1], self._address.secret):
            try:
                return await self._content(request, content[2])
            except OSError as error:
                problem = disk_problem(error)
                if problem is None:
                    raise
                return _problem(HTTPStatus.INSUFFICIENT_STORAGE, problem)
        shown = request.headers.get("authorization", "")
        if not hmac.compare_digest(shown.encode(), f"Bearer {self._token_secret}".encode()):
            await request.text()
            return _problem(HTTPStatus.UNAUTHORIZED, "token missing or wrong")
        try:
            body = await request.text()
            given = json.loads(body) if body else {}
            if request.path == "/proxy-tokens":
                return self._tokens(request.method, given)
            return self._control(request, given)
        except ReconcileError as error:
            return _problem(HTTPStatus.BAD_REQUEST, str(error))
        except (ValueError, TypeError, KeyError) as error:
            return _problem(HTTPStatus.BAD_REQUEST, f"not understood: {error}")

    async def _content(self, request: Request, sha256: str) -> Response:
        if request.method == "PUT":
            with self._blobs.aside() as writer:
                async for piece in request.body():
                    writer.write(piece)
                if writer.keep() != sha256:
                    return _problem(HTTPStatus.BAD_REQUEST, "the content has another digest")
                return Response(headers={"ETag": f'"{writer.md5}"'})
        await request.text()
        path = self._blobs.path(sha256)
        if not path.exists():
            return _problem(HTTPStatus.NOT_FOUND, "no such content")
        size = path.stat().st_size
        start = min(int(request.query.get("start", "0")), size)
        length = min(int(request.query.get("length", str(size))), size - start)
        return Response(file=path, start=start, length=length)

    def _control(self, request: Request, given: Any) -> Response:
        match request.method, request.path:
            case "GET", "/status":
                return _json(self._status())
            case "GET", "/calls":
                return _json(dict(self._faults.calls))
            case "GET", "/trace":
                return _json(list(self._faults.trace))
            case "DELETE", "/calls":
                self._faults.calls.clear()
                self._faults.trace.clear()
                return _json({})
            case "GET", "/faults":
                return _json([vars(rule) for rule in self._faults.rules])
            case "POST", "/faults":
                rules = given if isinstance(given, list) else [given]
                self._faults.add([FaultRule.parse(rule) for rule in rules])
                return _json({})
            case "DELETE", "/faults":
                self._faults.clear()
                return _json({})
            case "DELETE", "/contents":
                for sha256 in given:
                    self._blobs.path(sha256).unlink(missing_ok=True)
                return _json({})
            case "DELETE", "/state":
                self._empty()
                return _json({})
            case "POST", "/fire":
                call = self._fire(
                    str(given["app"]), str(given["function"]), str(given.get("environment", ""))
                )
                return _json({"call": call})
        return _problem(HTTPStatus.NOT_FOUND, f"no {request.method} {request.path} here")

    def _tokens(self, method: str, given: dict[str, Any]) -> Response:
        match method:
            case "GET":
                return _json([vars(token) for token in self._proxy_tokens.all()])
            case "POST":
                name, scoped = str(given.get("name", "")), bool(given.get("scoped"))
                identifier, secret = self._proxy_tokens.create(name, scoped=scoped)
                return _json({"id": identifier, "secret": secret})
            case "DELETE":
                if self._proxy_tokens.delete(str(given["id"])):
                    return _json({})
                return _problem(HTTPStatus.NOT_FOUND, f"no proxy token {given['id']}")
        return _problem(HTTPStatus.NOT_FOUND, f"no {method} /proxy-tokens here")


def _json(document: object) -> Response:
    return Response(
        body=json.dumps(document).encode(), headers={"Content-Type": "application/json"}
    )


def _problem(status: HTTPStatus, what: str) -> Response:
    return Response(status, json.dumps({"error": what}).encode())
