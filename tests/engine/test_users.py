"""The engine as an ordinary user, and as a root that may not mount."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import reconciler
from tests.engine.conftest import SAMPLE
from tests.engine_fixture import RunningEngine

NOBODY = 65534
ORDINARY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
POWERLESS = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin")
PATHS = f"{Path(reconciler.__file__).parents[1]}:{sysconfig.get_path('purelib')}"

PROBE = """
import subprocess, sys
import modal_proto.api_pb2, reconciler.engine
subprocess.run([sys.executable, "-c", ""], check=True)
"""
LOOK = """
import modal
at = lambda name: modal.Function.from_name("sample", name)
seen = at("surroundings").remote()
print(seen["file"], seen["HOME"], seen["cwd"])
print(at("write").remote("by-user", "x"), at("read").remote("by-user", reload=True))
"""

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root to become another"
)


def interpreter_for(prefix: tuple[str, ...]) -> str:
    """A Python that the other user may run and that finds modal."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, shutil.which(name, path="/usr/bin:/usr/local/bin")):
        if python is None:
            continue
        tried = subprocess.run(
            [*prefix, python, "-c", PROBE],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": PATHS},
            capture_output=True,
            check=False,
            cwd="/",
        )
        if tried.returncode == 0:
            return python
    pytest.skip("no Python that this user may run")


@pytest.fixture(params=[ORDINARY, POWERLESS], ids=["ordinary", "root that may not mount"])
def theirs(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    prefix = request.param
    python = interpreter_for(prefix)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SAMPLE, folder)
        if prefix is ORDINARY:
            os.chown(folder, NOBODY, NOBODY)
        state = Path(folder, "state")
        state.mkdir()
        os.chown(state, Path(folder).stat().st_uid, -1)
        engine = RunningEngine(state, interpreter=(*prefix, python), paths=PATHS)
        yield engine.start()
        engine.stop()


def test_functions_run_at_their_real_paths(theirs: RunningEngine) -> None:
    theirs.modal("deploy", str(theirs.state.parent / SAMPLE.name))
    shown = theirs.python("-c", LOOK).splitlines()
    assert shown == ["/root/sample_app.py /root /root", "['by-user'] x"]
