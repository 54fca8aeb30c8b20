"""``reconcile completion``: a script with which a shell completes commands and options."""

from __future__ import annotations

import shtab

from reconciler.cli.options.parser import parser


def main(*, shell: str) -> int:
    """Print the script. Returns the exit code."""
    print(shtab.complete(parser(), shell))
    return 0
