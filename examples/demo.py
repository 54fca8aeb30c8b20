"""The whole path on the embedded Modal, command by command: ``python examples/demo.py``.

Works on a copy of this repository's schedules and examples in a temporary folder, so that it can be
repeated; the commands are those that one would type.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APPS = ("analytics", "operations", "reports")


def main() -> None:
    """Show the commands and what they print; stop at the first that fails."""
    with tempfile.TemporaryDirectory(prefix="reconciler-demo-") as folder:
        project = Path(folder)
        for name in ("schedules", "examples"):
            shutil.copytree(ROOT / name, project / name)
        shutil.copy(ROOT / "reconciler.yaml", project)
        engine = subprocess.Popen(
            [*reconcile(), "engine"],
            cwd=project,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until_ready(project)
            tour(project)
        finally:
            engine.terminate()
            engine.wait()


def tour(project: Path) -> None:
    """The commands."""
    say("Three ordinary Modal apps, deployed with Modal's own command line to the embedded engine.")
    for app in APPS:
        run(project, "engine", "exec", "modal", "deploy", f"examples/{app}.py", quiet=True)
    say("The plan: what an apply would do, and what it means.")
    run(project, "--dry-run")
    say("Apply it. Asking again shows that nothing is left to do.")
    run(project, "--yes", quiet=True)
    run(project, "--dry-run", "--detailed-exitcode")
    monday = next_monday()
    say(f"Wake as if it were Monday, {monday:%Y-%m-%d} at 09:00 UTC, and wait for the results.")
    run(project, "wake", "--at", f"{monday:%Y-%m-%d}T09:00Z", "--wait")
    say("Waking for the same minute again starts nothing twice.")
    run(project, "wake", "--dry-run", "--at", f"{monday:%Y-%m-%d}T09:00Z")
    say("What ran, and where every schedule stands.")
    run(project, "runs")
    run(project, "status")


def run(project: Path, *arguments: str, quiet: bool = False) -> None:
    """Print a command, run it, and stop the tour if it fails."""
    print(f"\n$ reconcile {shlex.join(arguments)}", flush=True)
    output = subprocess.DEVNULL if quiet else None
    done = subprocess.run([*reconcile(), *arguments], cwd=project, stdout=output, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n── {text}", flush=True)


def reconcile() -> list[str]:
    """The command line of the Python that runs this, with its programs on the path."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ.pop("CI", None)
    return [sys.executable, "-m", "reconciler"]


def wait_until_ready(project: Path) -> None:
    """Wait for the engine, as a person would: by asking it."""
    for _ in range(200):
        asked = subprocess.run(
            [*reconcile(), "engine", "env"], cwd=project, capture_output=True, check=False
        )
        if asked.returncode == 0:
            return
    sys.exit("the embedded engine did not start")


def next_monday() -> datetime:
    """The next Monday that has not begun."""
    today = datetime.now(UTC)
    return today + timedelta(days=7 - today.weekday())


if __name__ == "__main__":
    main()
