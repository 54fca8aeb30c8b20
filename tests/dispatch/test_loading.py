"""What a container of ours loads beside the client."""

from __future__ import annotations

import subprocess
import sys


def test_the_dispatcher_loads_nothing_of_others_but_the_client() -> None:
    loaded = _loaded_beside_modal("reconciler.dispatch.entrypoint")
    roots = {name.partition(".")[0] for name in loaded}
    assert roots - sys.stdlib_module_names == {"reconciler"}


def test_a_container_does_not_begin_by_loading_what_few_wakes_need() -> None:
    loaded = _loaded_beside_modal("reconciler.dispatch.entrypoint")
    assert "reconciler.dispatch.stored_generation" in loaded
    assert {
        "reconciler.alerts",
        "reconciler.cron.advice",
        "reconciler.cron.covers",
        "reconciler.dispatch.agenda_writing",
        "reconciler.dispatch.call_results",
        "reconciler.dispatch.delivery",
        "reconciler.dispatch.due_tasks",
        "reconciler.dispatch.fakes",
        "reconciler.dispatch.housekeeping",
        "reconciler.dispatch.notices",
        "reconciler.dispatch.overdue",
        "reconciler.dispatch.recovery",
        "reconciler.dispatch.supervision",
        "reconciler.dispatch.tasks",
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
