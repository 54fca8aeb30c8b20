"""The cron jobs of a Vercel project, from ``vercel.json``.

Source: Vercel's documentation of cron jobs. Times are in UTC. Names of months and weekdays are not
supported, and one of the two day fields must be `*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.cron.fields import FIELDS
from reconciler.importers.draft import Draft, ImportedFile, Remark
from reconciler.importers.json_files import StringLines, read_json_object


def read_vercel(text: str, folder: str) -> ImportedFile:
    """Read a project's configuration.

    Args:
        folder: name of the file's folder, which is the project's as a rule.

    Raises:
        ReconcileError: it cannot be read.
    """
    return ImportedFile.of(_items(read_json_object(text), text, folder), title=folder)


def _items(document: Mapping[str, Any], text: str, folder: str) -> Iterator[Draft | Remark]:
    crons = document.get("crons")
    if crons is not None and not isinstance(crons, list):
        yield Remark(0, "crons", "has to be a list of `path` and `schedule`")
        return
    lines = StringLines.of_json(text)
    for number, cron in enumerate(crons or ()):
        path = cron.get("path") if isinstance(cron, Mapping) else None
        schedule = cron.get("schedule") if isinstance(cron, Mapping) else None
        if not isinstance(path, str) or not isinstance(schedule, str):
            yield Remark(0, f"crons[{number}]", "has to have a `path` and a `schedule`")
            continue
        line = lines.next_of(schedule)
        for key in cron:
            if key not in {"path", "schedule"}:
                yield Remark(line, f"{key} of {path}", "a manifest has no such field")
        refusal = _refusal(schedule)
        if refusal is not None:
            yield Remark(line, f"{schedule} of {path}", refusal)
            continue
        yield Draft(
            line=line,
            name=re.sub(r"^/?(api/)?(crons?/)?", "", path.partition("?")[0]) or folder,
            schedule=(schedule,),
            origin=f"{schedule} of {path}",
        )
    rest = [key for key in document if key not in {"crons", "$schema"}]
    if crons and rest:
        yield Remark(0, ", ".join(rest), "not schedules: they stay in vercel.json")


_WORD: Final = re.compile(r"[0-9*,/-]+")


def _refusal(schedule: str) -> str | None:
    """Why Vercel does not accept a schedule, None when it does."""
    words = schedule.split()
    if len(words) != len(FIELDS) or not all(_WORD.fullmatch(word) for word in words):
        return "Vercel reads five fields of numbers"
    if "*" not in (words[2], words[4]):
        return "Vercel reads a day of month or a day of week, not both"
    return None
