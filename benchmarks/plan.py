"""A plan: ``--dry-run`` beside octoDNS planning as many records, and beside its imports.

The plans are made against a running embedded engine, the first as if nothing were applied, the
second on what was. octoDNS plans a zone file of that many records against an empty target folder,
and, for the second, against the folder that its own ``--doit`` filled. The floor is a process that
imports Modal's client and pydantic, and does nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.processes import Command, measure, output_of
from benchmarks.project import (
    apply,
    manifest,
    reconcile,
    record,
    start_engine,
    write_manifests,
)
from benchmarks.rows import Row, run

SECONDS: Final = {1_000: 0.5, 10_000: 2.2}
"""What a plan of so many schedules may take."""
IMPORTS: Final = Command((sys.executable, "-c", "import modal, pydantic"))
CONFIG: Final = """
providers:
  config: {class: octodns.provider.yaml.YamlProvider, directory: ./source}
  target: {class: octodns.provider.yaml.YamlProvider, directory: ./target}
zones:
  example.com.: {sources: [config], targets: [target]}
"""


def rows() -> Iterator[Row]:
    """Both plans at each size."""
    for count, seconds in SECONDS.items():
        with tempfile.TemporaryDirectory() as folder:
            octodns = octodns_plan(count, Path(folder) / "dns")
            project = Path(folder) / "project"
            write_manifests(project, [manifest(number) for number in range(count)])
            engine = start_engine(project)
            try:
                for what in ("nothing applied", "all applied"):
                    if what == "all applied":
                        apply(project)
                        output_of(octodns._replace(arguments=(*octodns.arguments, "--doit")))
                    plan = reconcile(project, "--dry-run", "--format", "json")
                    ours, peer, floor = measure(plan, octodns, IMPORTS)
                    work = f"--dry-run, {count:,} schedules, {what}"
                    yield Row(
                        work,
                        ours.seconds,
                        "s",
                        f"octoDNS plans as many records, {what}",
                        peer.seconds,
                        at_most=seconds,
                        ratio_at_most=1.0 if count == max(SECONDS) else None,
                        mebibytes=ours.mebibytes,
                    )
                    beside = "importing Modal's client and pydantic"
                    yield Row(work, ours.seconds, "s", beside, floor.seconds)
            finally:
                engine.stop()


def octodns_plan(count: int, folder: Path) -> Command:
    """octoDNS's plan, in a folder set up as its documentation does."""
    for name in ("source", "target"):
        (folder / name).mkdir(parents=True)
    zone = "---\n" + "".join(record(number) for number in range(count))
    (folder / "source" / "example.com.yaml").write_text(zone)
    (folder / "config.yaml").write_text(CONFIG)
    program = "from octodns.cmds.sync import main; main()"
    command = (sys.executable, "-c", program, "--config-file", "config.yaml", "--quiet")
    return Command(command, folder)


if __name__ == "__main__":
    run(rows)
