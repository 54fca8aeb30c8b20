"""What a newcomer types first is true: the README's commands are run, in their order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace

from tests.docs.conftest import Place
from tests.docs.console import shown_in
from tests.github.runner import ROOT

README = ROOT / "README.md"
STAND_INS = {
    "FILE": "crontab.txt",
    "NAME": "rates",
    "TIME": "2036-12-01T09:00Z",
    "APP/FUNCTION": "jobs/rates",
}
RUNS_UNTIL_STOPPED = "reconcile engine"
"""The demo runs it."""

_SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_DIFFERS = re.compile(r"\b[0-9a-f]{12}\b|\d{4}-\d\d-\d\dT[\d:]+Z")
"""What differs from run to run: ids and times."""


def commands() -> Iterator[str]:
    """The commands of the ``sh`` blocks, without what is said about them."""
    for block in _SHELL.findall(README.read_text(encoding="utf-8")):
        for line in block.splitlines():
            command = line.partition("#")[0].strip()
            if command:
                yield command


def test_every_command_of_the_readme_runs(place: Place) -> None:
    root = place.project.root
    (root / "crontab.txt").write_text("0 9 * * 1 /opt/rates\n")
    by_make = [command for command in commands() if command.startswith("make ")]
    assert by_make == ["make demo", "make test"]
    for command in commands():
        if command in {*by_make, RUNS_UNTIL_STOPPED}:
            continue
        typed = " ".join(STAND_INS.get(word, word) for word in command.split())
        done = answered(place, typed)
        assert done.returncode == 0, f"{typed}\n{done.stdout}"
        if command == "reconcile init":
            assert "reconcile engine exec modal deploy jobs/hello.py" in done.stdout
            place.project.engine.modal("deploy", str(root / "jobs" / "hello.py"))
            place.git.commit()


def answered(place: Place, command: str) -> subprocess.CompletedProcess[str]:
    """Run it in a terminal in which somebody answers with yes."""
    terminal, keyboard = os.openpty()
    os.write(terminal, b"yes\n")
    try:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=place.project.root,
            env=place.environment,
            stdin=keyboard,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(terminal)
        os.close(keyboard)


def test_the_plan_that_is_shown_is_the_one_that_it_prints(place: Place) -> None:
    root = place.project.root
    for name in ("schedules", "examples"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "reconciler.yaml", root)
    modal = place.project.engine.modal
    modal("environment", "create", "production")
    for app in ("analytics", "operations", "reports"):
        modal("deploy", "--env", "production", str(root / "examples" / f"{app}.py"))
    place.git.commit()
    place.project.applied("--env", "production", **place.environment)
    manifest = root / "schedules" / "analytics.yaml"
    manifest.write_text(manifest.read_text().replace('"0 6 * * *"', '"0 7 * * *"', 1))
    place.git.commit()
    (shown,) = shown_in(README)
    like = tuple(_DIFFERS.sub("…", line) for line in shown.output)
    replace(shown, output=like).run(root, place.environment)


def test_the_demo_goes_through() -> None:
    done = subprocess.run(
        ["make", "demo"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", str(ROOT))},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    fired = done.stdout.partition("What the engine prints then:")[2]
    assert "schedule-reconciler/heartbeat  fires" in fired
    assert "explain heartbeat" in fired
