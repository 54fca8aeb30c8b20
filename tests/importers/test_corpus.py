"""Files as people write them: each line becomes the right manifest or a remark.

`corpus/SOURCE.txt` holds files of one source, `corpus/SOURCE.expected` the manifests and remarks of
each. `python -m tests.importers.test_corpus` writes the expectations anew, to be reviewed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from reconciler.errors import ReconcileError
from reconciler.importers.airflow import read_airflow
from reconciler.importers.celery_beat import read_celery
from reconciler.importers.crontab import read_crontab
from reconciler.importers.draft import ImportedFile
from reconciler.importers.github_workflow import read_github_workflow
from reconciler.importers.kubernetes import read_kubernetes
from reconciler.importers.systemd import read_systemd
from reconciler.importers.vercel import read_vercel
from reconciler.importers.wrangler import read_wrangler
from reconciler.importers.writing import write_manifests
from reconciler.manifest import Settings

NOW = datetime(2026, 11, 20, tzinfo=UTC)
CORPUS = Path(__file__).with_name("corpus")
LEAST = 20
"""Files of each source."""


class File(NamedTuple):
    """A file of the corpus."""

    source: str
    path: Path
    text: str

    @property
    def folder(self) -> str:
        return self.path.parent.name


READERS: dict[str, Callable[[File], ImportedFile]] = {
    "airflow": lambda file: read_airflow(file.text),
    "celery": lambda file: read_celery(file.text),
    "crontab": lambda file: read_crontab(
        file.text, system=True if file.path.suffix == ".system" else None, timezone="UTC"
    ),
    "github": lambda file: read_github_workflow(file.text, file.path.stem),
    "kubernetes": lambda file: read_kubernetes(file.text),
    "systemd": lambda file: read_systemd(file.text, file.path.stem, "UTC"),
    "vercel": lambda file: read_vercel(file.text, file.folder),
    "wrangler": lambda file: read_wrangler(
        file.text, toml=file.path.suffix == ".toml", folder=file.folder
    ),
}


def sections(text: str) -> Iterator[tuple[str, str]]:
    """The name and the text of each file."""
    for part in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        yield name, body


def files() -> list[File]:
    return [
        File(source, Path(name), body)
        for source in READERS
        for name, body in sections((CORPUS / f"{source}.txt").read_text())
    ]


def imported(file: File) -> str:
    """The manifests and the remarks of a file, or the error."""
    try:
        found = READERS[file.source](file)
    except ReconcileError as error:
        return f"error: {error.what}\n{error.remedy or ''}".strip() + "\n"
    done = write_manifests(
        found, taken=(), app="jobs", settings=Settings(), schema="s.json", now=NOW
    )
    lines = done.text.splitlines()[1:]
    for remark in done.remarks:
        lines += [f"{remark.line}: {remark.kind}: {remark.text}", f"  {remark.reason}"]
    return (
        "".join(f"{line}\n" for line in lines) or "nothing: `reconcile import` ends with an error\n"
    )


EXPECTED = {
    (source, name): body
    for source in READERS
    if (CORPUS / f"{source}.expected").exists()
    for name, body in sections((CORPUS / f"{source}.expected").read_text())
}


@pytest.mark.parametrize("file", files(), ids=lambda file: f"{file.source}-{file.path}")
def test_each_line_becomes_a_manifest_or_a_remark(file: File) -> None:
    assert imported(file) == EXPECTED[file.source, str(file.path)]


@pytest.mark.parametrize("source", READERS)
def test_there_are_files_enough_of_each_source(source: str) -> None:
    assert sum(file.source == source for file in files()) >= LEAST


def write() -> None:
    """Write the expectations."""
    for source in READERS:
        parts = [f"=== {file.path}\n{imported(file)}" for file in files() if file.source == source]
        (CORPUS / f"{source}.expected").write_text("".join(parts))


if __name__ == "__main__":
    write()
