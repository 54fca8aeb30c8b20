"""``python -m reconciler.engine``: run an engine, find one, and steer one in tests."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from reconciler.engine import limits
from reconciler.engine.server_file import (
    DEFAULT_STATE,
    ServerFile,
    shell_exports,
    sole,
)
from reconciler.errors import ReconcileError
from reconciler.foreign_text import in_json, on_one_line
from reconciler.requirement import require_modal
from reconciler.streams import write_bytes


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, or 1 with a message on stderr."""
    parsed = _parser().parse_args(arguments)
    try:
        require_modal()
        return int(parsed.run(parsed))
    except ReconcileError as error:
        sys.stderr.write(f"Error: {error}\n")
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reconciler.engine", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name: str, run: object, about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=about)
        made.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the state folder")
        made.set_defaults(run=run)
        return made

    serve = command("serve", _serve, "Run an engine in the foreground.")
    serve.add_argument("--port", type=int, default=0, help="the port; 0 (default): a free one")
    serve.add_argument("--python", default=sys.executable, help="the Python that functions run in")
    serve.add_argument(
        "--crons",
        type=_number,
        default=limits.DEFAULT_CRONS,
        help="how many crons may be deployed: a number, or unlimited",
    )
    serve.add_argument(
        "--web-endpoints",
        type=_number,
        default=limits.DEFAULT_WEB_ENDPOINTS,
        help="how many web endpoints may be deployed: a number, or unlimited",
    )
    serve.add_argument(
        "--containers",
        type=int,
        default=limits.CONTAINERS,
        help="how many containers may run at the same time",
    )
    serve.add_argument(
        "--mounts",
        choices=("auto", "real", "environment"),
        default="auto",
        help="where Volumes are: at their mount paths (real), or where the variable "
        "MODAL_ENGINE_VOLUMES says (environment)",
    )
    serve.add_argument(
        "--firing",
        choices=("clock", "request"),
        default="clock",
        help="crons fire at their times (clock), or only by the command fire (request)",
    )
    serve.add_argument(
        "--events",
        action="store_true",
        help="print a line for each cron that fires and each run that ends",
    )
    serve.add_argument("--parent-pid", type=int, help="stop when this process ends")
    command("env", _env, "Print variables that point the modal client at the running engine.")
    faults = command("faults", _faults, "Add fault rules (JSON), or show or clear them.")
    faults.add_argument("rules", nargs="?", help="a rule or a list of rules; default: show")
    faults.add_argument("--clear", action="store_true")
    command("calls", _calls, "Count the calls of Modal's protocol, by method.")
    fire = command("fire", _fire, "Run a deployed function now, as its cron would.")
    fire.add_argument("app")
    fire.add_argument("function")
    fire.add_argument("--environment", default="")
    tokens = command("proxy-tokens", _list_tokens, "Manage what guarded web endpoints ask for.")
    actions = tokens.add_subparsers()
    create = actions.add_parser("create", help="make a token; prints its id and its secret (JSON)")
    create.add_argument("--name", default="", help="for people")
    create.add_argument(
        "--scoped", action="store_true", help="good only in environments that it is allowed in"
    )
    create.set_defaults(run=_create_token)
    actions.add_parser("list", help="list the tokens, without their secrets")
    delete = actions.add_parser("delete", help="delete a token")
    delete.add_argument("id")
    delete.set_defaults(run=_delete_token)
    return parser


def _number(text: str) -> int | None:
    return None if text == "unlimited" else int(text)


