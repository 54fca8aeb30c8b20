"""The YAML language server of editors, over its own protocol: JSON-RPC on stdin and stdout."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.node_fixture import NODE

_SERVER = Path(__file__).with_name("node") / "node_modules/yaml-language-server"
_OFFLINE = {"schemaStore": {"enable": False}, "kubernetesCRDStore": {"enable": False}}


@dataclass
class LanguageServer:
    """One server for one folder.

    Attributes:
        settings: what the editor's settings say below ``yaml``.
    """

    folder: Path
    settings: Mapping[str, object]
    requests: IO[bytes]
    answers: IO[bytes]
    number: int = field(default=0, init=False)

    def begin(self) -> None:
        """Say hello as an editor does that has the folder open."""
        uri = self.folder.as_uri()
        self._ask(
            "initialize",
            processId=None,
            rootUri=uri,
            workspaceFolders=[{"uri": uri, "name": self.folder.name}],
            capabilities={"workspace": {"configuration": True, "workspaceFolders": True}},
        )
        self._send(method="initialized", params={})

    def problems(self, path: str, text: str) -> list[str]:
        """Line, counted from one, and message of each problem of a file, sorted."""
        with self._opened(path, text) as (_uri, problems):
            return sorted(
                f"{one['range']['start']['line'] + 1}: {one['message']}" for one in problems
            )

    def completions(self, path: str, text: str) -> list[str]:
        """What the editor offers at the end of a file."""
        *before, last = text.split("\n")
        position = {"line": len(before), "character": len(last)}
        with self._opened(path, text) as (uri, _problems):
            document = {"uri": uri}
            found = self._ask("textDocument/completion", textDocument=document, position=position)
            return [item["label"] for item in found["items"]]

    @contextmanager
    def _opened(self, path: str, text: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """A file while it is open in the editor, and its problems; a closed file has none."""
        uri = (self.folder / path).as_uri()
        self.number += 1  # The server remembers what it read by address and version.
        document = {"uri": uri, "languageId": "yaml", "version": self.number, "text": text}
        self._send(method="textDocument/didOpen", params={"textDocument": document})
        yield uri, self._published(uri)
        self._send(method="textDocument/didClose", params={"textDocument": {"uri": uri}})
        assert self._published(uri) == []

    def _published(self, uri: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]]
        found = self._read(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics"
                and message["params"]["uri"] == uri
            )
        )["params"]["diagnostics"]
        return found

    def _ask(self, method: str, **params: object) -> Any:
        self.number += 1
        self._send(id=self.number, method=method, params=params)
        return self._read(lambda message: "method" not in message and message["id"] == self.number)[
            "result"
        ]

    def _read(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message that is wanted; the server's own questions are answered meanwhile."""
        for message in self._messages():
            if wanted(message):
                return message
            if message.get("method") == "workspace/configuration":
                sections = [item["section"] for item in message["params"]["items"]]
                answer = [self.settings if name == "yaml" else None for name in sections]
                self._send(id=message["id"], result=answer)
            elif "method" in message and "id" in message:
                self._send(id=message["id"], result=None)
        raise AssertionError("the server has ended: run `make tests/node/node_modules/.ready`")

    def _messages(self) -> Iterator[dict[str, Any]]:
        while header := self.answers.readline():
            length = int(header.removeprefix(b"Content-Length: "))
            assert not self.answers.readline().strip()
            yield json.loads(self.answers.read(length))

    def _send(self, **message: object) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.requests.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        self.requests.flush()


@contextmanager
def serving(folder: Path, settings: Mapping[str, object]) -> Iterator[LanguageServer]:
    """A server while the block lasts; it knows no schema but those of the settings.

    Args:
        settings: the editor's, with ``yaml.schemas``.
    """
    with subprocess.Popen(
        [NODE, _SERVER / "bin" / "yaml-language-server", "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=folder,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        schemas = {"schemas": settings["yaml.schemas"]}
        server = LanguageServer(folder, _OFFLINE | schemas, process.stdin, process.stdout)
        server.begin()
        try:
            yield server
        finally:
            process.kill()
