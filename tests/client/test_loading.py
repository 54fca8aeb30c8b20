"""The client is light: it is imported inside other people's functions."""

from __future__ import annotations

import subprocess
import sys

IMPORT = """
import sys, modal
before = set(sys.modules)
import reconciler.client
more = {name.partition(".")[0] for name in sys.modules.keys() - before}
print(*sorted(more - set(sys.stdlib_module_names)))
"""


def test_the_client_needs_modal_and_the_standard_library_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["reconciler"]
