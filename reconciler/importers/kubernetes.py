"""Kubernetes CronJobs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from reconciler.importers.draft import Draft, Found, Untranslated
from reconciler.importers.yaml_nodes import at, documents, items, line_of, text_at

_ZONE: Final = re.compile(r"(?:CRON_)?TZ=(?P<zone>\S+)\s+(?P<cron>.*)")
_OVERLAP: Final = {"Forbid": "skip", "Replace": "replace", "Allow": "allow"}
_TRUE: Final = frozenset({"true", "yes", "on", "y"})
"""As Kubernetes reads YAML, which is by its version 1.1."""
_NOT_CARRIED: Final = ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")


def read_kubernetes(text: str) -> Found:
    """Read the CronJobs of a file; what is of another kind is passed over.

    Raises:
        ReconcileError: it is not YAML.
    """
    return Found.of(_jobs(text))


def _jobs(text: str) -> Iterator[Draft | Untranslated]:
    for document in documents(text):
        for node in (document, *items(at(document, "items"))):
            if text_at(node, "kind") == "CronJob":
                yield from _job(node)


def _job(node: yaml.Node) -> Iterator[Draft | Untranslated]:
    name = text_at(node, "metadata", "name") or "cronjob"
    spec = at(node, "spec")
    schedule = text_at(spec, "schedule")
    if spec is None or schedule is None:
        yield Untranslated(line_of(node), name, "has no schedule")
        return
    zone = text_at(spec, "timeZone") or "UTC"
    if prefixed := _ZONE.fullmatch(schedule):
        zone, schedule = prefixed["zone"], prefixed["cron"]
    # Kubernetes takes ? for *.
    schedule = schedule.replace("?", "*")
    if _means_either(schedule):
        reason = "Kubernetes runs this on days of either kind, cron on days of both; write it anew"
        yield Untranslated(line_of(node), f"{schedule} of {name}", reason)
        return
    containers = items(at(spec, "jobTemplate", "spec", "template", "spec", "containers"))
    images = [text_at(container, "image") or "?" for container in containers]
    yield Draft(
        line=line_of(node),
        name=name,
        schedule=(schedule,),
        timezone=zone,
        origin=f"CronJob {name}, image {', '.join(images) or 'unknown'}",
        keys=dict(_keys(spec)),
    )
    for key in _NOT_CARRIED:
        found = at(spec, key)
        if found is not None:
            yield Untranslated(line_of(found), key, "all runs are kept; there is no limit to set")
    for container in containers:
        reason = "what a container does stays there: write it as a Modal function"
        of = f"container {text_at(container, 'name') or '?'} of {name}"
        yield Untranslated(line_of(container), of, reason)


def _means_either(schedule: str) -> bool:
    """Whether two fields restrict the days, and one of them by a step such as ``*/2``.

    Kubernetes (robfig/cron 3) takes that for no wildcard; for Debian's cron it is one.
    """
    fields = schedule.split()
    if len(fields) != 5:
        return False
    days = (fields[2], fields[4])
    return "*" not in days and any(field.startswith("*/") for field in days)


def _keys(spec: yaml.Node) -> Iterator[tuple[str, Any]]:
    if (text_at(spec, "suspend") or "").lower() in _TRUE:
        yield "suspend", True
    policy = text_at(spec, "concurrencyPolicy")
    if policy in {"Forbid", "Replace"}:
        yield "overlap", _OVERLAP[policy]
    deadline = text_at(spec, "startingDeadlineSeconds")
    if deadline is not None:
        yield "deadline", f"{deadline}s"
    job = at(spec, "jobTemplate", "spec")
    timeout = text_at(job, "activeDeadlineSeconds")
    if timeout is not None:
        yield "timeout", f"{timeout}s"
    retries = text_at(job, "backoffLimit")
    if retries is not None and retries.isdigit() and int(retries):
        yield "retries", int(retries)
