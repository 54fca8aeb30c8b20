"""As much of GitHub's REST API as keeps comments and issues, on the loopback address."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

BOT = {"login": "github-actions[bot]", "type": "Bot"}
PERSON = {"login": "mallory", "type": "User"}


@dataclass
class FakeGitHub:
    """A repository's comments and issues, by number; commits' merged pull requests.

    Attributes:
        permissions: of people, by login.
        environments: the answers about GitHub environments, by name.
        me: the person whose token it is; empty for an app's.
        forbidden: whether the token may do nothing.
        locked: ids of comments that the token may not change.
        faults: how the next calls fail: with a status, or for None with a closed connection.
        asked: the calls so far.
    """

    url: str = ""
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls: dict[str, list[int]] = field(default_factory=dict)
    permissions: dict[str, str] = field(default_factory=dict)
    environments: dict[str, Any] = field(default_factory=dict)
    me: str = ""
    forbidden: bool = False
    locked: set[int] = field(default_factory=set)
    faults: list[int | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _ids: int = 100

    def comment(self, issue: int, body: str, user: dict[str, str] | None) -> None:
        """Somebody comments."""
        self._ids += 1
        self.comments.setdefault(issue, []).append({"id": self._ids, "body": body, "user": user})

    def bodies(self, issue: int) -> list[str]:
        """The comments of a pull request or issue."""
        return [comment["body"] for comment in self.comments.get(issue, [])]

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Status and document."""
        self.asked.append(f"{method} {path}")
        if path == "/user":
            return (200, {"login": self.me}) if self.me else (403, {})
        if self.forbidden:
            return 403, {"message": "Resource not accessible by integration"}
        match [method, *path.strip("/").split("/")[3:]]:
            case [_, "issues", "comments", wanted]:
                return self._change_comment(method, int(wanted), body)
            case ["GET", "issues", number, "comments"]:
                return 200, self._page(self.comments.get(int(number), []), query)
            case ["POST", "issues", number, "comments"]:
                self.comment(int(number), body["body"], BOT)
                return 201, {}
            case ["GET", "collaborators", login, "permission"]:
                known = login in self.permissions
                return (200, {"permission": self.permissions[login]}) if known else (404, {})
            case ["GET", "environments", name]:
                found = self.environments.get(unquote(name))
                return (404, {"message": "Not Found"}) if found is None else (200, found)
            case ["GET", "commits", commit, "pulls"]:
                numbers = self.pulls.get(commit, [])
                merged = [{"number": n, "merged_at": "2026-11-20T15:00:00Z"} for n in numbers]
                return 200, self._page([{"number": 1, "merged_at": None}, *merged], query)
            case [_, "issues", *number]:
                return self._issue(method, int(number[0]) if number else None, query, body)
        return 404, {}

    def _change_comment(self, method: str, wanted: int, body: Any) -> tuple[int, Any]:
        if wanted in self.locked:
            return 403, {"message": "Resource not accessible by integration"}
        for found in self.comments.values():
            if method == "DELETE":
                found[:] = [comment for comment in found if comment["id"] != wanted]
            for comment in found:
                if comment["id"] == wanted:
                    comment.update(body)
        return (204, None) if method == "DELETE" else (200, {})

    def _issue(
        self, method: str, number: int | None, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        if number is not None:
            self.issues[number].update(body)
            return 200, {}
        if method == "POST":
            new = len(self.issues) + 1
            self.issues[new] = {"number": new, "state": "open", "user": BOT, **body}
            return 201, {}
        found = [
            issue
            for issue in self.issues.values()
            if issue["state"] == query["state"] and query["labels"] in issue["labels"]
        ]
        return 200, self._page(found, query)

    @staticmethod
    def _page(found: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
        size = int(query["per_page"])
        start = (int(query["page"]) - 1) * size
        return found[start : start + size]


@contextmanager
def serving() -> Iterator[FakeGitHub]:
    """Serve until the block ends."""
    fake = FakeGitHub()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            assert self.headers["Authorization"] == "Bearer job-token"
            fault = fake.faults.pop(0) if fake.faults else 0
            if fault is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            document: Any = {"message": "You have exceeded a secondary rate limit"}
            status = fault
            if not fault:
                status, document = fake.answer(self.command, parts.path, query, body)
            content = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - names of the standard library

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
