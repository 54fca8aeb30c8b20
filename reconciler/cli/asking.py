"""Who is at the command line, and what they answer."""

from __future__ import annotations

import getpass
import os
import socket
import sys

from reconciler.deploy.lease import Holder
from reconciler.errors import ReconcileError
from reconciler.github.job import actor, run_url


def holder() -> Holder:
    """Who applies: in CI the person who caused the job, and the job; else user and machine."""
    in_ci = actor()
    if in_ci is not None:
        return Holder(owner=in_ci, link=run_url())
    return Holder(owner=f"{_user()}@{socket.gethostname()}")


def _user() -> str:
    """The user's name; in a container the number may be that of nobody whom the system knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def confirmed(question: str) -> bool:
    """Ask; anything but a whole `yes` is a no, and so is the end of the input.

    Raises:
        ReconcileError: nobody can be asked.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise ReconcileError(
            "nobody can be asked: standard input is not a terminal",
            remedy="Say --yes to go ahead without asking.",
        )
    # On stderr: what stands on stdout may be on its way into a file.
    print(f"{question} Only `yes` is accepted: ", end="", file=sys.stderr, flush=True)
    try:
        return input().strip() == "yes"
    except EOFError:
        print(file=sys.stderr)
        return False
