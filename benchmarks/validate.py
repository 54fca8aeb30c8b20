"""Reading and checking manifests, beside octoDNS reading as many records from YAML.

`python -m benchmarks.validate [COUNT …]`. Each figure is a fresh process, imports included: the
best wall time of three, and the most memory that it held. octoDNS reads one zone file of that many
records, checked as strictly as it does by default; ours are once one file each, as repositories
have them, and once one file in all, which is what octoDNS has to read.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.processes import Measured, measure_command
from benchmarks.sample import manifest, record

COUNTS = (1_000, 10_000)

READ_MANIFESTS = """
import sys
from pathlib import Path
from reconciler.manifest import Settings, load
assert len(load(Path(sys.argv[1]), settings=Settings()).schedules) == int(sys.argv[2])
"""

READ_RECORDS = """
import sys
from octodns.provider.yaml import YamlProvider
from octodns.zone import Zone
zone = Zone("example.com.", [])
YamlProvider("config", sys.argv[1]).populate(zone)
assert len(zone.records) == int(sys.argv[2])
"""


def measure(program: str, folder: Path, count: int) -> Measured:
    """The best of some fresh processes that run the program."""
    return measure_command([sys.executable, "-c", program, str(folder), str(count)])


def compare(count: int, folder: Path) -> None:
    """Prints the lines of one size."""
    apart, together, records = (folder / name for name in ("apart", "together", "records"))
    for made in (apart, together, records):
        made.mkdir()
    manifests = [manifest(number) for number in range(count)]
    for number, text in enumerate(manifests):
        (apart / f"job-{number}.yaml").write_text(text)
    (together / "jobs.yaml").write_text("---\n".join(manifests))
    zone = "---\n" + "".join(record(number) for number in range(count))
    (records / "example.com.yaml").write_text(zone)

    peer = measure(READ_RECORDS, records, count)
    for name, measured in [
        ("manifests, one file each", measure(READ_MANIFESTS, apart, count)),
        ("manifests, one file in all", measure(READ_MANIFESTS, together, count)),
        ("octoDNS, one zone file", peer),
    ]:
        print(
            f"{count:>7,}  {name:<28}{measured.seconds:>8.2f} s{measured.mebibytes:>8.0f} MiB"
            f"{peer.seconds / measured.seconds:>9.1f} x"
        )


def main() -> None:
    """Measures every size that was asked for."""
    print(f"{'count':>7}  {'what':<28}{'time':>10}{'memory':>12}{'faster':>11}")
    for count in [int(argument) for argument in sys.argv[1:]] or COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            compare(count, Path(folder))


if __name__ == "__main__":
    main()
