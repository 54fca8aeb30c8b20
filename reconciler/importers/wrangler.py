"""The cron triggers of a Cloudflare Worker, from ``wrangler.toml``, ``.json`` or ``.jsonc``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.errors import ReconcileError
from reconciler.importers.cloudflare_cron import from_cloudflare
from reconciler.importers.dialects import UnclearError
from reconciler.importers.draft import Draft, ImportedFile, Remark
from reconciler.importers.json_files import StringLines, read_json_object


def read_wrangler(text: str, *, toml: bool, folder: str = "worker") -> ImportedFile:
    """Read a Worker's configuration.

    Args:
        folder: name of the file's folder, for a Worker without a name.

    Raises:
        ReconcileError: it cannot be read.
    """
    document: Mapping[str, Any]
    if toml:
        try:
            document = tomllib.loads(text)
        except ValueError as error:
            raise ReconcileError(f"is not TOML: {error}") from error
        except RecursionError as error:
            raise ReconcileError("is nested too deeply") from error
    else:
        document = read_json_object(text)
    name = document.get("name")
    worker = name if isinstance(name, str) and name else folder
    lines = StringLines(_toml_strings(text)) if toml else StringLines.of_json(text)
    return ImportedFile.of(_Reading(lines).triggers(document, worker), title=worker)


class _Reading:
    """Reads the sections of one file; equal expressions get the lines in their order."""

    def __init__(self, lines: StringLines) -> None:
        self._lines = lines

    def triggers(self, document: Mapping[str, Any], worker: str) -> Iterator[Draft | Remark]:
        yield from self._crons(document, worker)
        environments = document.get("env")
        for name, section in environments.items() if isinstance(environments, Mapping) else ():
            if not isinstance(section, Mapping):
                continue
            own = section.get("name")
            called = own if isinstance(own, str) and own else f"{worker}-{name}"
            yield from self._crons(section, called)
            if "triggers" not in section and _has_crons(document):
                reason = f"inherits the crons, so the Worker {called} fires them too"
                yield Remark(0, f"env.{name}", f"{reason}: write manifests if they are meant")

    def _crons(self, section: Mapping[str, Any], worker: str) -> Iterator[Draft | Remark]:
        triggers = section.get("triggers")
        crons = triggers.get("crons") if isinstance(triggers, Mapping) else None
        if crons is not None and not isinstance(crons, list):
            line = self._lines.next_of(str(crons))
            yield Remark(line, str(crons), "`crons` has to be a list")
            return
        seen: dict[str, int] = {}
        for cron in crons or ():
            line = self._lines.next_of(str(cron))
            if not isinstance(cron, str):
                yield Remark(line, str(cron), "a cron has to be text")
                continue
            if cron in seen:
                reason = f"is in this list already, on line {seen[cron]}: one manifest is enough"
                yield Remark(line, f"{cron} of {worker}", reason)
                continue
            seen[cron] = line
            try:
                expression = from_cloudflare(cron)
            except UnclearError as error:
                yield Remark(line, cron, f"{error}: write the times as a manifest")
                continue
            yield Draft(
                line=line,
                name=worker,
                schedule=(expression,),
                origin=f"{cron} (Cloudflare) of {worker}",
            )


_QUOTED: Final = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")


def _toml_strings(text: str) -> Iterator[tuple[str, int]]:
    """The strings of a TOML file, without those on lines that are comments."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.lstrip().startswith("#"):
            for found in _QUOTED.finditer(line):
                yield found[1] or found[2] or "", number


def _has_crons(section: Mapping[str, Any]) -> bool:
    triggers = section.get("triggers")
    return isinstance(triggers, Mapping) and bool(triggers.get("crons"))
