"""A running engine for tests: one for the session, empty ones, or own ones that a test may break.

In a ``conftest.py``: ``from tests.engine_fixture import engine, environment, start_engine``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from reconciler.engine.server_file import ServerFile
from tests.forked import Done, Forked

__all__ = [
    "EmptyEngines",
    "RunningEngine",
    "empty_engines",
    "engine",
    "environment",
    "start_engine",
]

_PATIENCE = 20.0


@dataclass
class RunningEngine:
    """An engine in a process of its own. ``env``: the whole environment for a client's process.

    ``interpreter`` starts the engine and its clients, ``paths`` is where that one finds modules.
    """

    state: Path
    options: tuple[str, ...] = ()
    interpreter: tuple[str, ...] = (sys.executable,)
    paths: str = ""
    process: subprocess.Popen[bytes] = field(init=False)
    record: ServerFile = field(init=False)

    def start(self) -> RunningEngine:
        """Start, or start again on the same state after ``stop`` or ``kill``."""
        (self.state / "server.json").unlink(missing_ok=True)
        self.state.mkdir(parents=True, exist_ok=True)
        serve = ("-m", "reconciler.engine", "serve", "--state", str(self.state))
        with (self.state / "output.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.interpreter, *serve, "--parent-pid", str(os.getpid()), *self.options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | ({"PYTHONPATH": self.paths} if self.paths else {}),
            )
        until(lambda: (self.state / "server.json").exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.output
        self.record = ServerFile.read(self.state)
        return self

    @property
    def url(self) -> str:
        return self.record.url

    @property
    def env(self) -> dict[str, str]:
        """Nothing of the machine's own but PATH."""
        found = {"PYTHONPATH": self.paths} if self.paths else {}
        return {"PATH": os.environ["PATH"], **found, **self.record.variables}

    @property
    def output(self) -> str:
        """What the engine has printed."""
        return (self.state / "output.log").read_text(errors="replace")

    def modal(self, *arguments: str, cwd: Path | None = None, check: bool = True) -> str:
        """Run the modal CLI; returns its stdout. With ``check``, a failure fails the test."""
        return self.python("-m", "modal", *arguments, cwd=cwd, check=check)

    def engine(self, *arguments: str, check: bool = True) -> str:
        """Run one of the engine's own commands against it."""
        command, *rest = arguments
        own = ("-m", "reconciler.engine", command, "--state", str(self.state))
        return self.python(*own, *rest, check=check)

    def python(
        self,
        *arguments: str,
        cwd: Path | None = None,
        check: bool = True,
        env: dict[str, str] | None = None,
    ) -> str:
        """Run Python as a client of the engine; returns its stdout, and stderr if it may fail."""
        shown = {"TERM": "dumb", "COLUMNS": "300"}
        forked = Forked(cwd or self.state, self.env | shown)
        match arguments:
            case ("-m", "modal", *rest) if self._is_ours and env is None:
                done = forked.modal(*rest)
            case ("-c", code, *rest) if self._is_ours and env is None:
                done = forked.code(code, *rest)
            case _:
                done = self._python(arguments, cwd or self.state, (env or self.env) | shown)
        if check:
            assert done.code == 0, done.out + done.err
            return done.out
        return done.out + done.err

    @property
    def _is_ours(self) -> bool:
        """Whether clients run in this interpreter."""
        return self.interpreter == (sys.executable,) and not self.paths

    def _python(self, arguments: Sequence[str], cwd: Path, env: dict[str, str]) -> Done:
        done = subprocess.run(
            [*self.interpreter, *arguments],
            cwd=cwd,
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def control(self, method: str, path: str, document: object = None) -> Any:
        """One of the engine's own controls; see ``reconciler.engine.http.handler``."""
        request = urllib.request.Request(
            self.record.http + path,
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Authorization": f"Bearer {self.record.token_secret}"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.loads(answer.read())

    def fault(self, method: str, mode: str, **rule: object) -> None:
        """Add a fault rule, e.g. ``fault("DictUpdate", "lose", nth=2)``; see ``faults.Rule``."""
        self.control("POST", "/faults", {"method": method, "mode": mode, **rule})

    def clear_faults(self) -> None:
        self.control("DELETE", "/faults")

    def calls(self) -> dict[str, int]:
        """How often each call of the protocol was made since ``forget_calls``."""
        counted: dict[str, int] = self.control("GET", "/calls")
        return counted

    def trace(self) -> list[tuple[str, str]]:
        """The calls since then in their order: method and calling function, empty for a client."""
        return [(method, function) for method, function in self.control("GET", "/trace")]

    def forget_calls(self) -> None:
        self.control("DELETE", "/calls")

    def fire(self, app: str, function: str, environment: str = "") -> str:
        """Run a deployed function as its cron would; returns the call's id."""
        wanted = {"app": app, "function": function, "environment": environment}
        return str(self.control("POST", "/fire", wanted)["call"])

    def status(self) -> dict[str, Any]:
        """Among others ``container_pids``."""
        found: dict[str, Any] = self.control("GET", "/status")
        return found

    def empty(self) -> None:
        """Bring it back to an empty state, but for the contents that were uploaded."""
        self.control("DELETE", "/state")
        until(lambda: (self.state / "server.json").exists())
        self.record = ServerFile.read(self.state)

    def stop(self) -> None:
        """End it as Ctrl-C does, and wait."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(_PATIENCE)

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait(_PATIENCE)


def until(condition: Callable[[], object], patience: float = _PATIENCE) -> None:
    """Wait for something that happens in another process; fails if it does not."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@dataclass
class EmptyEngines:
    """Lends engines with nothing on them. To empty one takes a tenth of what a start takes."""

    factory: pytest.TempPathFactory
    idle: defaultdict[tuple[str, ...], list[RunningEngine]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @contextmanager
    def lend(self) -> Iterator[Callable[..., RunningEngine]]:
        """A function that lends an engine with the given options of ``serve``, until the end."""
        lent: list[RunningEngine] = []

        def one(*options: str) -> RunningEngine:
            idle = self.idle[options]
            state = self.factory.mktemp("empty") / "state"
            lent.append(idle.pop() if idle else RunningEngine(state, options).start())
            return lent[-1]

        yield one
        for engine in lent:
            # The test may have stopped it.
            if engine.process.poll() is None:
                engine.empty()
                self.idle[engine.options].append(engine)

    def stop(self) -> None:
        """Stop those that nobody has."""
        for engine in [engine for idle in self.idle.values() for engine in idle]:
            engine.stop()


@pytest.fixture(scope="session")
def empty_engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmptyEngines]:
    """For the projects of a session."""
    engines = EmptyEngines(tmp_path_factory)
    yield engines
    engines.stop()


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEngine]:
    """One engine for the session. Tests keep apart by ``environment``; leave no faults behind."""
    running = RunningEngine(
        tmp_path_factory.mktemp("engine") / "state",
        ("--crons", "unlimited", "--web-endpoints", "unlimited"),
    )
    running.start()
    yield running
    running.stop()


@pytest.fixture
def environment(engine: RunningEngine) -> str:
    """A Modal environment that nobody else uses, in the session's engine."""
    name = f"test-{uuid4().hex[:12]}"
    engine.modal("environment", "create", name)
    return name


@pytest.fixture
def start_engine(tmp_path: Path) -> Iterator[Callable[..., RunningEngine]]:
    """Starts engines of a test's own, with the given options of ``serve``."""
    started: list[RunningEngine] = []

    def start(*options: str, state: str = "engine") -> RunningEngine:
        started.append(RunningEngine(tmp_path / state, options).start())
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.stop()
