"""What a container of ours loads beside the client."""

from __future__ import annotations

import subprocess
import sys


def test_the_dispatcher_loads_nothing_of_others_but_the_client() -> None:
    loaded = _loaded_beside_modal("reconciler.dispatch.wake.entrypoint")
    roots = {name.partition(".")[0] for name in loaded}
    assert roots - sys.stdlib_module_names == {"reconciler"}


def test_what_a_container_begins_by_loading_takes_a_third_of_what_the_client_takes() -> None:
    """As in a fresh container, without bytecode. Processor time: a busy machine is no failure."""
    program = (
        "import sys, time\n"
        "sys.pycache_prefix, sys.dont_write_bytecode = sys.argv[1], True\n"
        "began = time.process_time()\n"
        "import modal\n"
        "client = time.process_time()\n"
        "import reconciler.dispatch.wake.entrypoint\n"
        "print((time.process_time() - client) / (client - began))\n"
    )
    nowhere = "/dev/null/bytecode"
    done = subprocess.run([sys.executable, "-c", program, nowhere], check=True, capture_output=True)
    assert float(done.stdout) <= 0.35


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
