"""Wakes of both packings beside the floor, greedy merging and a poller that wakes every minute.

Run by `python -m benchmarks.packing [--crons FILE]` from the project root. FILE adds sets from a
file of JSON lines, each with `cron`, `timezone` and `set`.

All figures but times are multiples of the floor, the distinct minutes in which something is due:
mean and worst of the seeded sets, with five slots. *Proved* counts the sets for which an exact
search could bound what any five crons need, however schedules are divided among them by weekdays
and times, and how far the worst of these is above the bound. *Over 5 %* counts the sets that wake
more than 1.05 times the floor, and for how many of them every five crons do. Times are those of the
processor.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import TypeVar

from benchmarks.packing_bound import Search
from benchmarks.packing_greedy import greedy
from benchmarks.packing_samples import as_written, in_zones, spread
from reconciler.cron import CronError, Timetable, minute, parse_times
from reconciler.pack import (
    EVERY_MINUTE,
    Member,
    PackedSlot,
    fewest_wakes,
    one_poller,
    wakes_by_slot,
    wakes_per_month,
)
from reconciler.pack.demand import demands
from reconciler.pack.horizon import horizon
from reconciler.pack.load import loads
from reconciler.pack.pieces import cut_up
from reconciler.pack.shape import UNITS_PER_MONTH
from reconciler.pack.solo_choice import WORK, best_solos, total_cost

Value = TypeVar("Value")
NOW = minute(datetime(2026, 11, 20, tzinfo=UTC))
SLOTS = 5
SIZES = ((8, 100), (12, 100), (20, 100), (50, 50), (100, 20), (200, 10), (1000, 5))
PROOF_NODES = 6_000
PROOF_PIECES = 240
GAPS = (0.0, 0.01, 0.02, 0.05, 0.1)
LIMIT = 1.05
ROUNDING = 0.999
"""Wakes are counted over one year, costs over the whole calendar: they differ by less than this."""
MORE_WORK = 10
TYPICAL = (
    *("0 6 * * *", "0 * * * *", "0 9 * * 1"),
    *("*/5 * * * *", "0 */2 * * *", "0 3 * * *"),
)
HEADER = (
    f"{'schedules':>9} {'sets':>4} {'floor':>6}  {'fewest-wakes':>13}  {'one-poller':>13}  "
    f"{'greedy':>13} {'every min':>9}  {'proved: gap':>12} {'over 5 %':>9} {'ms':>6}"
)


@dataclass(frozen=True, slots=True)
class Result:
    """One set: wakes per month, what could be proved, and seconds for both packings.

    Attributes:
        gap: how far fewest-wakes is above a bound for any crons, None without one.
        unavoidable: whether no crons stay within the limit; None where it is kept.
    """

    floor: float
    fewest: float
    one: float
    greedy: float
    gap: float | None
    unavoidable: bool | None
    seconds: float


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crons", type=Path, help="JSON lines with cron, timezone and set")
    crons = parser.parse_args().crons
    _typical()
    for sample in (as_written, spread, in_zones):
        print(f"\n{sample.__name__.replace('_', ' ')}, {SLOTS} slots\n{HEADER}")
        for count, sets in SIZES:
            _row(count, [_measured(sample(count, seed)) for seed in range(sets)])
    if crons is not None:
        _from_file(crons)
    _one_poller_effort()
    _scale()


def _typical() -> None:
    members = [Member(f"s{n}", _timetable(text, "UTC")) for n, text in enumerate(TYPICAL)]
    result = _measured(members)
    print(
        f"six typical schedules, {SLOTS} slots, wakes per month: floor {result.floor:,.0f}, "
        f"fewest-wakes {result.fewest:,.0f}, one-poller {result.one:,.0f}, "
        f"every minute {EVERY_MINUTE:,}"
    )


def _measured(members: Sequence[Member]) -> Result:
    begun = time.process_time()
    fewest = fewest_wakes(members, SLOTS, NOW)
    one = one_poller(members, SLOTS, NOW)
    seconds = time.process_time() - begun
    floor = wakes_per_month([member.timetable for member in members], NOW)
    wakes = _wakes(fewest)
    over = wakes > floor * LIMIT
    return Result(
        floor=floor,
        fewest=wakes,
        one=_wakes(one),
        greedy=greedy(members, SLOTS, NOW) / UNITS_PER_MONTH,
        gap=_gap(members, wakes, floor),
        unavoidable=_proved(members, floor * LIMIT) if over else None,
        seconds=seconds,
    )


def _gap(members: Sequence[Member], wakes: float, floor: float) -> float | None:
    if wakes * ROUNDING <= floor:
        return 0.0
    return next((gap for gap in GAPS if _proved(members, wakes / (1 + gap))), None)


def _proved(members: Sequence[Member], wakes: float) -> bool:
    """Whether it can be proved that no crons, as many as there are slots, wake less often."""
    each = demands(members, horizon(NOW))
    pieces = cut_up(each, loads(each, delay=False))
    if pieces is None or len(pieces.each) > PROOF_PIECES:
        return False
    limit = int(wakes * ROUNDING * UNITS_PER_MONTH)
    return Search(pieces.each, SLOTS, PROOF_NODES).below(limit) is False


def _row(count: int, results: Sequence[Result]) -> None:
    gaps = [result.gap for result in results if result.gap is not None]
    proved = f"{len(gaps)}: {max(gaps):.0%}" if gaps else "-"
    over = [result.unavoidable for result in results if result.unavoidable is not None]
    print(
        f"{count:>9} {len(results):>4} {mean(result.floor for result in results):>6.0f}  "
        f"{_multiples(results, lambda result: result.fewest)}  "
        f"{_multiples(results, lambda result: result.one)}  "
        f"{_multiples(results, lambda result: result.greedy)} "
        f"{mean(EVERY_MINUTE / result.floor for result in results):>9.2f}  "
        f"{proved:>12} {f'{len(over)}: {sum(over)}':>9} "
        f"{max(result.seconds for result in results) * 1000:>6.0f}",
        flush=True,
    )


def _multiples(results: Sequence[Result], wakes: Callable[[Result], float]) -> str:
    multiples = [wakes(result) / result.floor for result in results]
    return f"{mean(multiples):>6.3f} {max(multiples):>6.3f}"


def _from_file(path: Path) -> None:
    sets: dict[str, list[Member]] = defaultdict(list)
    for number, line in enumerate(path.read_text().splitlines()):
        row = json.loads(line)
        try:
            timetable = _timetable(row["cron"], row["timezone"])
        except CronError:
            continue  # what this project refuses, nobody has to pack
        sets[row["set"] or "single ones"].append(Member(f"s{number}", timetable))
    print(f"\nsets of {path.name}, {SLOTS} slots\n{HEADER}")
    for low, high in ((1, 5), (6, 12), (13, 50), (51, 1000)):
        found = [members for members in sets.values() if low <= len(members) <= high]
        if found:
            _row(round(mean(map(len, found))), [_measured(members) for members in found])


def _one_poller_effort() -> None:
    print(f"\none-poller, spread: cost as a multiple of that found with {MORE_WORK} times the work")
    for count in (50, 100, 200):
        for slots in (5, 10, 20):
            multiples = []
            for seed in range(3):
                each = demands(spread(count, seed), horizon(NOW))
                found, best = (
                    total_cost(each, best_solos(each, slots - 1, work))
                    for work in (WORK, MORE_WORK * WORK)
                )
                multiples.append(found / min(found, best))
            print(f"{count:>6} schedules {slots:>3} slots  worst {max(multiples):.4f}", flush=True)


def _scale() -> None:
    print("\nseconds     fewest-wakes  one-poller  again, one added  floor   peak MiB")
    for count in (1_000, 10_000):
        for sample in (spread, in_zones):
            members = sample(count, 1)
            first, fewest = _timed(fewest_wakes, members, SLOTS, NOW)
            one, _ = _timed(one_poller, members, SLOTS, NOW)
            more = [*members, Member("added", _timetable("7 3 * * *", "UTC"))]
            again, _ = _timed(fewest_wakes, more, SLOTS, NOW, fewest)
            timetables = [member.timetable for member in members]
            floor, _ = _timed(wakes_per_month, timetables, NOW)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{count:>6,} {sample.__name__:<8} {first:>8.2f} {one:>11.2f} {again:>17.2f} "
                f"{floor:>6.2f} {peak:>10.0f}"
            )


def _timed(pack: Callable[..., Value], *arguments: object) -> tuple[float, Value]:
    begun = time.process_time()
    value = pack(*arguments)
    return time.process_time() - begun, value


def _wakes(slots: Iterable[PackedSlot]) -> float:
    return sum(wakes_by_slot(slots, NOW).values())


def _timetable(text: str, zone: str) -> Timetable:
    return Timetable(parse_times(text), zone)


if __name__ == "__main__":
    main()
