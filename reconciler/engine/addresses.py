"""The port of each label: chosen once, then kept, so that an address stays the same."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterable
from typing import Final

from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.endpoints import LabelNames, WebEndpoint, endpoints
from reconciler.engine.storage.database import Database

_FIRST: Final = 20_000
_PORTS: Final = 10_000
"""Below the ports that systems give to outgoing connections, which could take one meanwhile."""

_TRIES: Final = 200


class Addresses:
    """Labels and their ports. A label keeps its app, so that a stopped one can be named."""

    def __init__(self, database: Database) -> None:
        self._database = database
        rows = database.rows("SELECT label, port FROM web_ports")
        self._ports: dict[str, int] = {str(label): int(port) for label, port in rows}

    def labels(self) -> list[str]:
        """All labels that have a port."""
        return list(self._ports)

    def app(self, label: str) -> str:
        """The id of the app that last declared this label; empty for an unknown one."""
        row = self._database.row("SELECT app FROM web_ports WHERE label = ?", label)
        return str(row[0]) if row else ""

    def url(self, label: str) -> str:
        """Without a trailing slash, as Modal's; empty for a label without a port."""
        port = self._ports.get(label)
        return f"http://127.0.0.1:{port}" if port else ""

    def bind(self, label: str) -> socket.socket:
        """Bind the label's port, or a new one if another process has it; the new one is kept.

        Raises:
            OSError: no port can be bound.
        """
        start = int.from_bytes(hashlib.sha256(label.encode()).digest()[:4], "big")
        tried = (_FIRST + (start + step) % _PORTS for step in range(_TRIES))
        taken = set(self._ports.values())
        kept = self._ports.get(label)
        candidates = [kept] if kept else []
        candidates += [port for port in tried if port not in taken]
        for port in (*candidates, 0):
            try:
                bound = _bound(port)
            except OSError:
                if port == 0:
                    raise
                continue
            self._keep(label, int(bound.getsockname()[1]))
            return bound
        raise AssertionError("port 0 either binds or raises")

    def claim(self, label: str, app: str) -> None:
        """Record the app that declares a label; its port must be bound."""
        self._database.run("UPDATE web_ports SET app = ? WHERE label = ?", app, label)

    def forget(self, label: str) -> None:
        """Free the port of a label for good."""
        self._database.run("DELETE FROM web_ports WHERE label = ?", label)
        self._ports.pop(label, None)

    def surplus(self, live: Iterable[str]) -> list[str]:
        """The oldest labels beyond the limit that no live app declares."""
        kept = set(live)
        rows = self._database.rows("SELECT label FROM web_ports ORDER BY rowid")
        idle = [str(label) for (label,) in rows if label not in kept]
        return idle[: max(0, len(idle) - limits.IDLE_ENDPOINTS)]

    def fill(self, place: LabelNames, name: str, data: api_pb2.FunctionData) -> None:
        """Write the addresses of a definition into it, wherever a client looks for them."""
        for endpoint in endpoints(place, name, data):
            self._fill(endpoint, data)
            for ranked in data.ranked_functions:
                self._fill(endpoint, ranked.function)

    def _fill(self, endpoint: WebEndpoint, target: api_pb2.FunctionData | api_pb2.Function) -> None:
        url = self.url(endpoint.label)
        if not endpoint.method:
            target.web_url = url
        elif endpoint.method in target.method_definitions:
            target.method_definitions[endpoint.method].web_url = url

    def _keep(self, label: str, port: int) -> None:
        if self._ports.get(label) == port:
            return
        self._database.run(
            "INSERT INTO web_ports (label, port, app) VALUES (?, ?, '')"
            " ON CONFLICT (label) DO UPDATE SET port = excluded.port",
            label,
            port,
        )
        self._ports[label] = port


def _bound(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        # At once: two may bind the same port, but only one may listen.
        listening.listen(limits.WEB_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
