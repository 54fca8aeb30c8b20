"""Play many seeds on all cores, and say which broke a promise and how to play them again."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from functools import partial
from itertools import islice
from multiprocessing import get_context

from tests.simulation.mutants import MUTANTS, break_core
from tests.simulation.run import DAYS, SCHEDULES, Outcome, simulate, simulate_crowd


def main() -> int:
    """Simulate and say which seeds broke a promise. Returns the exit code."""
    args = _arguments()
    began = time.monotonic()
    wakes = starts = bad = done = 0
    watched = sys.stderr.isatty()
    for outcome in _outcomes(args):
        done, wakes, starts = done + 1, wakes + outcome.wakes, starts + outcome.starts
        if outcome.problems:
            bad += 1
            if watched:
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            print(outcome.report(args.broken), flush=True)
            if args.stop:
                break
        if watched:
            end = "\n" if done == args.seeds + args.crowds else ""
            progress = f"\r{done:,} of {args.seeds + args.crowds:,} played, {bad} with problems"
            print(progress, end=end, file=sys.stderr, flush=True)
    print(
        f"{done:,} played, of {args.seeds:,} seeds of {args.days} days with {args.schedules} "
        f"schedules and {args.crowds} crowds: {wakes:,} wakes, {starts:,} starts, "
        f"{bad} with problems, {time.monotonic() - began:.0f} s"
    )
    return 1 if bad else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--seeds", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--crowds", type=int, default=20, help="how many with 10,000 at once (20)")
    parser.add_argument("--days", type=int, default=DAYS, help=f"of each seed ({DAYS})")
    parser.add_argument(
        "--schedules", type=int, default=SCHEDULES, help=f"of each seed ({SCHEDULES})"
    )
    parser.add_argument("--jobs", type=int, help="processes (as many as there are cores)")
    parser.add_argument("--stop", action="store_true", help="at the first seed with a problem")
    parser.add_argument("--broken", choices=MUTANTS, help="play a core that is broken on purpose")
    return parser.parse_args()


def _outcomes(args: argparse.Namespace) -> Iterator[Outcome]:
    """The outcomes as they come."""
    # Spawned, so that the core is not loaded yet where it is to be broken.
    spawned, broken = get_context("spawn"), args.broken
    prepare = None if broken is None else partial(break_core, broken)
    seed = partial(simulate, days=args.days, schedules=args.schedules)
    plays = [partial(simulate_crowd, args.first + number) for number in range(args.crowds)]
    plays += [partial(seed, args.first + number) for number in range(args.seeds)]
    waiting = iter(plays)
    jobs = args.jobs or os.cpu_count() or 1
    with ProcessPoolExecutor(jobs, spawned, initializer=prepare) as pool:
        # No more than are played at once, so that none is begun after the last that is asked for.
        under_way = {pool.submit(play) for play in islice(waiting, jobs)}
        while under_way:
            ended, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for future in ended:
                yield future.result()
            under_way |= {pool.submit(play) for play in islice(waiting, len(ended))}
