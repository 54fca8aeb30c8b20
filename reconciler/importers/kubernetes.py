"""Kubernetes: the CronJobs of a file, Argo's CronWorkflows, and what wraps them.

Read are single documents, `List` and `CronJobList`, and OpenShift's `Template` with the values of
its parameters. A document of another kind becomes a remark; so does each field of a CronJob that a
manifest cannot say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import yaml

from reconciler.errors import ReconcileError
from reconciler.importers.cron_job import read_cron_job
from reconciler.importers.cron_workflow import read_cron_workflow
from reconciler.importers.draft import Draft, ImportedFile, Remark
from reconciler.importers.yaml_nodes import at, documents, fields, items, line_of, text_at
from reconciler.words import count

_READERS: Final = {"CronJob": read_cron_job, "CronWorkflow": read_cron_workflow}
_HELM: Final = "its CronJobs are not in this file: import the output of `helm template`"
_HELM_KINDS: Final = ("HelmRelease", "HelmChart")
_TEMPLATED: Final = re.compile(r"\{\{.*\}\}")
_PARAMETER: Final = re.compile(r"\$\{\{?(\w+)\}?\}")
_TEXT: Final = "tag:yaml.org,2002:str"
_DEEPEST: Final = 4
"""Lists and templates inside one another that are looked through."""


def read_kubernetes(text: str) -> ImportedFile:
    """Read the CronJobs and CronWorkflows of a file.

    Raises:
        ReconcileError: it is not YAML.
    """
    try:
        return ImportedFile.of(_items(text))
    except ReconcileError as error:
        if _TEMPLATED.search(text):
            remedy = "Import the output of `helm template` instead of the template."
            raise ReconcileError(error.what, remedy=remedy) from error
        raise


def _items(text: str) -> Iterator[Draft | Remark]:
    others: Counter[str] = Counter()
    for document in documents(text):
        for node in _unwrapped(document, {}, _DEEPEST):
            kind = text_at(node, "kind") or ""
            if kind in _READERS:
                yield from _READERS[kind](node)
            elif kind in _HELM_KINDS:
                yield Remark(line_of(node), _shown(node), _HELM)
            elif any(at(node, "spec", key) is not None for key in ("schedule", "schedules")):
                reason = (
                    "has a schedule, and this importer does not know the kind: write a manifest"
                )
                yield Remark(line_of(node), _shown(node), reason)
            else:
                others[kind] += 1
    if others:
        counted = ", ".join(
            f"{number} {kind}" if kind else count(number, "document") + " without a kind"
            for kind, number in sorted(others.items())
        )
        yield Remark(0, counted, "not a CronJob: it stays where it is")


def _shown(node: yaml.Node) -> str:
    kind = text_at(node, "kind") or "a document without a kind"
    return f"{kind} {text_at(node, 'metadata', 'name') or ''}".strip()


def _unwrapped(node: yaml.Node, values: Mapping[str, str], depth: int) -> Iterator[yaml.Node]:
    """The documents in a list or a template, else the document itself."""
    kind = text_at(node, "kind") or ""
    if depth and kind == "Template":
        values = {
            name: value
            for parameter in items(at(node, "parameters"))
            if (name := text_at(parameter, "name")) and (value := text_at(parameter, "value"))
        }
        inner = items(at(node, "objects"))
    else:
        inner = items(at(node, "items")) if depth and kind.endswith("List") else []
        inner = [_of_kind(item, kind.removesuffix("List")) for item in inner]
    if not inner:
        yield _filled(node, values, {}) if values else node
    for item in inner:
        yield from _unwrapped(item, values, depth - 1)


def _of_kind(item: yaml.Node, kind: str) -> yaml.Node:
    """An entry of a typed list, such as `CronJobList`; there the API leaves the kind out."""
    if not kind or not isinstance(item, yaml.MappingNode) or text_at(item, "kind"):
        return item
    pair = (yaml.ScalarNode(_TEXT, "kind", item.start_mark), yaml.ScalarNode(_TEXT, kind))
    return yaml.MappingNode(item.tag, [*item.value, pair], item.start_mark, item.end_mark)


def _filled(node: yaml.Node, values: Mapping[str, str], known: dict[int, yaml.Node]) -> yaml.Node:
    """A node with the values of a template's parameters in its texts."""
    if id(node) in known:  # an alias
        return known[id(node)]
    known[id(node)] = node
    filled: yaml.Node
    if isinstance(node, yaml.ScalarNode):
        text = _PARAMETER.sub(lambda found: values.get(found[1], found[0]), node.value)
        filled = yaml.ScalarNode(node.tag, text, node.start_mark, node.end_mark, node.style)
    elif isinstance(node, yaml.SequenceNode):
        parts = [_filled(item, values, known) for item in node.value]
        filled = yaml.SequenceNode(node.tag, parts, node.start_mark, node.end_mark)
    else:
        pairs = [
            (yaml.ScalarNode(_TEXT, key, value.start_mark), _filled(value, values, known))
            for key, value in fields(node).items()
        ]
        filled = yaml.MappingNode(node.tag, pairs, node.start_mark, node.end_mark)
    known[id(node)] = filled
    return filled
