"""Compare occurrences with cronsim's over many cases, every changing zone among them.

Run by `python -m benchmarks.cron_oracle [COUNT] [SEED]` from the project root. Exit code 1 when
there is a difference.
"""

from __future__ import annotations

import sys
import time

from tests.cron.oracle import actual, cases, changing_zones, expected, missteps


def main(count: int, seed: int) -> int:
    """Print what was compared and every difference; return how many there are."""
    started = time.process_time()
    differences = compared = on_local_clock = 0
    zones = set()
    for case in cases(seed, count):
        zones.add(case.zone)
        on_local_clock += missteps(case)
        wanted = expected(case)
        compared += len(wanted)
        found = actual(case)
        if found != wanted:
            differences += 1
            print(f"difference: {case}: cronsim {wanted}, here {found}")
    print(f"cases                         {count:>9,}  (seed {seed})")
    print(f"occurrences compared          {compared:>9,}")
    print(f"zones                         {len(zones):>9,}  of {len(changing_zones()):,} changing")
    print(f"cronsim read on local clock   {on_local_clock:>9,}")
    print(f"differences                   {differences:>9,}")
    print(f"CPU seconds                   {time.process_time() - started:>9.1f}")
    return differences


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(bool(main(*(arguments + [200_000, 1][len(arguments) :]))))
