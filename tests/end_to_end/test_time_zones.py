"""Local times are those of the package `tzdata`, whatever zone files the system keeps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.project import Project
from tests.engine_fixture import RunningEngine
from tests.system_zones import ELSEWHERE, VANCOUVER_2025, write_system_zones

MANIFEST = """
name: vancouver-morning
schedule: "0 9 * * *"
timezone: America/Vancouver
function: clock/tick
args: {occurrence: "${occurrence.id}"}
deadline: 6h
"""
CLOCK = """
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import modal

app = modal.App("clock", image=modal.Image.debian_slim())
marks = modal.Dict.from_name("marks", create_if_missing=True)


@app.function()
def tick(occurrence: str) -> None:
    now = datetime(2036, 12, 1, 12, tzinfo=UTC).astimezone(ZoneInfo("America/Vancouver"))
    marks.put(occurrence, f"{occurrence} where the system's offset is {now:%z}")
"""
DUE = """
from datetime import UTC, datetime
from modal_proto import api_pb2
from reconciler.engine.crons import Scheduled, due
cron = api_pb2.Schedule.Cron(cron_string="0 9 * * *", timezone="America/Vancouver")
fires = Scheduled("tick", api_pb2.Schedule(cron=cron), 0.0)
for hour in (16, 17):
    at = datetime(2036, 12, 1, hour, tzinfo=UTC).timestamp()
    print(hour, list(due([fires], at - 1, at)))
"""
CLIENT = """
import zoneinfo
from datetime import datetime
before = zoneinfo.TZPATH, zoneinfo.ZoneInfo("America/Vancouver")
import reconciler.client
from reconciler.cron import Timetable, parse, tzinfo_named
tzinfo_named("America/Vancouver")
Timetable((parse("0 9 * * *"),), "America/Vancouver").next(0)
assert (zoneinfo.TZPATH, zoneinfo.ZoneInfo("America/Vancouver")) == before
print(datetime(2027, 1, 15, 12, tzinfo=before[1]).strftime("%z"))
"""


def run(folder: Path, *command: str, zones: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, with those zone files as the system's."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "PYTHONTZPATH": "" if zones is None else str(zones),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(params=[ELSEWHERE, VANCOUVER_2025], ids=["another", "an older"])
def zones(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The system's zone files: of no edition, and of one older than the package."""
    return write_system_zones(tmp_path / "zoneinfo", request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "vancouver.yaml").write_text(MANIFEST)
    return tmp_path


@pytest.mark.parametrize("form", [(), ("--format", "json"), ("--ics", "-")])
def test_next_does_not_depend_on_the_systems_files(
    folder: Path, zones: Path, form: tuple[str, ...]
) -> None:
    command = ("-m", "reconciler", "next", "--after", "2027-01-15T00:00Z", *form)
    shown = run(folder, *command, zones=zones).stdout
    assert shown == run(folder, *command).stdout
    assert "20270115T160000Z" in shown or "2027-01-15T16:00Z" in shown


def test_the_engine_fires_at_the_packages_time(tmp_path: Path, zones: Path) -> None:
    assert run(tmp_path, "-c", DUE, zones=zones).stdout == "16 ['tick']\n17 []\n"


def test_a_program_with_the_client_library_keeps_its_own_zones(tmp_path: Path) -> None:
    zones = write_system_zones(tmp_path / "zoneinfo", ELSEWHERE)
    assert run(tmp_path, "-c", CLIENT, zones=zones).stdout == "+0545\n"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Project]:
    """A project whose engine, containers and command line have other system zone files."""
    zones = write_system_zones(tmp_path / "zoneinfo", ELSEWHERE)
    started = tmp_path / "started"
    started.mkdir()
    # A container gets no variable of the engine's; what every interpreter runs at its start does.
    (started / "sitecustomize.py").write_text(
        f"import os\nos.environ['PYTHONTZPATH'] = {str(zones)!r}\n"
    )
    root = tmp_path / "project"
    (root / "schedules").mkdir(parents=True)
    (root / "schedules" / "vancouver.yaml").write_text(MANIFEST)
    (root / "clock.py").write_text(CLOCK)
    paths = os.pathsep.join([str(started), *sys.path])
    engine = RunningEngine(
        root / ".reconciler" / "engine", ("--firing", "request"), paths=paths
    ).start()
    engine.modal("deploy", str(root / "clock.py"))
    yield Project(root, engine)
    engine.stop()


def reconcile(project: Project, *arguments: str) -> str:
    zones = project.root.parent / "zoneinfo"
    return run(project.root, "-m", "reconciler", *arguments, zones=zones).stdout


def test_a_container_wakes_and_runs_at_the_packages_time(elsewhere: Project) -> None:
    plan = json.loads(reconcile(elsewhere, "--dry-run", "--format", "json"))
    (effect,) = plan["effects"]
    assert {time[-6:] for time in effect["after"]} == {"16:00Z"}
    reconcile(elsewhere, "--yes")
    assert "Nothing to do" in reconcile(elsewhere, "--dry-run")
    reconcile(elsewhere, "wake", "--at", "2036-12-01T15:59Z", "--wait")
    assert elsewhere.marks() == []
    reconcile(elsewhere, "wake", "--at", "2036-12-01T16:00Z", "--wait")
    reconcile(elsewhere, "wake", "--at", "2036-12-01T17:00Z", "--wait")
    assert elsewhere.marks() == [
        "vancouver-morning@2036-12-01T16:00Z where the system's offset is +0545"
    ]
    assert "vancouver-morning" in reconcile(elsewhere, "status")
