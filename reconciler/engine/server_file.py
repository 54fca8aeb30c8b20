"""``server.json`` in the state folder, by which clients find the running engine, and its lock."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from reconciler.errors import ReconcileError

DEFAULT_STATE: Final = Path(".reconciler/engine")


@dataclass(frozen=True)
class ServerFile:
    """``url`` is for the modal client, ``http`` for the controls. ``started``: epoch seconds.

    ``variables`` is the environment that points the modal client at this engine.
    """

    pid: int
    url: str
    http: str
    token_id: str
    token_secret: str
    version: str
    started: float
    variables: Mapping[str, str]

    def write(self, state: Path) -> None:
        """Appears whole, readable by its user only."""
        making = state / "server.json.making"
        making.touch(mode=0o600)
        making.write_text(json.dumps(asdict(self)))
        making.replace(state / "server.json")

    @staticmethod
    def read(state: Path) -> ServerFile:
        """Raises ReconcileError if no engine runs on this folder, or none that is ready."""
        with suppress(FileNotFoundError, ProcessLookupError):
            record = ServerFile(**json.loads((state / "server.json").read_text()))
            with suppress(PermissionError):
                os.kill(record.pid, 0)
            return record
        raise ReconcileError(
            "no engine is running", where=str(state), remedy="Start one: `… engine serve`."
        )

    @staticmethod
    def remove(state: Path) -> None:
        (state / "server.json").unlink(missing_ok=True)


def client_environment(url: str, token_id: str, token_secret: str, state: Path) -> dict[str, str]:
    """The variables that make the modal client connect to this engine only.

    The config file is an empty one, so that neither tokens nor a server of ``~/.modal.toml`` can
    mix in; proxies are passed by, which the client would use even for loopback.
    """
    return {
        "MODAL_SERVER_URL": url,
        "MODAL_TOKEN_ID": token_id,
        "MODAL_TOKEN_SECRET": token_secret,
        "MODAL_CONFIG_PATH": str(config_file(state)),
        "MODAL_DISABLE_API_PROXY": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def shell_exports(environment: Mapping[str, str]) -> str:
    """Shell commands for ``eval``. They unset an environment that was chosen for the real Modal."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    return "\n".join([*lines, "unset MODAL_ENVIRONMENT MODAL_PROFILE"])


def config_file(state: Path) -> Path:
    """An empty modal configuration."""
    return state.absolute() / "modal.toml"


def make_private(state: Path) -> None:
    """Give only this user access to the state folder and to new files in it.

    Secrets, tokens and sources lie in it. A folder of an older version is tightened as a whole, but
    for the files of other users, whose modes only they can change. The process's umask is set for
    good: SQLite makes files of its own beside the database.
    """
    os.umask(0o077)
    state.mkdir(parents=True, exist_ok=True)
    seen = (path for path in (state, *state.iterdir()) if not path.is_symlink())
    if not any(path.stat().st_mode & 0o077 for path in seen):
        return
    for folder, _, names in os.walk(state):
        for path in (Path(folder), *(Path(folder, name) for name in names)):
            if not path.is_symlink() and os.geteuid() in (0, path.stat().st_uid):
                path.chmod(path.stat().st_mode & 0o700)


@contextmanager
def sole(state: Path) -> Iterator[None]:
    """One engine per state folder; the lock goes with the process, however that ends.

    Raises ReconcileError naming the process that has it.
    """
    make_private(state)
    with (state / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise ReconcileError(
                f"process {lock.read().strip() or '(unknown)'} runs an engine on this folder",
                where=str(state),
                remedy="Use it, end it, or name another folder with --state.",
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        config_file(state).touch()
        yield
