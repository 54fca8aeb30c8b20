"""How the process of a command ends."""

from __future__ import annotations

import subprocess
import sys

COMMAND = """
import atexit
from reconciler.cli import main as entry

class Made:
    def __del__(self):
        print("freed")

def call(_):
    entry.made = Made()
    atexit.register(print, "closed")
    print("result")
    return 3

entry.call = call
entry.main([])
"""


def test_it_ends_with_its_code_when_libraries_have_closed_and_frees_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMMAND], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "result\nclosed\n", "")
