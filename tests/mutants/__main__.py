"""``python -m tests.mutants``: play a seeded sample of changes and list those that no test notices.

Exits with 1 when fewer than 95 % of the changes that have an effect are noticed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.changes import Change, changes_of
from tests.mutants.covering import Covering, is_current, read, record
from tests.mutants.equivalents import identity, read_equivalents
from tests.mutants.playing import Copy, Verdict

FOLDERS = ("cron", "model", "dispatch", "plan", "deploy")
WANTED = 0.95
REPOSITORY = Path(__file__).parents[2]


def main() -> int:
    """Play the sample. Returns the exit code."""
    args = _arguments()
    equivalents = read_equivalents()
    chosen = _sample(_all_changes(args.modules), args.count, args.seed)
    listed = [change for change in chosen if identity(change) in equivalents]
    played = [change for change in chosen if identity(change) not in equivalents]
    noticed = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies = [Copy.of(REPOSITORY, Path(folder, str(job))) for job in range(args.jobs)]
        data = (args.coverage or Path(folder, "coverage")).resolve()
        if not is_current(REPOSITORY, data):
            record(copies[0].root, data)
        for change, verdict in _verdicts(played, copies, read(data)):
            noticed += verdict.noticed
            if verdict is not Verdict.NOTICED:
                print(f"{verdict.value}: {change}", flush=True)
    share = noticed / len(played) if played else 1.0
    print(
        f"seed {args.seed}: {noticed} of {len(played)} changes noticed ({share:.1%}, wanted "
        f"{WANTED:.0%}), {len(listed)} more without effect"
    )
    return 0 if share >= WANTED else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the sample (0)")
    parser.add_argument("--count", type=int, default=200, help="how many changes to play (200)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument(
        "--coverage",
        type=Path,
        metavar="FILE",
        help="keep in FILE which test covers which line; recorded anew when a module is newer",
    )
    parser.add_argument("modules", nargs="*", metavar="PATH", help="of these modules only")
    return parser.parse_args()


def _all_changes(modules: Sequence[str]) -> list[Change]:
    paths = [Path(module).resolve() for module in modules] or sorted(
        path for folder in FOLDERS for path in (REPOSITORY / "reconciler" / folder).rglob("*.py")
    )
    return [
        change
        for path in paths
        for change in changes_of(path.relative_to(REPOSITORY).as_posix(), path.read_bytes())
    ]


def _sample(changes: list[Change], count: int, seed: int) -> list[Change]:
    chosen = random.Random(seed).sample(changes, min(count, len(changes)))
    return sorted(chosen)


def _verdicts(
    changes: Sequence[Change], copies: Sequence[Copy], covering: Covering
) -> Iterator[tuple[Change, Verdict]]:
    """Each change with its verdict, as they come."""
    free: SimpleQueue[Copy] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def play(change: Change) -> Verdict:
        copy = free.get()
        try:
            return copy.play(change, covering.of(change.path, change.line))
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        under_way = {pool.submit(play, change): change for change in changes}
        for done in as_completed(under_way):
            yield under_way[done], done.result()


if __name__ == "__main__":
    sys.exit(main())
