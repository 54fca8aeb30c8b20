"""Reading manifests: ``validate``, ``next`` and ``lint`` beside a floor, and beside octoDNS.

The floor is a process that reads the bytes of the same files and lets libyaml parse them into
events. octoDNS reads a zone file of as many records, checked as strictly as it does by default.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.processes import Command, measure
from benchmarks.project import manifest, reconcile, record, write_manifests
from benchmarks.rows import Row, run

COMMANDS: Final = {1_000: {"validate": 0.2}, 10_000: {"validate": 1.0, "next": 1.5, "lint": 1.5}}
"""The seconds that each may take."""
READ_AND_PARSE: Final = """
import os, sys, yaml
for entry in os.scandir(sys.argv[1]):
    with open(entry.path, "rb") as file:
        for event in yaml.parse(file.read(), yaml.CBaseLoader):
            pass
"""
READ_RECORDS: Final = """
import sys
from octodns.provider.yaml import YamlProvider
from octodns.zone import Zone
zone = Zone("example.com.", [])
YamlProvider("config", sys.argv[1]).populate(zone)
assert len(zone.records) == int(sys.argv[2])
"""


def rows() -> Iterator[Row]:
    """Each command at each size, then one file of all manifests beside octoDNS."""
    for count, commands in COMMANDS.items():
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder)
            manifests = [manifest(number) for number in range(count)]
            write_manifests(project / "apart", manifests)
            schedules = str(project / "apart" / "schedules")
            floor = Command((sys.executable, "-c", READ_AND_PARSE, schedules))
            ours = [reconcile(project / "apart", command) for command in commands]
            *measured, least = measure(*ours, floor)
            for (command, seconds), one in zip(commands.items(), measured, strict=True):
                yield Row(
                    f"{command}, {count:,} manifests in a file each",
                    one.seconds,
                    "s",
                    "reading the files, and libyaml's events",
                    least.seconds,
                    at_most=seconds,
                    mebibytes=one.mebibytes,
                )
            write_manifests(project / "together", ["---\n".join(manifests)])
            records = project / "records"
            records.mkdir()
            zone = "---\n" + "".join(record(number) for number in range(count))
            (records / "example.com.yaml").write_text(zone)
            octodns = (sys.executable, "-c", READ_RECORDS, str(records), str(count))
            one, peer = measure(reconcile(project / "together", "validate"), Command(octodns))
            yield Row(
                f"validate, {count:,} manifests in one file",
                one.seconds,
                "s",
                "octoDNS reads a zone file of as many records",
                peer.seconds,
                ratio_at_most=1.0,
                mebibytes=one.mebibytes,
            )


if __name__ == "__main__":
    run(rows)
