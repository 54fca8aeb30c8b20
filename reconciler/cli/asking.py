"""Who is at the command line, and what they answer."""

from __future__ import annotations

import getpass
import os
import socket
import sys

from reconciler.deploy.lease import Holder
from reconciler.errors import ReconcileError
from reconciler.github.actions import run_url


def holder() -> Holder:
    """Who applies: the actor and the run in GitHub Actions, else the user and the machine."""
    actor = os.environ.get("GITHUB_ACTOR")
    if actor:
        return Holder(owner=f"{actor} (GitHub Actions)", link=run_url())
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
