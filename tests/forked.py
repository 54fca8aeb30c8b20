"""Commands in forked children of a process that has imported them: a tenth of the time.

Nothing of Modal's client exists before the fork, and each child gets an environment, a current
directory and files of its own, so it is what a fresh process would be. Run as a module, this is
that process: it serves one request per connection, until its input ends.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, TextIO

PATIENCE = 120.0
"""Seconds that a command may take."""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Forked:
    """Starts processes in one directory, and with no other environment variables than these."""

    root: Path
    environment: Mapping[str, str]

    def reconcile(self, *arguments: str, born: Callable[[int], None] | None = None) -> Done:
        """Run the command line to its end.

        Args:
            born: is told the process id before anything is run.
        """
        return self._run({"reconcile": arguments}, born)

    def modal(self, *arguments: str) -> Done:
        """Run Modal's command line to its end."""
        return self._run({"modal": arguments})

    def code(self, code: str, *arguments: str) -> Done:
        """Run Python code, as ``python -c`` does."""
        return self._run({"code": [code, *arguments]})

    def call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """What a module-level function returns in a process of its own; both ways as JSON."""
        target = f"{function.__module__}:{function.__name__}"
        done = self._run({"function": [target, *arguments]})
        assert done.code == 0, done.out + done.err
        return done.json

    def _run(self, request: dict[str, Any], born: Callable[[int], None] | None = None) -> Done:
        place = {"root": str(self.root), "environment": dict(self.environment)}
        with (
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
            socket.socket(socket.AF_UNIX) as server,
        ):
            server.connect(_server())
            server.settimeout(PATIENCE)
            socket.send_fds(server, [b"+"], [out.fileno(), err.fileno()])
            with server.makefile("rw") as lines:
                _say(lines, request | place)
                pid = _hear(lines)
                if born is not None:
                    born(pid)
                _say(lines, "go")
                try:
                    code = _hear(lines)
                except TimeoutError:
                    os.kill(pid, signal.SIGKILL)
                    raise
            return Done(code, _text(out), _text(err))


def write_command(path: Path) -> None:
    """Write an executable that is ``reconcile`` in a forked child, for scripts that call it."""
    path.write_text(_COMMAND.format(python=sys.executable, address=_server()))
    path.chmod(0o755)


_COMMAND = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [b"+"], [1, 2, 0])
lines = server.makefile("rw")
place = {{"root": os.getcwd(), "environment": dict(os.environ)}}
print(json.dumps({{"reconcile": sys.argv[1:], **place}}), file=lines, flush=True)
lines.readline()
print('"go"', file=lines, flush=True)
sys.exit(json.loads(lines.readline()))
"""


@cache
def _server() -> str:
    """Start the process that forks, once in each of ours; returns the address of its socket."""
    folder = tempfile.mkdtemp(prefix="forks-")
    address = f"{folder}/socket"
    nothing = Path(folder, "modal.toml")
    nothing.touch()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked", str(listener.fileno())],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": ":".join(sys.path),
                # The client reads this file when it is imported.
                "MODAL_CONFIG_PATH": str(nothing),
            },
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )

    def end() -> None:
        process.communicate()
        for path in (address, nothing):
            Path(path).unlink()
        Path(folder).rmdir()

    atexit.register(end)
    return address


def main() -> None:
    """Serve requests until the input ends."""
    package = importlib.import_module("reconciler")
    for module in pkgutil.walk_packages(package.__path__, "reconciler."):
        if not module.name.startswith("reconciler.engine") and "__main__" not in module.name:
            importlib.import_module(module.name)
    for imported_late in _IMPORTED_LATE:
        importlib.import_module(imported_late)
    importlib.import_module("reconciler.deploy.deployment").dispatcher_digest()
    importlib.import_module("reconciler.deploy.target_app").runtime_digest()
    _ask_croniter("0 * * * *")
    gc.freeze()
    listener = socket.socket(fileno=int(sys.argv[1]))
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            _serve(connection)
        connection.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _ask_croniter(cron: str) -> None:
    """Compare croniter's reading of a cron with ours now, as every apply of a new slot does."""
    second_opinion = importlib.import_module("reconciler.plan.second_opinion")
    refusals = second_opinion.refuse_other_readings(
        [importlib.import_module("reconciler.model.generation").Slot("a", cron)],
        int(time.time()) // 60,
    )
    assert not list(refusals)


_IMPORTED_LATE = (
    "aiohttp",
    "certifi",
    "concurrent.futures.thread",
    "encodings.idna",
    "encodings.utf_8_sig",
    "git",
    "importlib.readers",
    "modal.__main__",
    "modal._utils.git_utils",
    "modal._utils.proxy_support",
    "modal.runner",
    "multiprocessing.synchronize",
    "multiprocessing.util",
)


def _serve(connection: socket.socket) -> NoReturn:
    """Fork once more, and say how that ended."""
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rw") as lines:
        request = _hear(lines)
        wait, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(go)
            os.read(wait, 1)
            connection.close()
            _become(request, *files)
        _say(lines, pid)
        _hear(lines)
        os.close(go)
        _, status = os.waitpid(pid, 0)
        with suppress(BrokenPipeError):
            _say(lines, os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(request: dict[str, Any], out: int, err: int, given: int | None = None) -> NoReturn:
    """Be the process that was asked for."""
    os.dup2(os.open(os.devnull, os.O_RDONLY) if given is None else given, 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    # The server's own know of other files: whether these can be sought in, for one.
    sys.stdin = _stream(0, sys.stdin, "r")
    sys.stdout = _stream(1, sys.stdout, "w")
    sys.stderr = _stream(2, sys.stderr, "w", buffering=1)
    os.chdir(request.pop("root"))
    os.environ.clear()
    os.environ.update(request.pop("environment"))
    time.tzset()
    ((kind, arguments),) = request.items()
    code = 1
    try:
        _KINDS[kind](*arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - whatever it is, it is for the parent to read
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _stream(descriptor: int, like: TextIO, mode: str, buffering: int = -1) -> Any:
    return open(
        descriptor, mode, buffering, encoding=like.encoding, errors=like.errors, closefd=False
    )


def _reconcile(*arguments: str) -> None:
    from reconciler.cli.main import main as reconcile

    sys.argv = ["reconcile", *arguments]
    reconcile(arguments)


def _modal(*arguments: str) -> None:
    sys.argv = ["modal", *arguments]
    importlib.import_module("modal.__main__").main()


def _code(code: str, *arguments: str) -> None:
    sys.argv = ["-c", *arguments]
    sys.path.insert(0, "")
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})


def _function(target: str, *arguments: Any) -> None:
    module, _, name = target.partition(":")
    print(json.dumps(getattr(importlib.import_module(module), name)(*arguments)))


_KINDS: Mapping[str, Callable[..., None]] = {
    "reconcile": _reconcile,
    "modal": _modal,
    "code": _code,
    "function": _function,
}


def _say(lines: Any, message: object) -> None:
    print(json.dumps(message), file=lines, flush=True)


def _hear(lines: Any) -> Any:
    return json.loads(lines.readline())


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode())


if __name__ == "__main__":
    main()
