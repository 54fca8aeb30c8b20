"""As much of Cloudflare's REST API as deploys a Worker, on the loopback address."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from reconciler.cron import CronError
from reconciler.cron.cloudflare import read

TOKEN = "token-of-the-account"
STAMP = {"created_on": "2026-11-01T00:00:00Z", "modified_on": "2026-11-01T00:00:00Z"}


@dataclass(frozen=True)
class Fault:
    """How a call fails.

    Attributes:
        status: of the answer; None closes the connection.
        code: Cloudflare's code; 0 answers HTML.
        is_done: whether the call takes effect before it fails.
        headers: of the answer.
    """

    status: int | None = None
    code: int = 0
    is_done: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A refusal: status, code, text."""


@dataclass
class FakeCloudflare:
    """One account.

    Attributes:
        limit: cron triggers that its subscription allows.
        scripts: by name, metadata and modules as uploaded last, and all bindings in force.
        crons: cron triggers by script.
        queues, databases: ids by name.
        consumers: of each queue's id.
        tables: the statements that made each database, by its id.
        faults: how the next calls fail; None where one does not.
        asked: the calls so far.
        cron_back: how a cron trigger is given back.
    """

    url: str = ""
    limit: int = 5
    scripts: dict[str, dict[str, Any]] = field(default_factory=dict)
    crons: dict[str, list[str]] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=dict)
    databases: dict[str, str] = field(default_factory=dict)
    consumers: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, list[str]] = field(default_factory=dict)
    faults: list[Fault | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    cron_back: Callable[[str], str] = str

    def state(self) -> dict[str, Any]:
        """All that the account holds, without the calls."""
        held = ("scripts", "crons", "queues", "databases", "consumers", "tables")
        return {name: json.loads(json.dumps(getattr(self, name))) for name in held}

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Any:
        """The `result` of a call."""
        kind, *rest = path.strip("/").split("/")
        answers = {"workers": self._workers, "queues": self._queues, "d1": self._databases}
        if kind not in answers:
            raise RefusedError(404, 7003, "Could not route to this path")
        return answers[kind](method, rest, query, body)

    def _workers(self, method: str, rest: list[str], _: Mapping[str, str], body: Any) -> Any:
        match [method, *rest]:
            case ["GET", "scripts"]:
                return [
                    {"id": name, "tags": script["metadata"].get("tags"), **STAMP}
                    for name, script in sorted(self.scripts.items())
                ]
            case ["PUT", "scripts", name]:
                return self._upload(name, body)
            case ["DELETE", "scripts", name]:
                self._script(name)
                self.crons.pop(name, None)
                del self.scripts[name]
                return None
            case ["GET", "scripts", name, "schedules"]:
                self._script(name)
                return {"schedules": self._schedules(name)}
            case ["PUT", "scripts", name, "schedules"]:
                return self._put_schedules(name, body)
            case ["PATCH", "scripts", name, "script-settings"]:
                self._script(name)["metadata"] |= {"tags": body["tags"]}
                return body
            case ["POST", "scripts", name, "subdomain"]:
                self._script(name)["subdomain"] = body
                return body
        raise RefusedError(404, 7003, "Could not route to this path")

    def _queues(self, method: str, rest: list[str], query: Mapping[str, str], body: Any) -> Any:
        match [method, *rest]:
            case ["GET"]:
                queues = self.queues.items()
                return self._page([{"queue_name": n, "queue_id": i} for n, i in queues], query)
            case ["POST"]:
                return self._create(self.queues, body["queue_name"], 11009, "queue_id")
            case ["GET", queue, "consumers"]:
                found = self.consumers.get(queue)
                return self._page([] if found is None else [found], query)
            case ["POST", queue, "consumers"]:
                if queue in self.consumers:
                    raise RefusedError(400, 11004, "workers.api.error.consumer_exists")
                return self._consume(queue, body)
            case ["PUT", queue, "consumers", _consumer]:
                return self._consume(queue, body)
        raise RefusedError(404, 7003, "Could not route to this path")

    def _databases(self, method: str, rest: list[str], query: Mapping[str, str], body: Any) -> Any:
        match [method, *rest]:
            case ["GET", "database"]:
                databases = self.databases.items()
                return self._page([{"name": name, "uuid": id_} for name, id_ in databases], query)
            case ["POST", "database"]:
                return self._create(self.databases, body["name"], 7502, "uuid")
            case ["POST", "database", database, "query"]:
                known = self.tables.setdefault(database, [])
                if body["sql"].startswith("SELECT"):
                    return [{"results": _rows(known, body), "success": True, "meta": {}}]
                if body["sql"] not in known:  # each is CREATE … IF NOT EXISTS
                    known.append(body["sql"])
                return [{"results": [], "success": True, "meta": {}}]
        raise RefusedError(404, 7003, "Could not route to this path")

    def _page(self, entries: list[dict[str, Any]], query: Mapping[str, str]) -> Any:
        size = int(query.get("per_page", 20))
        first = (int(query.get("page", 1)) - 1) * size
        return entries[first : first + size]

    def _create(self, held: dict[str, str], name: str, exists: int, key: str) -> Any:
        if name in held:
            raise RefusedError(400, exists, f"{name} is already taken")
        held[name] = f"{key}-{len(held) + 1}"
        return {key: held[name], "name": name}

    def _script(self, name: str) -> dict[str, Any]:
        if name not in self.scripts:
            raise RefusedError(404, 10007, "This Worker does not exist on your account.")
        return self.scripts[name]

    def _upload(self, name: str, parts: Mapping[str, tuple[str, bytes]]) -> Any:
        metadata = json.loads(parts["metadata"][1])
        main = metadata["main_module"]
        if main not in parts or parts[main][0] != "application/javascript+module":
            raise RefusedError(400, 10021, f"No such module: {main}")
        for binding in metadata["bindings"]:
            if binding["type"] == "d1" and binding["id"] not in self.databases.values():
                raise RefusedError(400, 10021, "binding DB of type d1 must have a database")
            if binding["type"] == "queue" and binding["queue_name"] not in self.queues:
                raise RefusedError(400, 11000, "no such queue")
        modules = {part: text.decode() for part, (_, text) in parts.items() if part != "metadata"}
        given = {binding["name"] for binding in metadata["bindings"]}
        kept = [
            binding
            for binding in self.scripts.get(name, {}).get("bindings", ())
            if binding["type"] in metadata.get("keep_bindings", ()) and binding["name"] not in given
        ]
        bindings = [*metadata["bindings"], *kept]
        self.scripts[name] = {"metadata": metadata, "modules": modules, "bindings": bindings}
        return {"id": name, "tags": metadata.get("tags"), "startup_time_ms": 3}

    def _schedules(self, name: str) -> list[dict[str, str]]:
        return [{"cron": self.cron_back(cron), **STAMP} for cron in self.crons.get(name, [])]

    def _put_schedules(self, name: str, body: Any) -> Any:
        self._script(name)
        if not isinstance(body, list):
            raise RefusedError(400, 10026, "Could not parse request body.")
        crons = [each["cron"] for each in body]
        others = sum(len(held) for script, held in self.crons.items() if script != name)
        held = others + len(self.crons.get(name, []))
        if held > self.limit or others + len(crons) > self.limit:
            text = f"This account has reached the Workers Free limit of {self.limit} cron triggers"
            raise RefusedError(400, 10072, f"{text} per account.")
        for cron in crons:
            try:
                read(cron)
            except CronError as error:
                raise RefusedError(400, 10100, "invalid cron string") from error
        self.crons[name] = crons
        return {"schedules": self._schedules(name)}

    def _consume(self, queue: str, body: Mapping[str, Any]) -> Any:
        if queue not in self.queues.values():
            raise RefusedError(400, 11000, "no such queue")
        if body["script_name"] not in self.scripts:
            raise RefusedError(400, 11001, "queue handler is missing")
        self.consumers[queue] = {"consumer_id": f"consumer-of-{queue}", **body}
        return self.consumers[queue]


class _Handler(BaseHTTPRequestHandler):
    fake: FakeCloudflare

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = _body(self.headers.get("Content-Type", ""), self.rfile.read(length))
        parts = urlsplit(self.path)
        _, _, path = parts.path.removeprefix("/accounts/").partition("/")
        path = f"/{path}"
        self.fake.asked.append(f"{self.command} {path}")
        fault = self.fake.faults.pop(0) if self.fake.faults else None
        if fault is None:
            self.reply(*self.outcome(path, dict(parse_qsl(parts.query)), body), {})
            return
        if fault.is_done:
            self.outcome(path, dict(parse_qsl(parts.query)), body)
        if fault.status is None:
            self.close_connection = True
            return
        refusal = _refusal(fault.code, "as the test wants it") if fault.code else None
        self.reply(fault.status, refusal, fault.headers)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - http.server's

    def outcome(self, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 403, _refusal(9109, "Invalid access token")
        try:
            result = self.fake.answer(self.command, path, query, body)
        except RefusedError as refused:
            status, code, text = refused.args
            return status, _refusal(code, text)
        return 200, {"success": True, "errors": [], "messages": [], "result": result}

    def reply(self, status: int, document: Any, headers: Mapping[str, str]) -> None:
        text = b"<html>Sorry, you have been blocked</html>"
        if document is not None:
            text = json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def serving() -> Iterator[FakeCloudflare]:
    """The API while the block lasts; `url` is what takes the place of the real address."""
    fake = FakeCloudflare()
    handler = type("Handler", (_Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _rows(statements: Iterable[str], body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query in a database that these statements made."""
    with closing(sqlite3.connect(":memory:")) as database:
        for statement in statements:
            database.execute(statement)
        cursor = database.execute(body["sql"], body["params"])
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def _refusal(code: int, text: str) -> dict[str, Any]:
    errors = [{"code": code, "message": text}]
    return {"success": False, "errors": errors, "messages": [], "result": None}


def _body(kind: str, data: bytes) -> Any:
    """JSON, or the parts of a form: type and bytes by name."""
    if not kind.startswith("multipart/"):
        return json.loads(data) if data else None
    message = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + data)
    parts = {}
    for part in message.walk():
        # The file's name counts, if it has one: Cloudflare's client names every part `files`.
        name = part.get_filename() or part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            parts[name] = (part.get_content_type(), content)
    return parts
