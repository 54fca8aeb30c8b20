"""``python -m tests.simulation``: many seeds on all cores, for ``make simulate``."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.run import DAYS, SCHEDULES, simulate


def main() -> int:
    """Simulate and say which seeds broke a promise. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--seeds", type=int, default=2000, help="how many (2000)")
    args = parser.parse_args()
    began = time.monotonic()
    wakes = starts = bad = 0
    with ProcessPoolExecutor() as pool:
        for outcome in pool.map(simulate, range(args.first, args.first + args.seeds), chunksize=5):
            wakes += outcome.wakes
            starts += outcome.starts
            if outcome.problems:
                bad += 1
                print(f"seed {outcome.seed}: {len(outcome.problems)} problems")
                print("\n".join(f"  {problem}" for problem in outcome.problems[:5]), flush=True)
    print(
        f"{args.seeds:,} seeds of {DAYS} days with {SCHEDULES} schedules: {wakes:,} wakes, "
        f"{starts:,} starts, {bad} seeds with problems, {time.monotonic() - began:.0f} s"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
