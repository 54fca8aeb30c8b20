"""Who is at the command line, and what they answer."""

from __future__ import annotations

import getpass
import os
import socket
import sys

from reconciler.errors import ReconcileError
from reconciler.gitops.actions import run_url
from reconciler.workspace.lease import Holder


def holder() -> Holder:
    """Who applies: the actor and the run in GitHub Actions, else the user and the machine."""
    actor = os.environ.get("GITHUB_ACTOR")
    if actor:
        return Holder(owner=f"{actor} (GitHub Actions)", link=run_url())
    return Holder(owner=f"{getpass.getuser()}@{socket.gethostname()}")


def confirmed(question: str) -> bool:
    """Ask; anything but a whole `yes` is a no.

    Raises:
        ReconcileError: nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise ReconcileError(
            "nobody can be asked: standard input is not a terminal",
            remedy="Say --yes to go ahead without asking.",
        )
    return input(f"{question} Only `yes` is taken as one: ").strip() == "yes"
