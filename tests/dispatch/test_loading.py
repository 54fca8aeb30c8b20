"""What a container of ours loads beside the client."""

from __future__ import annotations

import subprocess
import sys


def test_the_dispatcher_loads_nothing_of_others_but_the_client() -> None:
    loaded = _loaded_beside_modal("reconciler.dispatch.entrypoint")
    roots = {name.partition(".")[0] for name in loaded}
    assert roots - sys.stdlib_module_names == {"reconciler"}


def test_a_wake_does_not_load_what_only_planning_and_watching_need() -> None:
    loaded = _loaded_beside_modal("reconciler.dispatch.entrypoint")
    assert "reconciler.dispatch.stored_generation" in loaded
    assert {
        "reconciler.cron.advice",
        "reconciler.cron.covers",
        "reconciler.dispatch.agenda_writing",
        "reconciler.dispatch.fakes",
        "reconciler.dispatch.supervision",
    }.isdisjoint(loaded)


def _loaded_beside_modal(module: str) -> set[str]:
    program = (
        "import sys, modal\n"
        "before = set(sys.modules)\n"
        f"import {module}\n"
        "print(*(set(sys.modules) - before))\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return set(done.stdout.split())