def _serve(parsed: argparse.Namespace) -> int:
    from reconciler.engine.containers.launcher import Launcher
    from reconciler.engine.engine import Engine, Options
    from reconciler.engine.quota import Quota
    from reconciler.engine.time_source import HostClock

    real = {"auto": None, "real": True, "environment": False}[parsed.mounts]
    options = Options(
        state=parsed.state,
        python=parsed.python,
        port=parsed.port,
        quota=Quota(parsed.crons, parsed.web_endpoints),
        containers=parsed.containers,
        real_paths=real,
        by_clock=parsed.firing == "clock",
        events=parsed.events,
    )

    def ready(record: ServerFile) -> None:
        record.write(parsed.state)
        sys.stderr.write(
            f"Engine on {record.url}, state in {parsed.state}. To use it in a shell:\n"
            f'  eval "$({sys.executable} -P -m reconciler.engine env --state {parsed.state})"\n'
        )

    def say(line: str) -> None:
        sys.stderr.write(f"{on_one_line(line)}\n")
        sys.stderr.flush()

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        watch = asyncio.create_task(_outlive(parsed.parent_pid, stop))
        # The launcher outlives an engine whose state is emptied, because its zygote starts slowly.
        launcher = Launcher(options.python, options.state.absolute())
        try:
            while await Engine(options, HostClock(), launcher, say=say).serve(ready, stop):
                pass
        finally:
            await launcher.stop()
        watch.cancel()

    with sole(parsed.state):
        ServerFile.remove(parsed.state)  # an engine that was killed leaves its file behind
        try:
            asyncio.run(run())
        finally:
            ServerFile.remove(parsed.state)
    return 0


async def _outlive(parent: int | None, stop: asyncio.Event) -> None:
    """Set ``stop`` when the process ``parent`` has ended."""
    while parent is not None:
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            break
        except PermissionError:
            pass
        await asyncio.sleep(0.5)
    if parent is not None:
        stop.set()


def _env(parsed: argparse.Namespace) -> int:
    record = ServerFile.read(parsed.state)
    # A shell evaluates the output, so paths in it are quoted.
    write_bytes(f"{shell_exports(record.variables)}\n".encode(errors="surrogateescape"))
    return 0


def _faults(parsed: argparse.Namespace) -> int:
    if parsed.clear:
        _control(parsed.state, "DELETE", "/faults")
    if parsed.rules:
        _control(parsed.state, "POST", "/faults", parsed.rules.encode())
    if not parsed.clear and not parsed.rules:
        sys.stdout.write(in_json(_control(parsed.state, "GET", "/faults")) + "\n")
    return 0


def _calls(parsed: argparse.Namespace) -> int:
    for name, count in sorted(json.loads(_control(parsed.state, "GET", "/calls")).items()):
        sys.stdout.write(f"{count:8}  {name}\n")
    return 0


def _fire(parsed: argparse.Namespace) -> int:
    wanted = {"app": parsed.app, "function": parsed.function, "environment": parsed.environment}
    answer = _control(parsed.state, "POST", "/fire", json.dumps(wanted).encode())
    sys.stdout.write(f"{json.loads(answer)['call']}\n")
    return 0


def _create_token(parsed: argparse.Namespace) -> int:
    wanted = {"name": parsed.name, "scoped": parsed.scoped}
    made = _control(parsed.state, "POST", "/proxy-tokens", json.dumps(wanted).encode())
    sys.stdout.write(f"{made}\n")
    return 0


def _list_tokens(parsed: argparse.Namespace) -> int:
    for token in json.loads(_control(parsed.state, "GET", "/proxy-tokens")):
        shown = f"{token['id']}  {on_one_line(token['name'])}{'  (scoped)' * token['scoped']}"
        sys.stdout.write(f"{shown.rstrip()}\n")
    return 0


def _delete_token(parsed: argparse.Namespace) -> int:
    _control(parsed.state, "DELETE", "/proxy-tokens", json.dumps({"id": parsed.id}).encode())
    return 0


def _control(state: Path, method: str, path: str, body: bytes | None = None) -> str:
    record = ServerFile.read(state)
    request = urllib.request.Request(  # noqa: S310  # the address is the engine's own
        record.http + path,
        method=method,
        data=body,
        headers={"Authorization": f"Bearer {record.token_secret}"},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=30) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        problem = json.loads(error.read())["error"]
        raise ReconcileError(problem, where=path) from error
    except urllib.error.URLError as error:
        raise ReconcileError(
            f"the engine does not answer: {error.reason}",
            where=record.http,
            remedy="Start it again: `… engine serve`.",
        ) from error
