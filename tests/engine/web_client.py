"""What the tests of web endpoints share: the deployed sample, and a client that hides nothing."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import modal

WEB_APP = Path(__file__).with_name("web_app.py")


def url(app: str, function: str, environment: str | None = None) -> str:
    """The address of a function, as the client gives it."""
    found = modal.Function.from_name(app, function, environment_name=environment).get_web_url()
    assert found
    return found


@dataclass(frozen=True)
class Answer:
    """An answer, whole. Header names in lower case, the last of several values."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        return self.body.decode()


def fetch(
    address: str,
    path: str = "/",
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request over a connection of its own; redirects are answers like any other."""
    with connect(address) as connection:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        found = connection.getresponse()
        pairs = tuple(found.getheaders())
        return Answer(
            found.status, found.read(), {name.lower(): value for name, value in pairs}, pairs
        )


@contextmanager
def connect(address: str) -> Iterator[http.client.HTTPConnection]:
    """A connection, closed at the end."""
    parts = urlsplit(address)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def begun(address: str, path: str) -> Iterator[http.client.HTTPResponse]:
    """The answer to a GET, its body still to be read; closed at the end."""
    with connect(address) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        try:
            yield answer
        finally:
            answer.close()
