"""The command line in forked children of a process that has imported it: a tenth of the time.

Nothing of Modal's client exists before the fork, so each child is what a fresh process would be.
Run as a module, this is that process: a request per line of its input, answers on its output.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from tests.end_to_end.project import Done


class ForkedCommands:
    """Runs ``reconcile``, and functions of the tests, as processes that start at once.

    Args:
        root: the current directory of them all.
        environment: all the variables that they have.
    """

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forked"],
            cwd=root,
            env={**environment, "PYTHONPATH": ":".join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def reconcile(self, *arguments: str, born: Callable[[int], None] | None = None) -> Done:
        """Run the command line to its end.

        Args:
            born: is told the process id before anything is run.
        """
        return self._run({"command": arguments}, born)

    def call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """What a module-level function returns in a process of its own; both ways as JSON."""
        target = f"{function.__module__}:{function.__name__}"
        done = self._run({"function": target, "arguments": arguments}, None)
        assert done.code == 0, done.out + done.err
        return json.loads(done.out)

    def _run(self, request: object, born: Callable[[int], None] | None) -> Done:
        self._say(request)
        pid = self._hear()["pid"]
        if born is not None:
            born(pid)
        self._say("go")
        return Done(**self._hear())

    def _say(self, message: object) -> None:
        assert self._process.stdin is not None
        print(json.dumps(message), file=self._process.stdin, flush=True)

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        heard: dict[str, Any] = json.loads(self._process.stdout.readline())
        return heard

    def __enter__(self) -> ForkedCommands:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()


def main() -> None:
    """Serve requests until the input ends."""
    package = importlib.import_module("reconciler")
    for module in pkgutil.walk_packages(package.__path__, "reconciler."):
        if not module.name.startswith("reconciler.engine") and "__main__" not in module.name:
            importlib.import_module(module.name)
    for imported_late in ("aiohttp", "encodings.idna", "git"):
        importlib.import_module(imported_late)
    gc.freeze()
    for line in sys.stdin:
        _serve(json.loads(line))


def _serve(request: dict[str, Any]) -> None:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        wait, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(go)
            os.read(wait, 1)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            _child(request)
        os.close(wait)
        print(json.dumps({"pid": pid}), flush=True)
        sys.stdin.readline()
        os.close(go)
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        print(json.dumps({"code": code, "out": _text(out), "err": _text(err)}), flush=True)


def _child(request: dict[str, Any]) -> NoReturn:
    from reconciler.cli import main as reconcile

    code = 1
    try:
        if "command" in request:
            reconcile(request["command"])
        module, _, name = request["function"].partition(":")
        print(json.dumps(getattr(importlib.import_module(module), name)(*request["arguments"])))
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except Exception:  # noqa: BLE001 - whatever it is, it is for the parent to read
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode())


if __name__ == "__main__":
    main()
