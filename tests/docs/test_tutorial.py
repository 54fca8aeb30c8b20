"""What docs/tutorial.md lets a person type, from where the README's first run ends.

The person waits for full minutes. Here a wake by hand has the page's minute instead, ten years
later, so that no real minute comes between.
"""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from tests.docs.conftest import Place
from tests.docs.console import Shown, shown_in
from tests.engine_fixture import until
from tests.github.runner import ROOT

PAGE = ROOT / "docs" / "tutorial.md"
WITH_AN_ACCOUNT = "modal environment create production"
PORT = "8765"
MINUTES_UNTIL_THE_ALERT = {"reconcile logs": 1, "reconcile rerun": 2}
"""The wake that sees the end of a run sends its alert. For the second, a success comes first."""
_TEXT = re.compile(r"^```text\n(.*?)\n```", re.DOTALL | re.MULTILINE)


def test_every_step_does_what_the_page_shows(place: Place) -> None:
    root = place.project.root
    receiver, alert, _token = _TEXT.findall(later(PAGE.read_text(encoding="utf-8")))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    steps = [moved(shown, str(port)) for shown in shown_in(PAGE)]
    start = next(number for number, shown in enumerate(steps) if shown.command == WITH_AN_ACCOUNT)
    minutes = iter(range(1, 60))

    def wake() -> None:
        at = f"2036-12-01T09:{next(minutes):02}Z"
        place.project.reconcile("wake", "--at", at, "--wait")

    with ExitStack() as terminals:
        for shown in [*first_run(), *steps[:start]]:
            if shown.command.startswith("reconcile runs"):
                wake()
            shown.run(root, without_account(place))
            if shown.command.startswith("cat > receiver.py"):
                receiving = terminals.enter_context(started(receiver, root, port))
            for _ in range(MINUTES_UNTIL_THE_ALERT.get(shown.command.split(" average")[0], 0)):
                wake()
        receiving.terminate()
        printed, _ = receiving.communicate()
    failed, recovered = printed.splitlines()
    assert failed == alert
    assert recovered.startswith("average-order succeeded again")
    for shown in steps[start:]:
        shown.run(root, place.environment)


def first_run() -> list[Shown]:
    """The README's, which ends with the first look at what ran."""
    commands = list(shown_in(ROOT / "README.md"))
    return commands[: [shown.command for shown in commands].index("reconcile runs")]


def without_account(place: Place) -> Mapping[str, str]:
    """A shell that neither has a token nor is pointed at an engine."""
    pointed = place.project.engine.record.variables
    return {key: value for key, value in place.environment.items() if key not in pointed}


def moved(shown: Shown, port: str) -> Shown:
    """The same at the test's minutes and port."""
    command = later(shown.command).replace(PORT, port)
    return replace(shown, command=command, output=tuple(map(later, shown.output)))


def later(text: str) -> str:
    """The page's day ten years later."""
    return text.replace("2026-12-01T09:", "2036-12-01T09:")


@contextmanager
def started(command: str, root: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """The receiver in its terminal."""

    def is_listening() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with subprocess.Popen(
        shlex.split(command), cwd=root, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            until(is_listening)
            yield process
        finally:
            process.kill()
