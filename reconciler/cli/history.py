"""``reconcile history``: what was applied, by whom and from which commit."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler.cli.connection import connected, open_workspace, removal_in
from reconciler.cli.damaged import warn_of_damage
from reconciler.cli.inputs import read_inputs
from reconciler.cli.json_output import print_json
from reconciler.cli.signals import run
from reconciler.foreign_text import as_lines, on_one_line
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.style import Style

if TYPE_CHECKING:
    from reconciler.deploy.history import Applied


def main(args: Namespace) -> int:
    """Print the applies, newest first. Returns the exit code."""
    inputs = read_inputs(args)
    with connected(inputs):
        from reconciler.deploy.history import read_history
        from reconciler.deploy.lost import lost_volume

        workspace = open_workspace(inputs)
        files = workspace.files
        applies, damaged = run(read_history(files, args.count))
        warn_of_damage(damaged, removal_in(inputs))
        lost = None if applies else run(lost_volume(workspace.apps, files, inputs.environment.app))
    if lost is not None:
        lost.what += "; the history of applies was on it"
        raise lost
    if args.format == "json":
        print_json({"format": OUTPUT_FORMAT, "applies": [_json(a) for a in applies]})
    else:
        print(_text(applies, Style.of(sys.stdout)))
    return 0


def _json(applied: Applied) -> dict[str, object]:
    pointer = applied.pointer
    return {
        "at": pointer.at,
        "by": pointer.by,
        "link": pointer.link,
        "commit": pointer.commit,
        "dirty": pointer.dirty,
        "author": pointer.author,
        "generation": pointer.generation,
        "previous": pointer.previous,
        "summary": applied.summary,
    }


def _text(applies: Sequence[Applied], style: Style) -> str:
    if not applies:
        return "Nothing was applied yet."
    lines = []
    for applied in applies:
        pointer = applied.pointer
        commit = "without a commit" if pointer.commit is None else f"commit {pointer.commit[:12]}"
        author = f" by {on_one_line(pointer.author)}" if pointer.author else ""
        dirty = ", with uncommitted changes" if pointer.dirty and pointer.commit else ""
        lines.append(f"{pointer.at}  {commit}{author}{dirty}  {applied.summary}")
        link = f"  {pointer.link}" if pointer.link else ""
        lines.append(style.dim(f"    applied by {pointer.by}{link}"))
    return as_lines(lines)
