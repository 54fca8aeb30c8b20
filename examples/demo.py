"""The whole path on the embedded Modal, command by command: ``python examples/demo.py``.

Works on copies of an example and its schedules in a temporary folder, so that it can be repeated;
the commands are those that one would type. It takes up to a minute: a cron really fires.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEARTBEAT = """\
name: heartbeat
schedule: "* * * * *"
function: analytics/warm_cache
args: {dashboards: [sales, support]}
description: Each minute, so that one does not have to wait long.
"""
DONE = "analytics/warm_cache  succeeded"


def main() -> None:
    """Show the commands and what they print; stop at the first that fails."""
    with tempfile.TemporaryDirectory(prefix="reconciler-demo-") as folder:
        project = Path(folder)
        (project / "schedules").mkdir()
        shutil.copy(ROOT / "examples" / "analytics.py", project)
        shutil.copy(ROOT / "schedules" / "analytics.yaml", project / "schedules")
        (project / "schedules" / "heartbeat.yaml").write_text(HEARTBEAT)
        engine = subprocess.Popen(
            [*reconcile(), "engine"], cwd=project, stdout=subprocess.PIPE, text=True
        )
        try:
            tour(project, engine)
        finally:
            engine.terminate()
            engine.communicate()


def tour(project: Path, engine: subprocess.Popen[str]) -> None:
    """The commands."""
    wait_for(engine, "Crons fire while this runs")
    say("An ordinary Modal app, deployed with Modal's own command line to the embedded Modal.")
    run(project, "engine", "exec", "modal", "deploy", "analytics.py", quiet=True)
    say("The plan: what an apply would do, and what it means.")
    run(project, "plan")
    say("Apply it. Asking again shows that nothing is left to do.")
    run(project, "apply", quiet=True)
    run(project, "plan", "--detailed-exitcode")
    say("The cron of `heartbeat` fires at the next full minute. What the engine prints then:")
    wait_for(engine, DONE, show=True)
    say("What ran, and how every schedule stands.")
    run(project, "runs")
    run(project, "list")
    say("Why it ran, and when it runs next.")
    run(project, "explain", "heartbeat")


def wait_for(engine: subprocess.Popen[str], text: str, *, show: bool = False) -> None:
    """Read what the engine prints up to a line with this text.

    Args:
        show: print these lines.
    """
    assert engine.stdout is not None
    for line in engine.stdout:
        if show:
            print(line, end="", flush=True)
        if text in line:
            return
    sys.exit("the embedded engine ended")


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


if __name__ == "__main__":
    main()
