"""``reconcile validate``: read the manifests and say all that is wrong with them."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from reconciler.commands.printing import print_json
from reconciler.manifest import ManifestError, load, load_settings
from reconciler.manifest.problem import Problem
from reconciler.words import count


def main(args: Namespace) -> int:
    """Validate; needs no environment and no network. Returns the exit code."""
    root = Path.cwd()
    try:
        settings = load_settings(root)
        if args.schedules is not None:
            settings = replace(settings, schedules=args.schedules)
        manifests = load(root / settings.schedules, settings=settings, root=root)
    except ManifestError as error:
        if args.format == "json":
            print_json({"format": 1, "problems": [*map(_json, error.problems)]})
        raise
    if args.format == "json":
        names = [schedule.name for schedule in manifests.schedules]
        print_json({"format": 1, "files": manifests.files, "schedules": names})
    else:
        schedules = count(len(manifests.schedules), "schedule")
        print(
            f"{schedules} in {count(manifests.files, 'file')} of {settings.schedules}: all valid."
        )
    return 0


def _json(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.location.file,
        "line": problem.location.line,
        "column": problem.location.column,
        "message": problem.message,
        "remedy": problem.remedy,
    }
