"""Runs with resources of their own, of functions that others have deployed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.project import Project

NINE = "2036-12-01T09:00Z"
APP = """
import modal, os
from pathlib import Path
app = modal.App("lab")
image = modal.Image.debian_slim()

def found():
    shelf = Path("/shelf")
    return [os.environ.get("MODE"), os.environ.get("TOKEN"), shelf.is_dir()]

@app.function(image=image)
def look():
    return found()

@app.cls(image=image)
class Station:
    @modal.method()
    def look(self):
        return found()
"""
MANIFESTS = """
name: bare
schedule: "0 * * * *"
function: lab/look
---
name: equipped
schedule: "0 * * * *"
function: lab/look
resources: {cpu: 2, memory: 4Gi, gpu: L4, env: {MODE: fast}, secrets: [{name: lab, keys: [TOKEN]}]}
---
name: supervised
schedule: "0 * * * *"
function: lab/Station.look
retries: 1
resources: {env: {MODE: slow}, volumes: {/shelf: shelf}}
---
name: without
schedule: "0 * * * *"
function: lab/look
resources: {secrets: [missing]}
"""


@pytest.fixture
def lab(project: Project, tmp_path: Path) -> Project:
    app = tmp_path / "lab.py"
    app.write_text(APP)
    project.engine.modal("deploy", str(app))
    project.engine.modal("secret", "create", "lab", "TOKEN=swordfish")
    project.engine.modal("volume", "create", "shelf")
    project.write("lab.yaml", MANIFESTS)
    project.applied()
    return project


def test_each_schedule_runs_with_its_own_and_nothing_is_deployed(lab: Project) -> None:
    lab.reconcile("wake", "--at", NINE, "--wait")
    runs = {run["name"]: run for run in lab.reconcile("runs", "--format", "json").json["runs"]}
    results = {name: json.loads(run["result"] or "null") for name, run in runs.items()}
    assert results["bare"] == [None, None, False]
    assert results["equipped"] == ["fast", "swordfish", False]
    assert results["supervised"] == ["slow", None, True]
    assert runs["without"]["state"] == "start-failed"
    assert "missing" in runs["without"]["reason"]
    assert "v2" not in lab.engine.modal("app", "history", "lab")
    shown = lab.reconcile("runs", f"equipped@{NINE}").out
    assert "with     cpu 2, memory 4Gi, gpu L4, env MODE, secrets lab" in shown
    assert "with" not in lab.reconcile("runs", f"bare@{NINE}").out
    changed = MANIFESTS.replace("cpu: 2", "cpu: 4")
    lab.write("lab.yaml", changed)
    plan = lab.reconcile("--dry-run").out
    assert "equipped" in plan
    assert '"cpu": 2' in plan
    assert '"cpu": 4' in plan
