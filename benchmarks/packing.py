"""Wakes of both packings beside the floor and plain merging, and the time that packing takes.

Run by `python -m benchmarks.packing [--crons FILE]` from the project root. FILE adds sets from a
file of JSON lines, each with `cron`, `timezone` and `set`.

Wakes are multiples of the floor, the distinct minutes in which something is due: the mean of seeded
sets, with five slots. *Merging* is the peer: the pair that adds fewest wakes is merged until five
slots are left, and no schedule moves after that. The target is 1.05 times the best packings known
of the same sets (`BEST_KNOWN`): searched for up to two seconds a set, partly exactly, and with
schedules divided among slots. Times are those of the processor.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import Final

from benchmarks.packing_samples import as_written, daily_and_weekly, in_zones, spread
from reconciler.cron import CronError, Timetable, minute, parse_times
from reconciler.pack import Member, PackedSlot, fewest_wakes, one_poller, wakes_by_slot
from reconciler.pack.demand import demands
from reconciler.pack.groups import merged
from reconciler.pack.shape import UNITS_PER_MONTH
from reconciler.pack.wakes import wakes_per_month

NOW: Final = minute(datetime(2026, 11, 20, tzinfo=UTC))
SLOTS: Final = 5
SETS: Final = {8: 40, 20: 30, 50: 15, 200: 5, 1000: 2}
"""How many sets of each size."""
BEST_KNOWN: Final = {
    ("as_written", 8): 1.001,
    ("as_written", 20): 1.002,
    ("as_written", 50): 1.002,
    ("as_written", 200): 1.000,
    ("as_written", 1000): 1.040,
    ("spread", 8): 1.003,
    ("spread", 20): 1.006,
    ("spread", 50): 1.010,
    ("spread", 200): 1.071,
    ("spread", 1000): 1.078,
    ("in_zones", 8): 1.033,
    ("in_zones", 20): 1.009,
    ("in_zones", 50): 1.012,
    ("in_zones", 200): 1.012,
    ("in_zones", 1000): 1.068,
    ("daily_and_weekly", 8): 1.544,
    ("daily_and_weekly", 20): 2.829,
    ("daily_and_weekly", 50): 3.713,
    ("daily_and_weekly", 200): 3.995,
    ("daily_and_weekly", 1000): 2.194,
}
"""Wakes as multiples of the floor, by sample and size."""
LOSS: Final = 1.05
SECONDS_FOR_1000: Final = 0.3
"""The target for 1,000 different expressions."""
HEADER: Final = (
    f"{'sample':<18}{'size':>6}{'floor':>8}{'fewest-wakes':>14}{'one-poller':>12}{'merging':>9}"
    f"{'target':>8}{'met':>5}"
)


@dataclass(frozen=True, slots=True)
class Result:
    """One set: wakes per month."""

    floor: float
    fewest: float
    one: float
    merging: float


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crons", type=Path, help="JSON lines with cron, timezone and set")
    crons = parser.parse_args().crons
    missed = []
    print(f"wakes a month, {SLOTS} slots, as multiples of the floor\n{HEADER}")
    for sample in (as_written, spread, in_zones, daily_and_weekly):
        for size, sets in SETS.items():
            results = [measured(sample(size, seed)) for seed in range(sets)]
            missed += row(sample.__name__, size, results)
    if crons is not None:
        for size, results in from_file(crons):
            row(crons.stem, size, results)
    missed += times()
    print("\nmisses its target: " + (", ".join(missed) or "no row"))


def measured(members: Sequence[Member]) -> Result:
    """Pack a set in each way."""
    *_, merging = merged([demand.shape for demand in demands(members, NOW)], SLOTS)
    return Result(
        floor=wakes_per_month([member.timetable for member in members], NOW),
        fewest=_wakes(fewest_wakes(members, SLOTS, NOW)),
        one=_wakes(one_poller(members, SLOTS, NOW)),
        merging=merging.total / UNITS_PER_MONTH,
    )


def row(sample: str, size: int, results: Sequence[Result]) -> list[str]:
    """Print a row and return its name if it misses its target."""
    ours = mean(result.fewest / result.floor for result in results)
    best = BEST_KNOWN.get((sample, size))
    target = "" if best is None else f"{best * LOSS:.3f}"
    met = best is None or ours <= best * LOSS
    print(
        f"{sample:<18}{size:>6,}{mean(result.floor for result in results):>8,.0f}{ours:>14.3f}"
        f"{mean(result.one / result.floor for result in results):>12.3f}"
        f"{mean(result.merging / result.floor for result in results):>9.3f}"
        f"{target:>8}{'' if best is None else 'yes' if met else 'no':>5}",
        flush=True,
    )
    return [] if met else [f"{sample} {size:,}"]


def from_file(path: Path) -> Iterable[tuple[int, list[Result]]]:
    """Yield the mean size and the results of the file's sets, by size."""
    sets: dict[str, list[Member]] = defaultdict(list)
    for number, line in enumerate(path.read_text().splitlines()):
        entry = json.loads(line)
        try:
            timetable = Timetable(parse_times(entry["cron"]), entry["timezone"])
        except CronError:
            continue  # an expression that this project refuses is not packed
        sets[entry["set"] or "single ones"].append(Member(f"s{number}", timetable))
    for low, high in ((1, 5), (6, 12), (13, 50), (51, 1000)):
        found = [members for members in sets.values() if low <= len(members) <= high]
        if found:
            yield round(mean(map(len, found))), [measured(members) for members in found]


def times() -> list[str]:
    """Print how long packing takes; return the rows that miss their target."""
    print(
        f"\nseconds of CPU\n{'sample':<18}{'size':>6}{'fewest-wakes':>14}{'one-poller':>12}"
        f"{'again, one added':>18}{'target':>8}"
    )
    missed = []
    for sample in (spread, in_zones, daily_and_weekly):
        for size, target in ((1_000, SECONDS_FOR_1000), (10_000, None)):
            members = sample(size, 1)
            fewest, slots = _timed(members)
            begun = time.process_time()
            one_poller(members, SLOTS, NOW)
            one = time.process_time() - begun
            added = Member("added", Timetable(parse_times("7 3 * * *"), "UTC"))
            again, _ = _timed([*members, added], slots)
            print(
                f"{sample.__name__:<18}{size:>6,}{fewest:>14.2f}{one:>12.2f}{again:>18.2f}"
                f"{'' if target is None else f'{target:.2f}':>8}"
            )
            if target is not None and fewest > target:
                missed.append(f"seconds of {sample.__name__} {size:,}")
    return missed


def _timed(
    members: Sequence[Member], deployed: Sequence[PackedSlot] = ()
) -> tuple[float, tuple[PackedSlot, ...]]:
    begun = time.process_time()
    slots = fewest_wakes(members, SLOTS, NOW, deployed)
    return time.process_time() - begun, slots


def _wakes(slots: Iterable[PackedSlot]) -> float:
    return sum(wakes_by_slot(slots, NOW).values())


if __name__ == "__main__":
    main()
