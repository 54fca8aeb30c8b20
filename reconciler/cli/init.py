"""``reconcile init``: settings, an example, workflows and schemas; what is there is left alone."""

from __future__ import annotations

from pathlib import Path

from reconciler.foreign_text import printable
from reconciler.importers.new_repository import (
    StarterFile,
    installed_action,
    starter_files,
    write_missing,
)
from reconciler.manifest.discovery import repository_root

_FIRST_STEPS = """
Try it here, on the embedded Modal:
  reconcile engine exec modal deploy jobs/hello.py
  reconcile
"""


def main(*, environment: str, action: str | None) -> int:
    """Write what is missing and say what was left alone. Returns the exit code."""
    action = action or installed_action()
    here = Path.cwd()
    folder = here.relative_to(repository_root(here) or here).as_posix()
    at_root = folder == "."
    # All content is made first: a wrong option leaves no half of it behind.
    for found in list(starter_files(environment, action if at_root else None)):
        written = write_missing(Path.cwd(), found)
        print(f"{'wrote' if written else 'left alone':10}  {found.path}")
        if not written and found.path == ".gitignore" and not _holds(found):
            print(f"            it should hold the line {found.content}", end="")
    if not at_root:
        print(
            "no workflows: GitHub reads them at the root of the repository only. Run init there, "
            f"and give the action `folder: {printable(folder)}`."
        )
    elif action is None:
        print(
            "no workflows: it is not known from which commit on GitHub this was installed. Say "
            "--action OWNER/REPOSITORY@COMMIT to get them."
        )
    print(_FIRST_STEPS, end="")
    return 0


def _holds(found: StarterFile) -> bool:
    try:
        text = (Path.cwd() / found.path).read_text(encoding="utf-8", errors="replace")
    except OSError:  # it is left alone, whatever it is
        return False
    lines = text.splitlines()
    return found.content.strip() in map(str.strip, lines)
