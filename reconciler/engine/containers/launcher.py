"""The engine's side of the zygote: starts containers, and reports how they end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from reconciler.engine.containers import zygote
from reconciler.errors import ReconcileError

_READY: Final = 30.0
_FRESH: Final = ("PYTHON", "MODAL_LOG", "MODAL_TRACE", "MODAL_TELEMETRY", "LD_", "MALLOC_")
_OURS: Final = frozenset({"PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"})
"""Variables that the zygote handles in a fork itself; every container has them."""


@dataclass(frozen=True)
class Mounts:
    """A view of the file system; see ``namespace.enter``. ``binds``: target, source, read-only.

    ``network``: a network of its own too; see ``network.furnish``.
    """

    root: Path
    overlay: Path
    binds: tuple[tuple[str, Path, bool], ...]
    network: bool = False


@dataclass(frozen=True)
class LaunchOrder:
    """One container to start. Without ``mounts`` it sees the host's files as they are."""

    env: Mapping[str, str]
    cwd: str
    mounts: Mounts | None


@dataclass(frozen=True)
class Process:
    """A started container.

    ``stdout`` and ``stderr`` are descriptors that do not block. They end when the container and all
    that it started have closed them; who reads them closes them.
    """

    pid: int
    stdout: int
    stderr: int
    exited: asyncio.Future[int] = field(compare=False)

    def signal(self, number: signal.Signals) -> None:
        """Signal the container and all processes that it started; nothing if it has ended."""
        if self.exited.done():
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return


def must_start_fresh(env: Mapping[str, str]) -> bool:
    """Whether one is among those that an interpreter, or modal, reads only when it starts."""
    return any(name.startswith(_FRESH) for name in env if name not in _OURS)


class Launcher:
    """``python``: the interpreter that functions run in. ``folder``: for the zygote's messages.

    ``runtime``: where modal's client is, for an interpreter that does not have it installed.
    """

    def __init__(self, python: str, folder: Path, runtime: Path | None = None) -> None:
        self._python = python
        self._folder = folder
        self._runtime = runtime
        self._running: dict[int, asyncio.Future[int]] = {}
        self._ready: asyncio.Future[bool]
        self._started: asyncio.Future[int]
        self._received = b""
        self._socket: socket.socket | None = None
        self._zygote: asyncio.subprocess.Process | None = None
        self._guard = asyncio.Lock()

    @property
    def idle(self) -> bool:
        """Whether none of its containers runs."""
        return not self._running

    async def start(self, order: LaunchOrder) -> Process:
        """Start a container; also starts the zygote, at first use and after its death.

        Raises ReconcileError if the interpreter cannot run modal's container runtime.
        """
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        try:
            pid = await self._order(order, [out_end, err_end])
        except BaseException:
            os.close(out)
            os.close(err)
            raise
        finally:
            os.close(out_end)
            os.close(err_end)
        os.set_blocking(out, False)
        os.set_blocking(err, False)
        return Process(pid, out, err, self._running[pid])

    async def _order(self, order: LaunchOrder, descriptors: list[int]) -> int:
        """One at a time: descriptors of two orders must not arrive together."""
        async with self._guard:
            if self._socket is None:
                await self._open()
            assert self._socket is not None
            self._started = asyncio.get_running_loop().create_future()
            # Sent blocking: an order is small, and the zygote does nothing but wait for it.
            socket.send_fds(self._socket, [_encoded(order)], descriptors)
            return await self._started

    async def can_mount(self) -> bool:
        """Whether containers may have a view of the file system of their own here."""
        async with self._guard:
            if self._socket is None:
                await self._open()
        return await asyncio.shield(self._ready)

    async def stop(self) -> None:
        """Close the zygote's end, which makes it kill all containers, and wait for it."""
        if self._zygote is None:
            return
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
        if not self._ready.done() and self._zygote.returncode is None:
            self._zygote.kill()
        await self._zygote.wait()

    async def _open(self) -> None:
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        self._ready, self._started, self._received = loop.create_future(), loop.create_future(), b""
        self._started.cancel()
        log = self._folder / "zygote.log"
        with theirs, log.open("wb") as errors:
            try:
                self._zygote = await asyncio.create_subprocess_exec(
                    self._python,
                    "-P",
                    zygote.__file__,
                    str(theirs.fileno()),
                    *([str(self._runtime)] if self._runtime else []),
                    pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                    env=_interpreter_env(alone=self._runtime is not None),
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise self._cannot_start(str(error)) from error
        self._socket = ours
        loop.add_reader(ours.fileno(), self._receive)
        try:
            await asyncio.wait_for(asyncio.shield(self._ready), _READY)
        except (TimeoutError, ConnectionError) as error:
            raise self._cannot_start(_last_line(log)) from error

    def _cannot_start(self, why: str) -> ReconcileError:
        return ReconcileError(
            f"containers cannot start: {why}",
            where=self._python,
            remedy="This Python needs modal installed; see --python.",
        )

    def _receive(self) -> None:
        assert self._socket is not None
        self._received += (piece := self._socket.recv(zygote.PACKET))
        if not piece:
            self._lost()
            return
        *lines, self._received = self._received.split(b"\n")
        for line in lines:
            self._note(json.loads(line))

    def _note(self, message: dict[str, int]) -> None:
        if "started" in message:
            self._running[message["started"]] = asyncio.get_running_loop().create_future()
            self._started.set_result(message["started"])
        elif "exited" in message:
            self._running.pop(message["exited"]).set_result(message["status"])
        else:
            self._ready.set_result(bool(message["mounts"]))

    def _lost(self) -> None:
        """The zygote is dead, and with it, by PR_SET_PDEATHSIG, all containers."""
        assert self._socket is not None
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()
        self._socket = None
        error = ConnectionError("the process that starts containers has died")
        for awaited in (self._ready, self._started):
            if not awaited.done():
                awaited.set_exception(error)
        for exited in self._running.values():
            exited.set_result(-signal.SIGKILL)
        self._running.clear()


def _encoded(order: LaunchOrder) -> bytes:
    mounts = order.mounts
    return (
        json.dumps(
            {
                "env": dict(order.env),
                "cwd": order.cwd,
                "fresh": must_start_fresh(order.env),
                "mounts": mounts
                and {
                    "root": str(mounts.root),
                    "overlay": str(mounts.overlay),
                    "binds": [[to, str(source), locked] for to, source, locked in mounts.binds],
                    "network": mounts.network,
                },
            }
        ).encode()
        + b"\n"
    )


def _interpreter_env(*, alone: bool) -> dict[str, str]:
    """Enough for the interpreter to start; a container's own variables come with its order.

    Args:
        alone: it sees no modules but its own.
    """
    own = () if alone else ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH")
    kept = ("PATH", "LD_LIBRARY_PATH", *own)
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C.UTF-8"}


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it ended without a message"
