"""``reconcile validate``: read the manifests and say all that is wrong with them."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from reconciler.manifest import load, load_settings
from reconciler.words import count


def main(args: Namespace) -> int:
    """Validate; needs no environment and no network. Returns the exit code."""
    root = Path.cwd()
    settings = load_settings(root)
    if args.schedules is not None:
        settings = replace(settings, schedules=args.schedules)
    manifests = load(root / settings.schedules, settings=settings, root=root)
    if args.format == "json":
        import json

        names = [schedule.name for schedule in manifests.schedules]
        print(json.dumps({"format": 1, "files": manifests.files, "schedules": names}, indent=2))
    else:
        schedules = count(len(manifests.schedules), "schedule")
        print(
            f"{schedules} in {count(manifests.files, 'file')} of {settings.schedules}: all valid."
        )
    return 0
