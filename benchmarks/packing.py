"""Wakes of both packings as multiples of the floor, and the time that packing takes.

`python -m benchmarks.packing --crons FILE` takes the sets from a file of JSON lines, each with
`cron`, `timezone` and `set`.

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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Final, TypeVar

from benchmarks.packing_samples import as_written, daily, daily_and_weekly, in_zones, spread
from benchmarks.rows import Row, run
from reconciler.cron import CronError, Timetable, minute, parse_times
from reconciler.pack import Member, PackedSlot, fewest_wakes, one_poller, wakes_by_slot
from reconciler.pack.demand import demands
from reconciler.pack.groups import Groups, merged
from reconciler.pack.shape import UNITS_PER_MONTH
from reconciler.pack.slots import wakes_per_month

T = TypeVar("T")

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
DAILY: Final = (200, 0.5)
"""Daily schedules at random minutes, and the seconds that packing them may take."""


def rows() -> Iterator[Row]:
    """Wakes, then seconds."""
    for sample in (as_written, spread, in_zones, daily_and_weekly):
        for size, sets in SETS.items():
            results = [measured(sample(size, seed)) for seed in range(sets)]
            yield from wakes_rows(sample.__name__, size, results)
    yield from times()


@dataclass(frozen=True, slots=True)
class Result:
    """One set: wakes per month."""

    floor: float
    fewest: float
    one: float
    merging: float


def measured(members: Sequence[Member]) -> Result:
    """Pack a set in each way."""
    return Result(
        floor=wakes_per_month([member.timetable for member in members], NOW),
        fewest=_wakes(fewest_wakes(members, SLOTS, NOW)),
        one=_wakes(one_poller(members, SLOTS, NOW)),
        merging=_merge(members).total / UNITS_PER_MONTH,
    )


def wakes_rows(sample: str, size: int, results: Sequence[Result]) -> Iterator[Row]:
    """The mean of the sets in each packing, as multiples of the floor."""
    merging = mean(result.merging / result.floor for result in results)
    best = BEST_KNOWN.get((sample, size))
    for packing, ours, target in (
        ("fewest-wakes", mean(result.fewest / result.floor for result in results), best),
        ("one-poller", mean(result.one / result.floor for result in results), None),
    ):
        yield Row(
            f"{packing}, {size:,} {sample}, wakes by the floor",
            ours,
            "",
            "merging",
            merging,
            at_most=None if target is None else target * LOSS,
        )


def from_file(path: Path) -> Iterator[Row]:
    """The sets of a file, by size."""
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
            results = [measured(members) for members in found]
            yield from wakes_rows(path.stem, round(mean(map(len, found))), results)


def times() -> Iterator[Row]:
    """Processor seconds of packing, and of packing again with one schedule more."""
    samples = [
        (sample, size, seconds)
        for sample in (spread, in_zones, daily_and_weekly)
        for size, seconds in ((1_000, SECONDS_FOR_1000), (10_000, None))
    ]
    for sample, size, target in [(daily, *DAILY), *samples]:
        members = sample(size, 1)
        merging, _ = _timed(partial(_merge, members))
        fewest, slots = _timed(partial(fewest_wakes, members, SLOTS, NOW))
        one, _ = _timed(partial(one_poller, members, SLOTS, NOW))
        added = Member("added", Timetable(parse_times("7 3 * * *"), "UTC"))
        again, _ = _timed(partial(fewest_wakes, [*members, added], SLOTS, NOW, slots))
        for what, seconds in (("", fewest), (", again with one added", again)):
            name = f"fewest-wakes, {size:,} {sample.__name__}{what}"
            yield Row(name, seconds, "s", "merging", merging, at_most=target)
        yield Row(f"one-poller, {size:,} {sample.__name__}", one, "s", "merging", merging)


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


def _merge(members: Sequence[Member]) -> Groups:
    """Merge until there are few enough slots."""
    *_, last = merged([demand.shape for demand in demands(members, NOW)], SLOTS)
    return last


def _wakes(slots: Iterable[PackedSlot]) -> float:
    return sum(wakes_by_slot(slots, NOW).values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crons", type=Path, help="measure the sets of this file instead")
    crons, _ = parser.parse_known_args()
    run(rows if crons.crons is None else partial(from_file, crons.crons))
