"""``reconcile import``: manifests from the files of other schedulers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from reconciler.cli.connection import connected, open_workspace
from reconciler.cli.input_files import read_standard_input, read_text
from reconciler.cli.inputs import Inputs, read_inputs
from reconciler.cli.signals import run
from reconciler.cli.terminal import say
from reconciler.disk import disk_error, write_whole
from reconciler.errors import ReconcileError
from reconciler.foreign_text import on_one_line, printable
from reconciler.importers.airflow import read_airflow
from reconciler.importers.celery_beat import read_celery
from reconciler.importers.crontab import read_crontab
from reconciler.importers.draft import ImportedFile, StillFiring, valid_name
from reconciler.importers.github_workflow import read_github_workflow
from reconciler.importers.kubernetes import read_kubernetes
from reconciler.importers.python_files import find_arguments
from reconciler.importers.systemd import read_systemd
from reconciler.importers.taking_out import lines_to_take_out
from reconciler.importers.vercel import read_vercel
from reconciler.importers.wrangler import read_wrangler
from reconciler.importers.writing import Written, write_manifests
from reconciler.manifest import ManifestError, holds_manifests, load, load_settings
from reconciler.words import count

STANDARD_INPUT: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """The options of the command; see its help."""

    env: str | None
    schedules: str | None
    source: str
    file: str | None
    app: str
    timezone: str | None
    system: bool | None


class _Source(NamedTuple):
    """A file to import, with its path."""

    text: str
    path: Path
    options: ImportOptions

    @property
    def folder(self) -> str:
        """The name of its folder, for files that always have the same name."""
        return self.path.resolve().parent.name or "root"


class _Importer(NamedTuple):
    """How the files of one scheduler are read.

    Attributes:
        read: raises ReconcileError for a file in another format.
        then: the step that stops the other scheduler after the first apply.
    """

    read: Callable[[_Source], ImportedFile]
    then: str


_IMPORTERS: Final = {
    "airflow": _Importer(
        lambda source: read_airflow(source.text),
        "Airflow continues to run these DAGs: pause them after the first apply.",
    ),
    "celery": _Importer(
        lambda source: read_celery(source.text),
        "Celery beat continues to send these tasks: remove the entries after the first apply.",
    ),
    "crontab": _Importer(
        lambda source: read_crontab(
            source.text, system=source.options.system, timezone=source.options.timezone
        ),
        "cron continues to run these lines: delete them after the first apply.",
    ),
    "github": _Importer(
        lambda source: read_github_workflow(source.text, source.path.stem),
        "GitHub continues to run the workflow: remove its `schedule` after the first apply.",
    ),
    "kubernetes": _Importer(
        lambda source: read_kubernetes(source.text),
        "Kubernetes continues to run these: set `suspend: true` there after the first apply.",
    ),
    "systemd": _Importer(
        lambda source: read_systemd(source.text, source.path.stem, source.options.timezone),
        "systemd continues to start the unit: disable the timer after the first apply.",
    ),
    "vercel": _Importer(
        lambda source: read_vercel(source.text, source.folder),
        "Vercel continues to call these paths: remove `crons` and deploy after the first apply.",
    ),
    "wrangler": _Importer(
        lambda source: read_wrangler(
            source.text, toml=source.path.suffix == ".toml", folder=source.folder
        ),
        "Cloudflare continues to fire these: set `crons = []` and deploy after the first apply. "
        "Without the key `crons`, a deploy keeps them. Cloudflare may wake your schedules instead: "
        "docs/cloudflare.md; give that Worker another name.",
    ),
}


def main(**given: Any) -> int:
    """Write manifests, and remarks to standard error. Returns 1 if there are remarks.

    Args:
        given: the fields of :class:`ImportOptions`, among others.
    """
    return _import(ImportOptions(**{one.name: given[one.name] for one in fields(ImportOptions)}))


def _import(options: ImportOptions) -> int:
    root = Path.cwd()
    settings = load_settings(root)
    folder = root / (options.schedules or settings.schedules)
    found, stem = _read_modal(options) if options.source == "modal" else _read_file(options)
    target = folder / f"{options.source}-{stem}.yaml"
    if target.exists():
        raise ReconcileError(
            "exists already, and import does not overwrite files",
            where=_shown(target, root),
            remedy="Rename or delete it, then import again.",
        )
    taken = _names(folder)
    up = Path(os.path.relpath(root, target.parent)).as_posix()
    written = write_manifests(
        found,
        taken=taken,
        app=options.app,
        settings=settings,
        schema=f"{up}/schema/manifest.schema.json",
        now=datetime.now(UTC),
        timezone=options.timezone,
    )
    source = "standard input" if options.file == STANDARD_INPUT else options.file or "modal"
    _print_remarks(written, source)
    if not written.text:
        raise ReconcileError(
            "no schedule could be converted to a manifest; nothing was written",
            where=source,
            remedy="The lines above say why." if written.remarks else "Check the file.",
        )
    if options.source == "modal":
        _print_still_firing(written.still_firing, root)
    else:
        importer = _IMPORTERS[options.source]
        _print_zone(found, options)
        say(importer.then)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, folder) from error
    write_whole(target, written.text.encode())
    print(f"{count(len(written.names), 'schedule')} written to {_shown(target, root)}")
    return 1 if written.remarks else 0


def _print_zone(found: ImportedFile, options: ImportOptions) -> None:
    """Say which zone was taken where the file names none."""
    if any(draft.timezone is None for draft in found.drafts):
        if options.timezone is None:
            said = "Times without a zone are read in UTC; pass --timezone ZONE for another zone."
            say(said)
    elif options.timezone is not None and options.source not in {"crontab", "systemd"}:
        said = "--timezone is not used: each zone is in the file, or its times are in UTC."
        say(said)


def _print_still_firing(found: Sequence[StillFiring], root: Path) -> None:
    """Name the lines to remove from the code."""
    if not found:
        return
    say("These go on firing from the code. After the first apply, remove the argument and deploy:")
    for line in lines_to_take_out(found, find_arguments(root)):
        say(f"  {printable(line)}")


def _read_modal(options: ImportOptions) -> tuple[ImportedFile, str]:
    if options.file is not None:
        raise ReconcileError(
            f"modal is read from the deployed apps, not from {options.file}",
            remedy="Leave the file out; --env says which environment is read.",
        )
    inputs: Inputs = read_inputs(options.env, options.schedules)
    with connected(inputs):
        from reconciler.importers.modal_crons import read_modal

        apps = run(open_workspace(inputs).apps.deployed())
    environment = inputs.environment
    return read_modal(apps, environment=environment.modal, own=environment.app), environment.name


def _read_file(options: ImportOptions) -> tuple[ImportedFile, str]:
    if options.file is None:
        raise ReconcileError(
            f"which {options.source} file?",
            remedy=f"Name it: reconcile import {options.source} FILE, or - for standard input.",
        )
    if options.file == STANDARD_INPUT:
        source = _Source(read_standard_input(), Path("stdin"), options)
    else:
        path = Path(options.file)
        source = _Source(read_text(path), path, options)
    try:
        found = _IMPORTERS[options.source].read(source)
    except ReconcileError as error:
        remedy = error.remedy or "Check the file."
        raise ReconcileError(error.what, where=options.file, remedy=remedy) from error
    stem = source.path.stem.lstrip(".") or "file"
    return found, stem if found.title is None else valid_name(found.title)


def _names(folder: Path) -> frozenset[str]:
    """The names that are taken; a folder without manifests holds none."""
    if not holds_manifests(folder):
        return frozenset()
    try:
        manifests = load(folder, settings=load_settings(Path.cwd()), root=Path.cwd())
    except ManifestError as error:
        raise ReconcileError(
            f"the repository's manifests have errors\n{error}",
            remedy="Correct them first: reconcile validate",
        ) from error
    return frozenset(schedule.name for schedule in manifests.schedules)


def _print_remarks(written: Written, source: str) -> None:
    for remark in written.remarks:
        place = f"{source}:{remark.line}" if remark.line else source
        # Foreign text must not act on a terminal.
        say(f"{place}: {remark.kind}: {on_one_line(remark.text)}")
        say(f"  {on_one_line(remark.reason)}")
    if written.to_write:
        say("These functions are yet to be written and deployed to Modal:")
        for function in written.to_write:
            say(f"  {function}")


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
