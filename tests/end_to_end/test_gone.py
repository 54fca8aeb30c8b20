"""What is deleted or stopped behind the project's back, on the engine and by the real commands."""

from __future__ import annotations

import re

from tests.end_to_end.project import Project

NINE = "2036-12-01T09:00Z"

_DELETE_VOLUME = """
import modal
modal.Volume.objects.delete("schedule-reconciler")
modal.Volume.objects.create("schedule-reconciler")
answer = None
"""
_REMOVE_GENERATION = """
import modal
volume = modal.Volume.from_name("schedule-reconciler")
for entry in volume.listdir("generations"):
    volume.remove_file(entry.path)
answer = None
"""


def test_a_volume_that_was_made_again_is_seen_by_status_wake_and_plan_and_repaired(
    project: Project,
) -> None:
    project.hourly("a")
    project.hourly("kept", protect="true")
    project.applied()
    assert project.reconcile("status").code == 0
    project.in_modal(_DELETE_VOLUME)

    status = project.reconcile("status")
    assert status.code == 1
    assert "volume schedule-reconciler was deleted and made again" in status.err
    wake = project.reconcile("wake", "--at", NINE, "--wait")
    assert wake.code == 1
    assert re.search(
        r"volume schedule-reconciler: was deleted and made again, and the deployed functions hold "
        r"the old one \(vo-\w+\): no schedule runs\n  Run reconcile, which repairs it\.",
        wake.err,
    ), wake
    assert "status.modal.com" not in wake.err
    for command in (
        ["history"],
        ["runs"],
        ["trigger", "a"],
        ["wake", "--dry-run"],
        ["explain", "a"],
    ):
        lost = project.reconcile(*command)
        assert lost.code == 1, lost
        assert "was deleted and made again" in lost.err
        assert "othing was applied" not in lost.out + lost.err
    planned = project.reconcile("--dry-run", "--detailed-exitcode")
    assert planned.code == 2
    assert "its tasks and its history are lost" in planned.out

    project.hourly("b")
    refused = project.reconcile("--yes")
    assert refused.code == 3
    assert "kept is protected and its manifest is gone" in refused.err
    project.hourly("kept", protect="true")
    project.applied()
    again = project.reconcile("--dry-run", "--detailed-exitcode")
    assert again.code == 0, again.out
    project.reconcile("wake", "--at", NINE, "--wait")
    assert project.marks() == [f"kept@{NINE}"]
    assert project.reconcile("status").code == 0


def test_status_names_a_generation_that_was_removed_and_the_next_apply_rebuilds_it(
    project: Project,
) -> None:
    project.hourly("a")
    project.applied()
    project.in_modal(_REMOVE_GENERATION)
    status = project.reconcile("status")
    assert status.code == 1
    assert "was removed: no schedule runs" in status.err
    project.applied()
    assert project.reconcile("status").code == 0


def test_status_names_who_stopped_the_app_and_when(project: Project) -> None:
    project.hourly("a")
    project.applied()
    project.engine.modal("app", "stop", "schedule-reconciler", "--yes")
    status = project.reconcile("status")
    assert status.code == 1
    assert re.search(
        r"app schedule-reconciler is not deployed: it was stopped by engine at \d{4}-", status.out
    )
    assert "All is well" not in status.out


def test_status_says_that_the_embedded_engine_is_not_running(project: Project) -> None:
    project.hourly("a")
    project.applied()
    project.engine.stop()
    status = project.reconcile("status")
    assert status.code == 1
    assert "embedded engine is not running: no cron fires" in status.out
    assert "Start it: reconcile engine" in status.out
