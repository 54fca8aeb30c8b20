"""Every benchmark, one after the other: ``python -m benchmarks [--strict] [NAME …]``.

Each is a process of its own. The rows that miss a target are repeated at the end; with ``--strict``
they make the exit code 1. So does a benchmark that fails; the others run all the same.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Final

from benchmarks.rows import HEADER, JSON_LINES, Row, installed_as_users_have_it

QUESTIONS: Final = (
    "cron_speed",
    "packing",
    "dispatch",
    "manifests",
    "plan",
    "rules",
    "backfill",
    "code",
    "queries",
    "wake",
    "engine",
    "web",
)


def main() -> int:
    """Print all rows, then those that miss a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a target is missed")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(QUESTIONS))
    args = parser.parse_args()
    if unknown := set(args.names) - set(QUESTIONS):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    missed: list[tuple[str, Row]] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        installed_as_users_have_it(folder)
        for name in args.names or QUESTIONS:
            print(f"\n{name}\n{HEADER}", flush=True)
            try:
                for row in rows_of(name):
                    print(row, flush=True)
                    missed += [(name, row)] if row.is_missed else []
            except subprocess.CalledProcessError:
                failed.append(name)
    print(f"\n{len(missed)} rows miss a target" if missed else "\nevery row meets its target")
    for name, row in missed:
        print(f"{name}: {row}")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed or (missed and args.strict) else 0


def rows_of(name: str) -> Iterator[Row]:
    """Run one benchmark.

    Raises:
        CalledProcessError: it failed; what it printed before has been yielded.
    """
    command = [sys.executable, "-m", f"benchmarks.{name}", JSON_LINES]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield Row(*json.loads(line))
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


if __name__ == "__main__":
    sys.exit(main())
