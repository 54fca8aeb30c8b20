"""``reconcile doctor`` on the engine, and its probe."""

from __future__ import annotations

import json

from tests.end_to_end.project import Project

PROBE = """
import asyncio, json
from reconciler.deploy.probe import Probe
print(json.dumps(asyncio.run(Probe("scratch", "main", long_call=2).run(lambda question: None))))
"""


def test_the_engine_is_examined_and_probed_and_the_scratch_app_is_gone(project: Project) -> None:
    project.hourly("a")
    project.applied()
    done = project.reconcile("doctor", "--format", "json")
    assert (done.code, done.json["well"]) == (0, True), done.out + done.err
    found = {check["what"]: check["found"] for check in done.json["checks"]}
    assert found["manifests"] == "1 schedule in 1 file; 1 in local"
    assert found["crons"].startswith("1 cron of 5: 1 of schedule-reconciler")
    script = project.root / "probe.py"
    script.write_text(PROBE)
    probed = json.loads(project.engine.python(str(script)))
    assert probed["start"]["warm_seconds"] >= 0
    assert probed["redeploy"] == {"call_survives": True}
    assert probed["idempotency"] == {"starts_twice": False}
    assert probed["volume"] == {"before": "old", "made_anew": "old"}
    assert "reached limit of 5 cron jobs" in probed["cron_limit"]["refusal"]
    left = project.in_modal(
        """
        import modal
        from modal.types import AppState
        main = modal.Environment.from_name("main")
        apps = [app.info() for app in main.apps.list()]
        volumes = [volume.name for volume in modal.Volume.objects.list()]
        deployed = [
            app.description for app in apps if app.lifecycle.state is AppState.DEPLOYED
        ]
        answer = [name for name in (*deployed, *volumes) if name == "scratch"]
        """
    )
    assert left == []


def test_modal_is_found_beside_reconcile_where_it_is_not_on_the_path(project: Project) -> None:
    done = project.reconcile("engine", "exec", "modal", "app", "list", PATH="/usr/bin:/bin")
    assert done.code == 0, done.out + done.err
