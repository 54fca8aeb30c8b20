"""Asks for confirmation, and names the person at the command line."""

from __future__ import annotations

import getpass
import os
import socket
import sys

from reconciler.deploy.lease import Holder
from reconciler.errors import ReconcileError
from reconciler.github.job import actor, run_url


def holder() -> Holder:
    """The lease's holder: in CI the person who started the job, and the job; else user@machine."""
    in_ci = actor()
    if in_ci is not None:
        return Holder(owner=in_ci, link=run_url())
    return Holder(owner=f"{_user()}@{socket.gethostname()}")


def _user() -> str:
    """The user's name; in a container the user id may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def confirmed(question: str) -> bool:
    """Ask for confirmation. Only `yes` confirms; end of input does not.

    Raises:
        ReconcileError: standard input is not a terminal.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise ReconcileError(
            "cannot ask for confirmation: standard input is not a terminal",
            remedy="Pass --yes to continue without confirmation.",
        )
    # On stderr, because stdout may be redirected to a file.
    print(f"{question} Only `yes` is accepted: ", end="", file=sys.stderr, flush=True)
    try:
        return input().strip() == "yes"
    except EOFError:
        print(file=sys.stderr)
        return False
