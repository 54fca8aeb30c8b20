"""``reconcile import``: manifests from what schedules things today."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from reconciler.cli.connection import connected, open_workspace
from reconciler.cli.inputs import Inputs, read_inputs
from reconciler.cli.readable import read_text
from reconciler.cli.stopping import run
from reconciler.disk import disk_error, write_whole
from reconciler.errors import ReconcileError
from reconciler.foreign_text import printable
from reconciler.importers.crontab import read_crontab
from reconciler.importers.draft import Found, StillFiring
from reconciler.importers.github_workflow import read_github_workflow
from reconciler.importers.kubernetes import read_kubernetes
from reconciler.importers.python_files import find_arguments
from reconciler.importers.taking_out import lines_to_take_out
from reconciler.importers.wrangler import read_wrangler
from reconciler.importers.writing import Written, write_manifests
from reconciler.manifest import ManifestError, holds_manifests, load, load_settings
from reconciler.words import count


def main(args: Namespace) -> int:
    """Write manifests; what cannot be translated goes to stderr. Returns 1 if there is any."""
    root = Path.cwd()
    settings = load_settings(root)
    folder = root / (args.schedules or settings.schedules)
    found, stem = _read_modal(args) if args.source == "modal" else _read_file(args)
    target = folder / f"{args.source}-{stem}.yaml"
    if target.exists():
        raise ReconcileError(
            "is there already, and is left alone",
            where=_shown(target, root),
            remedy="Rename or delete it, then import again.",
        )
    taken = _names(folder)
    up = Path(os.path.relpath(root, target.parent)).as_posix()
    written = write_manifests(
        found,
        taken=taken,
        app=args.app,
        settings=settings,
        schema=f"{up}/schema/manifest.schema.json",
    )
    _tell(written, args.file or "modal")
    _tell_still_firing(written.still_firing, root)
    if written.text:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error(error, folder) from error
        write_whole(target, written.text.encode())
        print(f"{count(len(written.names), 'schedule')} written to {_shown(target, root)}")
    else:
        print("Nothing to write.")
    return 1 if written.untranslated else 0


def _tell_still_firing(found: Sequence[StillFiring], root: Path) -> None:
    """Name the line to take out of the code; where there is none in sight, say so."""
    if not found:
        return
    print(
        "These go on firing from the code. After the first apply, take the argument out and "
        "deploy:",
        file=sys.stderr,
    )
    for line in lines_to_take_out(found, find_arguments(root)):
        print(f"  {printable(line)}", file=sys.stderr)


def _read_modal(args: Namespace) -> tuple[Found, str]:
    if args.file is not None:
        raise ReconcileError(
            f"modal is read from what is deployed, not from {args.file}",
            remedy="Leave the file out; --env says which environment is read.",
        )
    inputs: Inputs = read_inputs(args)
    with connected(inputs):
        from reconciler.importers.modal_crons import read_modal

        apps = run(open_workspace(inputs).apps.deployed())
    environment = inputs.environment
    return read_modal(apps, environment=environment.modal, own=environment.app), environment.name


def _read_file(args: Namespace) -> tuple[Found, str]:
    if args.file is None:
        raise ReconcileError(
            f"which {args.source} file?", remedy=f"Say reconcile import {args.source} FILE."
        )
    path = Path(args.file)
    text = read_text(path)
    try:
        match args.source:
            case "crontab":
                found = read_crontab(text, system=args.system, timezone=args.timezone)
            case "wrangler":
                found = read_wrangler(text, toml=path.suffix == ".toml")
            case "github":
                found = read_github_workflow(text, path.stem)
            case _:
                found = read_kubernetes(text)
    except ReconcileError as error:
        raise ReconcileError(error.what, where=args.file, remedy="Check the file.") from error
    return found, path.stem.lstrip(".") or "file"


def _names(folder: Path) -> frozenset[str]:
    """The names that are taken; a folder without manifests holds none."""
    if not holds_manifests(folder):
        return frozenset()
    try:
        manifests = load(folder, settings=load_settings(Path.cwd()), root=Path.cwd())
    except ManifestError as error:
        raise ReconcileError(
            f"the manifests that are there have errors\n{error}",
            remedy="Mend them first: reconcile validate",
        ) from error
    return frozenset(schedule.name for schedule in manifests.schedules)


def _tell(written: Written, source: str) -> None:
    for item in written.untranslated:
        place = f"{source}:{item.line}" if item.line else source
        # What strangers wrote must not act on a terminal.
        print(f"{place}: not translated: {printable(item.text)}", file=sys.stderr)
        print(f"  {printable(item.reason)}", file=sys.stderr)
    if written.to_write:
        print("These functions are yet to be written and deployed to Modal:", file=sys.stderr)
        for function in written.to_write:
            print(f"  {function}", file=sys.stderr)


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
