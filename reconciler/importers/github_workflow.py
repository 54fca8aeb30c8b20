"""GitHub workflows that run on a schedule."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from reconciler.importers.draft import Draft, Found, Untranslated
from reconciler.importers.yaml_nodes import at, documents, items, line_of, text_at


def read_github_workflow(text: str, stem: str) -> Found:
    """Read a workflow.

    Args:
        stem: name of its file, for a workflow without a name.

    Raises:
        ReconcileError: it is not YAML.
    """
    return Found.of(_schedules(text, stem))


def _schedules(text: str, stem: str) -> Iterator[Draft | Untranslated]:
    for document in documents(text):
        name = text_at(document, "name") or stem
        found = False
        for entry in items(at(document, "on", "schedule")):
            cron = text_at(entry, "cron")
            if cron is None:
                yield Untranslated(line_of(entry), "an entry of `schedule:`", "names no `cron`")
                continue
            found = True
            yield Draft(
                line=line_of(entry),
                name=name,
                schedule=(cron,),
                timezone=text_at(entry, "timezone") or "UTC",
                origin=f"{cron} of the workflow {name}",
            )
        if found:
            yield from _rest(document)


def _rest(document: yaml.Node) -> Iterator[Untranslated]:
    jobs = at(document, "jobs")
    for name, job in jobs.value if isinstance(jobs, yaml.MappingNode) else ():
        reason = "what a job does stays there: write it as a Modal function"
        yield Untranslated(line_of(job), f"job {name.value}", reason)
