"""A wake on the embedded engine, with 1 and with 200 due: time, and calls to Modal."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.end_to_end.project import Project

NINE = "2026-11-30T09:00Z"
COUNTED = ("DictUpdate", "DictGet", "FunctionMap")
"""The calls that a wake makes per occurrence; the others it makes once."""


def measure(count: int) -> None:
    """Apply so many schedules, wake for all of them, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project.create(Path(folder))
        try:
            project.hourly(*(f"s{number:03}" for number in range(count)))
            project.applied()
            project.in_modal(_WAKE.format(at="2026-11-30T08:00Z"))
            project.engine.forget_calls()
            began = time.perf_counter()
            seconds = float(project.in_modal(_WAKE.format(at=NINE)))
            whole = time.perf_counter() - began
            calls = project.engine.calls()
        finally:
            project.engine.stop()
    # The targets leave a mark each, and the client calls us: those are not ours.
    own = sum(calls.get(name, 0) for name in COUNTED) - count - 1
    print(f"{count:4} due: {seconds * 1000:7.0f} ms for the wake's call, {whole:.2f} s with client")
    print(
        f"          {own / count:.2f} calls per occurrence, those once per wake included; {calls}"
    )


_WAKE = """
import time
import modal
wake = modal.Function.from_name("schedule-reconciler", "on_demand")
began = time.perf_counter()
wake.remote(as_if="{at}")
answer = time.perf_counter() - began
"""


def main() -> None:
    """With 1 and with 200 due."""
    for count in (1, 200):
        measure(count)


if __name__ == "__main__":
    main()
