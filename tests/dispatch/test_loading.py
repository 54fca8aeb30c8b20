"""What a container of ours loads beside the client."""

from __future__ import annotations

import subprocess
import sys


def test_the_dispatcher_loads_nothing_of_others_but_the_client() -> None:
    loaded = _loaded_beside_modal("reconciler.dispatch.wake.entrypoint")
    roots = {name.partition(".")[0] for name in loaded}
    assert roots - sys.stdlib_module_names == {"reconciler"}


def test_a_container_does_not_begin_by_loading_what_few_wakes_need() -> None:
    loaded = _loaded_beside_modal("reconciler.dispatch.wake.entrypoint")
    assert "reconciler.model.stored_generation" in loaded
    assert {
        "reconciler.alerts",
        "reconciler.cron.advice",
        "reconciler.cron.covers",
        "reconciler.model.agenda_writing",
        "reconciler.dispatch.adapters.call_results",
        "reconciler.dispatch.wake.sending",
        "reconciler.dispatch.wake.tasks",
        "reconciler.dispatch.adapters.fakes",
        "reconciler.dispatch.wake.housekeeping",
        "reconciler.dispatch.decide.notifications",
        "reconciler.dispatch.decide.overdue",
        "reconciler.dispatch.decide.recovery",
        "reconciler.dispatch.wake.supervision",
        "reconciler.model.task",
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
