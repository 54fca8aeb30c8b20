"""Starts containers by forking: run as a script, in the Python that functions are to run in.

Importing modal takes a quarter of a second. This process does it once; a container is a fork of
it, which enters its own mounts, takes on its environment and then runs
``modal._container_entrypoint`` as ``python -m`` would. What an interpreter reads only when it
starts (``PYTHON*`` and a few of modal's variables) cannot be changed in a fork: such a container
is started afresh (``"fresh": true``).

Standard library only. The engine and this process speak JSON, one message per line: the engine
sends an order with the descriptors for stdout and stderr, and the next one after the answer
``{"started": pid}``; ``{"exited": pid, "status": …}`` follows in time. When the engine goes away,
by whatever death, all containers are killed.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import io
import json
import os
import runpy
import select
import signal
import socket
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

ENTRYPOINT = "modal._container_entrypoint"
PACKET = 1 << 20
_PR_SET_PDEATHSIG = 1


def main(descriptor: int, runtime: str = "") -> None:
    """Serve orders until the engine closes its end of the socket or dies.

    Args:
        runtime: a folder with modal's client, for an interpreter that does not have it.
    """
    if runtime:
        sys.path.append(runtime)  # last, so that what is installed wins
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    namespace = _sibling("namespace")
    engine = socket.socket(fileno=descriptor)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _preload()
    _tell(engine, mounts=_can_mount(namespace))
    children: set[int] = set()
    while True:
        readable, _, _ = select.select([engine.fileno(), woken], [], [])
        if woken in readable:
            os.read(woken, 512)
            _reap(engine, children)
        if engine.fileno() in readable:
            order, descriptors = _next_order(engine)
            if order is None:
                break
            pid = os.fork()
            if pid == 0:
                engine.close()
                _become(order, descriptors, namespace, runtime)
            for opened in descriptors:
                os.close(opened)
            children.add(pid)
            _tell(engine, started=pid)
    for pid in children:
        _kill_group(pid)


def _can_mount(namespace: ModuleType) -> bool:
    """Try it in a process that ends at once."""
    if sys.platform != "linux":
        return False
    pid = os.fork()
    if pid == 0:
        try:
            namespace.probe()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def _next_order(engine: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """None at the end of the stream."""
    received, descriptors = b"", []
    while not received.endswith(b"\n"):
        piece, opened, _, _ = socket.recv_fds(engine, PACKET, 2)
        if not piece:
            return None, []
        received += piece
        descriptors += opened
    return json.loads(received), descriptors


def _tell(engine: socket.socket, **message: int) -> None:
    engine.sendall(json.dumps(message).encode() + b"\n")


def _reap(engine: socket.socket, children: set[int]) -> None:
    while children:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        children.discard(pid)
        # Processes that the container started must not outlive it.
        _kill_group(pid)
        code = os.waitstatus_to_exitcode(status)
        _tell(engine, exited=pid, status=code)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _become(
    order: dict[str, Any], descriptors: list[int], namespace: ModuleType, runtime: str
) -> NoReturn:
    """Never returns: the fork turns into the container."""
    code = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for target, source in enumerate((null, *descriptors)):
            os.dup2(source, target)
        for opened in (null, *descriptors):
            os.close(opened)
        if order["mounts"] is not None:
            network = _sibling("network")  # now: its file may be hidden afterwards
            namespace.enter(order["mounts"])
            if order["mounts"]["network"]:
                network.furnish()
        # After entering: a change of credentials clears it.
        _die_with_parent()
        os.umask(0o022)  # Modal's; the engine's own hides its state
        os.chdir(order["cwd"])
        inherited = os.environ.get("PYTHONPATH", "")
        os.environ.clear()
        os.environ.update(order["env"])
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if order["fresh"]:
            paths = [order["env"]["PYTHONPATH"], *filter(None, [inherited])]
            os.environ["PYTHONPATH"] = os.pathsep.join(paths)
            as_main = f"runpy.run_module({ENTRYPOINT!r}, run_name='__main__', alter_sys=True)"
            behind = f"import runpy, sys; sys.path.append({runtime!r}); {as_main}"
            start = ["-c", behind] if runtime else ["-m", ENTRYPOINT]
            os.execv(sys.executable, [sys.executable, *start])  # noqa: S606  # no shell is the point
        _run(order)
        code = 0
    except SystemExit as leaving:
        code = _exit_code(leaving)
    except BaseException:  # noqa: BLE001  # the interpreter's own last resort
        sys.excepthook(*sys.exc_info())
    finally:
        _leave(code)


def _run(order: dict[str, Any]) -> None:
    """As ``python -m modal._container_entrypoint`` in ``cwd`` with ``PYTHONPATH``."""
    sys.path[:0] = [str(Path.cwd()), *order["env"].get("PYTHONPATH", "").split(os.pathsep)]
    for module in [name for name in sys.modules if name == ENTRYPOINT]:
        del sys.modules[module]
    sys.argv[:] = [ENTRYPOINT]
    sys.dont_write_bytecode = bool(order["env"].get("PYTHONDONTWRITEBYTECODE"))
    sys.pycache_prefix = None  # our user's, who keeps bytecode elsewhere: sources hold their own
    sys.stdout = _unbuffered(1, "surrogateescape")
    sys.stderr = _unbuffered(2, "backslashreplace")
    runpy.run_module(ENTRYPOINT, run_name="__main__", alter_sys=True)


def _unbuffered(descriptor: int, errors: str) -> io.TextIOWrapper:
    """A standard stream as an interpreter makes it under PYTHONUNBUFFERED."""
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(raw, "utf-8", errors, write_through=True)


def _exit_code(leaving: SystemExit) -> int:
    if leaving.code is None or isinstance(leaving.code, int):
        return leaving.code or 0
    sys.stderr.write(f"{leaving.code}\n")
    return 1


def _leave(code: int) -> NoReturn:
    """End as an interpreter would: threads awaited, exit handlers run, output flushed."""
    import atexit
    import threading

    try:
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  # what Py_Finalize calls
        atexit._run_exitfuncs()  # noqa: SLF001  # as above
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code & 0xFF)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _preload() -> None:
    """Import the modules that every container needs. Forks share their pages until they write."""
    import aiohttp  # noqa: F401
    import cbor2  # noqa: F401

    importlib.import_module(ENTRYPOINT)
    gc.collect()
    gc.freeze()


def _sibling(name: str) -> ModuleType:
    """A module beside this script, without leaving a trace that user code could trip over."""
    found = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
