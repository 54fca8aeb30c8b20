"""What a question loads: people wait for it at every call."""

from __future__ import annotations

import subprocess
import sys

_LOADED = """
import sys
import reconciler.cli.connection, reconciler.cli.status
import reconciler.query.deployment_drift, reconciler.query.live, reconciler.query.runs
print("\\n".join(sys.modules))
"""


def test_a_question_loads_nothing_that_packs_plans_or_applies() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = (
        "reconciler.pack",
        "reconciler.plan.plan",
        "reconciler.deploy.apply",
        "git",
        "croniter",
    )
    packages = tuple(f"{name}." for name in heavy)
    assert not [name for name in loaded if name in heavy or name.startswith(packages)]
