"""One CronWorkflow of Argo Workflows.

Source: the field reference of CronWorkflowSpec. `Forbid` passes over an occurrence while a workflow
runs, and does not start it later: that is `overlap: skip`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import yaml

from reconciler.importers.clock_rules import ARGO
from reconciler.importers.cron_job import (
    NOT_TEXT,
    SERVER_FIELDS,
    cron_of,
    excluded,
    policies,
    unread,
)
from reconciler.importers.draft import Draft, Remark
from reconciler.importers.yaml_nodes import at, fields, items, line_of, text_at

_OVERLAP: Final = {"Forbid": "skip", "Replace": "replace"}
_READ: Final = {
    "": {"apiVersion", "kind", "metadata", "spec", "status"},
    "metadata": SERVER_FIELDS,
    "spec": {
        *("schedule", "schedules", "timezone", "suspend", "concurrencyPolicy"),
        "startingDeadlineSeconds",
    },
}


def read_cron_workflow(node: yaml.Node) -> Iterator[Draft | Remark]:
    """The draft of a CronWorkflow, and remarks on the rest of it."""
    name = text_at(node, "metadata", "name") or "cronworkflow"
    spec = at(node, "spec")
    written = items(at(spec, "schedules")) or [
        single for single in (at(spec, "schedule"),) if single is not None
    ]
    if spec is None or not written:
        yield Remark(line_of(node), f"CronWorkflow {name}", "has no schedule")
        return
    crons = []
    for entry in written:
        is_text = isinstance(entry, yaml.ScalarNode)
        text = str(entry.value) if is_text else "an entry of `schedules`"
        cron = cron_of(text) if is_text else NOT_TEXT
        if isinstance(cron, str) or cron.exclude:
            reason = cron if isinstance(cron, str) else "needs an `exclude` of its own"
            yield Remark(line_of(entry), f"{text} of {name}", reason)
        else:
            crons.append(cron)
    if crons:
        yield Draft(
            line=line_of(written[0]),
            name=name,
            schedule=tuple(dict.fromkeys(cron.schedule for cron in crons)),
            timezone=text_at(spec, "timezone"),
            origin=f"CronWorkflow {name}",
            keys={**excluded(crons[0]), **dict(policies(spec, _OVERLAP))},
            clock=ARGO,
        )
    for key, value in fields(spec).items():
        if key == "schedule" and value not in written:
            reason = "Argo refuses it beside `schedules`"
            yield Remark(line_of(value), f"spec.schedule: {value.value} of {name}", reason)
    yield from unread(node, name, _READ)
