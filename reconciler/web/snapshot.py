"""The pages as files: what they show at one moment, without a server."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message

from reconciler.disk import write_whole
from reconciler.errors import ReconcileError

VIEWS: Final = ("/", "/schedules", "/timeline", "/slots", "/history", "/triggers")
_STYLE: Final = "dashboard.css"
_LINK: Final = re.compile(r'(href|src|action)="(/[^"]*)"')
_SCRIPT: Final = re.compile(r"<script [^>]*></script>\n?")
_NAME: Final = re.compile(r'data-key="([a-z0-9-]+)"')
_MORE: Final = re.compile(r'rel="next" href="([^"]*)"')


async def write_snapshot(app: ASGIApp, host: str, token: str, folder: Path) -> int:
    """Write every view, and the page of every schedule; returns how many.

    Links lead to the files. A link with a query, such as a filter, leads to the view without it.

    Args:
        app: the application.
        host: a value of ``Host`` that it answers.
        token: that may read.
        folder: is made where it is not there.

    Raises:
        ReconcileError: a page cannot be shown, or the folder not made.
        DiskError: a file cannot be written.
    """
    ask = _asker(app, host, token)
    pages = {path: await ask(path) for path in VIEWS}
    names = [name async for name in _names(pages["/schedules"], ask)]
    pages |= {path: await ask(path) for path in (f"/schedules/{name}" for name in names)}
    known = {path: _file(path) for path in pages}
    try:
        (folder / "schedules").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"the folder cannot be made: {(error.strerror or str(error)).lower()}"
        raise ReconcileError(what, where=str(folder), remedy="Pass another --out.") from error
    style = files("reconciler.web").joinpath("assets", _STYLE).read_bytes()
    write_whole(folder / _STYLE, style)
    for path, text in pages.items():
        write_whole(folder / known[path], _on_disk(text, path, known).encode())
    return len(pages)


async def _names(first: str, ask: Callable[[str], Awaitable[str]]) -> AsyncIterator[str]:
    """The names of all schedules, page by page."""
    text = first
    while True:
        for name in _NAME.findall(text):
            yield name
        following = _MORE.search(text)
        if following is None:
            return
        text = await ask(following[1].replace("&amp;", "&"))


def _file(path: str) -> str:
    return "index.html" if path == "/" else f"{path[1:]}.html"


def _on_disk(text: str, path: str, known: Mapping[str, str]) -> str:
    """The page with links to files; what has no file leads back to the page itself."""
    up = "../" * (_file(path).count("/"))

    def link(found: re.Match[str]) -> str:
        target = urlsplit(found[2]).path
        if target == f"/assets/{_STYLE}":
            return f'{found[1]}="{up}{_STYLE}"'
        return f'{found[1]}="{up}{known.get(target, _file(path))}"'

    return _LINK.sub(link, _SCRIPT.sub("", text))


def _asker(app: ASGIApp, host: str, token: str) -> Callable[[str], Awaitable[str]]:
    async def ask(path: str) -> str:
        parts = urlsplit(path)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [
                (b"host", host.encode()),
                (b"authorization", f"Bearer {token}".encode()),
            ],
            "client": ("127.0.0.1", 0),
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await app(scope, receive, send)
        content = b"".join(message.get("body", b"") for message in sent).decode()
        if sent[0]["status"] != 200:
            raise ReconcileError(f"the page {path} cannot be shown", remedy=_said(content))
        return content

    return ask


def _said(page: str) -> str:
    """What the page says instead."""
    found = re.search(r"<h1>(.*?)</h1>\s*<p[^>]*>(.*?)</p>", page, re.DOTALL)
    return "Look at it with `reconcile dashboard`." if found is None else f"{found[1]}: {found[2]}"
