"""The cron triggers of a Cloudflare Worker, from its ``wrangler.toml`` or ``wrangler.jsonc``."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.errors import ReconcileError
from reconciler.importers.cloudflare import translated
from reconciler.importers.draft import Draft, Found, Untranslated
from reconciler.importers.jsonc import to_json


def read_wrangler(text: str, *, toml: bool) -> Found:
    """Read a Worker's configuration.

    Raises:
        ReconcileError: it cannot be read.
    """
    try:
        document = tomllib.loads(text) if toml else json.loads(to_json(text))
    except ValueError as error:
        raise ReconcileError(f"is not {'TOML' if toml else 'JSON'}: {error}") from error
    except RecursionError as error:
        raise ReconcileError("is nested too deeply") from error
    if not isinstance(document, Mapping):
        raise ReconcileError("is no configuration of a Worker")
    return Found.of(_triggers(document, text))


def _triggers(document: Mapping[str, Any], text: str) -> Iterator[Draft | Untranslated]:
    worker = str(document.get("name", "worker"))
    yield from _crons(document, worker, text)
    environments = document.get("env")
    if isinstance(environments, Mapping):
        for name, environment in environments.items():
            if isinstance(environment, Mapping):
                yield from _crons(environment, f"{worker}-{name}", text)


def _crons(section: Mapping[str, Any], worker: str, text: str) -> Iterator[Draft | Untranslated]:
    triggers = section.get("triggers")
    crons = triggers.get("crons") if isinstance(triggers, Mapping) else None
    if crons is not None and not isinstance(crons, list):
        yield Untranslated(_line(text, str(crons)), str(crons), "`crons` has to be a list")
    for cron in crons if isinstance(crons, list) else ():
        line = _line(text, str(cron))
        expression = translated(str(cron))
        if expression is None:
            reason = "it cannot be said for sure when Cloudflare runs this; write the times anew"
            yield Untranslated(line, str(cron), reason)
            continue
        yield Draft(
            line=line,
            name=worker,
            schedule=(expression,),
            origin=f"{cron} (Cloudflare) of {worker}",
        )


def _line(text: str, cron: str) -> int:
    """The first line that holds the expression; the parsers tell no positions."""
    return next((n for n, line in enumerate(text.splitlines(), 1) if cron in line), 0)
