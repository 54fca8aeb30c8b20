"""The command line, beside octoDNS planning as many records.

`python -m benchmarks.reconcile [COUNT …]`. Each figure is a fresh process, start-up and imports
included: the best of three. The plans are made against a running embedded engine, the first as if
nothing were applied, the second on what was. octoDNS plans a zone file of that many records against
an empty target folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.processes import Measured, measure_command
from benchmarks.sample import manifest, record
from tests.engine_fixture import RunningEngine

COUNTS = (1_000, 10_000)
APP = """
import modal
app = modal.App("analytics")

@app.function(serialized=True)
def daily_sync(window: str, shard: int) -> None:
    pass
"""
PEER = """
providers:
  config: {class: octodns.provider.yaml.YamlProvider, directory: ./source}
  target: {class: octodns.provider.yaml.YamlProvider, directory: ./target}
zones:
  example.com.: {sources: [config], targets: [target]}
"""
RECONCILE = [sys.executable, "-m", "reconciler.cli"]


def main() -> None:
    """Measure every size that was asked for."""
    counts = [int(argument) for argument in sys.argv[1:]] or list(COUNTS)
    print(f"{'count':>7}  {'what':<34}{'time':>9}{'memory':>12}{'faster':>10}{'calls':>8}")
    show(0, "reconcile --help", measure_command([*RECONCILE, "--help"]))
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            compare(count, Path(folder))


def compare(count: int, folder: Path) -> None:
    """Print the lines of one size."""
    peer = plan_records(count, folder / "dns")
    project = folder / "project"
    (project / "schedules").mkdir(parents=True)
    for number in range(count):
        (project / "schedules" / f"job-{number}.yaml").write_text(manifest(number))
    show(count, "octodns-sync (a plan)", peer)
    show(count, "reconcile validate", run(project, "validate"), peer)

    engine = RunningEngine(project / ".reconciler" / "engine").start()
    try:
        (project / "app.py").write_text(APP)
        engine.modal("deploy", str(project / "app.py"))
        for what in ("nothing applied", "all applied"):
            engine.forget_calls()
            measured = run(project, "--dry-run", "--format", "json")
            calls = sum(engine.calls().values()) // 3
            show(count, f"reconcile --dry-run, {what}", measured, peer, calls)
            if what == "nothing applied":
                applied = measure_command([*RECONCILE, "--yes"], project, environment(), rounds=1)
                show(count, "reconcile --yes", applied)
    finally:
        engine.stop()


def plan_records(count: int, folder: Path) -> Measured:
    """octoDNS's plan."""
    for name in ("source", "target"):
        (folder / name).mkdir(parents=True)
    zone = "---\n" + "".join(record(number) for number in range(count))
    (folder / "source" / "example.com.yaml").write_text(zone)
    (folder / "config.yaml").write_text(PEER)
    program = "from octodns.cmds.sync import main; main()"
    command = [sys.executable, "-c", program, "--config-file", "config.yaml", "--quiet"]
    return measure_command(command, folder, environment())


def run(project: Path, *arguments: str) -> Measured:
    """Our command."""
    return measure_command([*RECONCILE, *arguments], project, environment())


def environment() -> dict[str, str]:
    """The variables of a laptop: in CI the environment would have to be named."""
    return {name: value for name, value in os.environ.items() if name != "CI"}


def show(
    count: int, what: str, measured: Measured, peer: Measured | None = None, calls: int = 0
) -> None:
    """Print one line."""
    faster = "" if peer is None else f"{peer.seconds / measured.seconds:.1f} x"
    print(
        f"{count:>7,}  {what:<34}{measured.seconds:>7.2f} s{measured.mebibytes:>8.0f} MiB"
        f"{faster:>10}{calls or '':>8}",
        flush=True,
    )


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(str(error))
