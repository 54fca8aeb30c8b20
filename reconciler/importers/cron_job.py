"""One CronJob of Kubernetes (`batch/v1`, `batch/v1beta1`), with the API's defaults.

Source of the defaults: the API reference of CronJob v1 and Job v1. A retried pod waits 10 s, then
twice as long each time. `Forbid` passes over an occurrence while a Job runs, and the controller
starts the newest missed one when the Job has ended: that is `overlap: queue`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

import yaml

from reconciler.durations import format_seconds
from reconciler.importers.clock_rules import KUBERNETES
from reconciler.importers.dialects import Cron, UnclearError
from reconciler.importers.draft import Draft, Remark, RemarkKind
from reconciler.importers.robfig import from_robfig
from reconciler.importers.yaml_nodes import at, fields, items, line_of, text_at

_ZONE: Final = re.compile(r"(?:CRON_)?TZ=(?P<zone>\S+)\s+(?P<cron>.*)")
_TRUE: Final = frozenset({"true", "yes", "on", "y"})
"""As Kubernetes reads YAML, which is by its version 1.1."""
_OVERLAP: Final = {"Forbid": "queue", "Replace": "replace"}
_DEFAULT_TRIES: Final = 6
_MOST_TRIES: Final = 10
"""As many retries as a manifest may have."""
_FIRST_WAIT: Final = "10s"

SERVER_FIELDS: Final = frozenset(
    {"name", "generateName", "creationTimestamp", "generation", "managedFields"}
    | {"resourceVersion", "uid"}
)
"""The names, and what the server adds to `metadata`, as in `kubectl get -o yaml`."""
_READ: Final = {
    "": {"apiVersion", "kind", "metadata", "spec", "status"},
    "metadata": SERVER_FIELDS,
    "spec": {
        *("schedule", "timeZone", "suspend", "concurrencyPolicy", "startingDeadlineSeconds"),
        "jobTemplate",
    },
    "spec.jobTemplate": {"metadata", "spec"},
    "spec.jobTemplate.metadata": {"creationTimestamp"},
    "spec.jobTemplate.spec": {"backoffLimit", "activeDeadlineSeconds", "template"},
    "spec.jobTemplate.spec.template": {"metadata", "spec"},
    "spec.jobTemplate.spec.template.metadata": {"creationTimestamp"},
    "spec.jobTemplate.spec.template.spec": {
        *("activeDeadlineSeconds", "containers", "initContainers"),
    },
}
"""The fields that are imported, by the path of their mapping."""
_REASONS: Final = {
    "annotations": "a manifest has no annotations",
    "completionMode": "an occurrence is one call of the function",
    "completions": "an occurrence is one call of the function",
    "failedJobsHistoryLimit": "all runs are kept for `history_days` of the settings",
    "imagePullSecrets": "the image belongs to the Modal function",
    "labels": "not taken over: write them as `labels` if they are for people",
    "namespace": "a manifest has no namespace: its app and environment stand for it",
    "nodeSelector": "Modal chooses the machine",
    "parallelism": "an occurrence is one call of the function",
    "restartPolicy": "a try that fails is a new call of the function",
    "schedulerName": "Modal chooses the machine",
    "serviceAccountName": "a Modal function has secrets instead of an account",
    "successfulJobsHistoryLimit": "all runs are kept for `history_days` of the settings",
    "terminationGracePeriodSeconds": "Modal ends a container by its own rules",
    "tolerations": "Modal chooses the machine",
    "affinity": "Modal chooses the machine",
    "ttlSecondsAfterFinished": "all runs are kept for `history_days` of the settings",
    "volumes": "mount a Modal volume in the function",
    "workflowSpec": "write what the workflow does as a Modal function",
}
NOT_TEXT: Final = "its schedule has to be text; of a Helm chart, import what `helm template` prints"
_NO_COUNTERPART: Final = "a manifest has no such field"


def read_cron_job(node: yaml.Node) -> Iterator[Draft | Remark]:
    """The draft of a CronJob, and remarks on the rest of it."""
    name = text_at(node, "metadata", "name") or text_at(node, "metadata", "generateName")
    name = (name or "").rstrip("-") or "cronjob"
    spec = at(node, "spec")
    schedule = text_at(spec, "schedule")
    if spec is None or schedule is None:
        written = at(spec, "schedule")
        reason = "has no schedule" if written is None else NOT_TEXT
        yield Remark(line_of(written or node), f"CronJob {name}", reason)
        return
    line = line_of(at(spec, "schedule") or node)
    zone = text_at(spec, "timeZone")
    if prefixed := _ZONE.fullmatch(schedule):
        zone, schedule = prefixed["zone"], prefixed["cron"]
    cron = cron_of(schedule)
    if isinstance(cron, str):
        yield Remark(line, f"{schedule} of {name}", cron)
        return
    if schedule.startswith("@every"):
        yield counted_from(line, f"{schedule} of {name}", "Kubernetes counts from the last run")
    pod = at(spec, "jobTemplate", "spec", "template", "spec")
    images = [text_at(container, "image") or "?" for container in items(at(pod, "containers"))]
    yield Draft(
        line=line,
        name=name,
        schedule=(cron.schedule,),
        timezone=zone,
        origin=f"CronJob {name}, image {', '.join(images) or 'unknown'}",
        keys={**excluded(cron), **dict(_keys(spec))},
        clock=None if schedule.startswith("@every") else KUBERNETES,
    )
    yield from _differences(spec, name)
    yield from unread(node, name, _READ)
    for key, what in (("containers", "container"), ("initContainers", "init container")):
        for container in items(at(pod, key)):
            yield _container(container, what, name)


def cron_of(schedule: str) -> Cron | str:
    """A schedule of robfig/cron in the dialect of manifests, or why there is none."""
    if "{{" in schedule or "${" in schedule:
        return "a template, not a schedule: import it with the values filled in"
    try:
        return from_robfig(schedule)
    except UnclearError as error:
        return str(error)


def excluded(cron: Cron) -> dict[str, Any]:
    """The keys that a translated schedule needs beside `schedule`."""
    return {"exclude": list(cron.exclude)} if cron.exclude else {}


def counted_from(line: int, text: str, beginning: str) -> Remark:
    """An interval that is counted from something else than the clock."""
    reason = f"{beginning}; a manifest's interval is aligned to the clock, from midnight"
    return Remark(line, text, reason, RemarkKind.DIFFERS)


def policies(spec: yaml.Node, overlaps: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """The keys that CronJob and CronWorkflow share."""
    if (text_at(spec, "suspend") or "").lower() in _TRUE:
        yield "suspend", True
    policy = text_at(spec, "concurrencyPolicy")
    if policy in overlaps:
        yield "overlap", overlaps[policy]
    deadline = text_at(spec, "startingDeadlineSeconds")
    if deadline is not None and deadline != "0":
        yield "deadline", duration(deadline)


def duration(seconds: str) -> str:
    """Seconds as a manifest says them; what is not a number is refused when it is written."""
    return format_seconds(int(seconds)) if re.fullmatch(r"\d{1,12}", seconds) else seconds


def _keys(spec: yaml.Node) -> Iterator[tuple[str, Any]]:
    yield from policies(spec, _OVERLAP)
    timeout = _timeout(spec)
    if timeout is not None:
        yield "timeout", duration(timeout)
    tries = _tries(spec)
    if tries:
        yield "retries", {"max": min(tries, _MOST_TRIES), "backoff": _FIRST_WAIT, "factor": 2}


def _tries(spec: yaml.Node) -> int:
    written = text_at(spec, "jobTemplate", "spec", "backoffLimit")
    if written is None:
        return _DEFAULT_TRIES
    return int(written) if re.fullmatch(r"\d{1,9}", written) else 0


def _timeout(spec: yaml.Node) -> str | None:
    """Of one try: the pod's limit, else the Job's, which is for all tries together."""
    of_pod = text_at(spec, "jobTemplate", "spec", "template", "spec", "activeDeadlineSeconds")
    return of_pod or text_at(spec, "jobTemplate", "spec", "activeDeadlineSeconds")


def _differences(spec: yaml.Node, name: str) -> Iterator[Remark]:
    job = at(spec, "jobTemplate", "spec")
    tries = _tries(spec)
    limit = at(job, "activeDeadlineSeconds")
    if limit is not None and tries:
        reason = f"limits all {tries + 1} tries together; a manifest's `timeout` limits each try"
        text = f"activeDeadlineSeconds: {text_at(job, 'activeDeadlineSeconds')} of {name}"
        yield Remark(line_of(limit), text, reason, RemarkKind.DIFFERS)
    if tries > _MOST_TRIES:
        line = line_of(at(job, "backoffLimit") or spec)
        reason = f"a manifest has at most {_MOST_TRIES} retries"
        yield Remark(line, f"backoffLimit: {tries} of {name}", reason, RemarkKind.DIFFERS)
    policy = text_at(spec, "concurrencyPolicy")
    if policy not in {None, "Allow", *_OVERLAP}:
        line = line_of(at(spec, "concurrencyPolicy") or spec)
        yield Remark(
            line, f"concurrencyPolicy: {policy} of {name}", "Kubernetes has no such policy"
        )


def unread(
    node: yaml.Node, name: str, read: Mapping[str, Set[str]], path: str = ""
) -> Iterator[Remark]:
    """A remark on each field that is not imported.

    Args:
        name: of the whole document.
        read: the fields that are imported, by the path of their mapping.
        path: of the node.
    """
    for key, value in fields(node).items():
        inner = f"{path}.{key}" if path else key
        if key not in read[path]:
            reason = _REASONS.get(key, _NO_COUNTERPART)
            yield Remark(line_of(value), f"{_shown(inner, value)} of {name}", reason)
        elif inner in read:
            yield from unread(value, name, read, inner)


def _shown(path: str, value: yaml.Node) -> str:
    """A field with its value, if that is short and no list or mapping."""
    is_short = isinstance(value, yaml.ScalarNode) and len(value.value) <= 40
    return f"{path}: {value.value}" if is_short else path


def _container(container: yaml.Node, what: str, name: str) -> Remark:
    keys = ", ".join(key for key in fields(container) if key != "name")
    text = f"{what} {text_at(container, 'name') or '?'} of {name} ({keys})"
    return Remark(line_of(container), text, "write what it does as a Modal function")
