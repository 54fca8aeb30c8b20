"""The commands of the engine's page, in one shell as a person would type them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.console import shown_in
from tests.github.runner import ROOT

MY_APP = """
import modal

app = modal.App("my-app")


@app.function(serialized=True)
def work() -> None:
    print("done")
"""
SHOP = """
import modal

app = modal.App("shop")


@app.function(serialized=True)
@modal.fastapi_endpoint()
def pages() -> str:
    return "hello"
"""
A_PERSON_IS_SLOWER = (
    "until python -m reconciler.engine env > /dev/null 2>&1; do sleep 0.1; kill -0 $!; done"
)


def test_the_commands_of_the_engines_page_work_as_shown(tmp_path: Path) -> None:
    (tmp_path / "my_app.py").write_text(MY_APP)
    (tmp_path / "shop.py").write_text(SHOP)
    first, *others = [shown.command for shown in shown_in(ROOT / "docs" / "engine.md")]
    assert first.startswith("python -m reconciler.engine serve &")
    script = [first, "trap 'kill $!; wait' EXIT", A_PERSON_IS_SLOWER, *others]
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(script)],
        cwd=tmp_path,
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "App deployed" in done.stdout
    assert '"hello"' in done.stdout
