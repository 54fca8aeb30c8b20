"""The code targets of a plan: what git says of them, and what of that has to be deployed.

A target is one function with one set of options. The schedules that agree in both share it. It has
a Modal app of its own, so that a change deploys that app alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from reconciler.manifest import CodeTarget, Schedule
from reconciler.manifest.code_files import SourceFile
from reconciler.manifest.code_function import Defect, find_function
from reconciler.manifest.code_reader import CodeReader
from reconciler.model.target_record import TargetRecord
from reconciler.plan.target_names import name_targets

GRACE: Final = 10
"""Minutes for which a retired target stays: until then a wake that reads what was live before may
start runs of it."""
SUPERVISED: Final = 24 * 60
"""Minutes for which a supervisor may start further attempts of a run."""


@dataclass(frozen=True, slots=True)
class TargetSource:
    """What a target is deployed with.

    Attributes:
        files: of the repository, the function's own first.
        image_files: what its image is built from.
        is_async: whether the function is.
    """

    files: tuple[SourceFile, ...]
    image_files: tuple[SourceFile, ...] = ()
    is_async: bool = False


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """A code target as it would be deployed.

    Attributes:
        schedules: the names of those that share it, sorted.
    """

    record: TargetRecord
    target: CodeTarget
    source: TargetSource
    schedules: tuple[str, ...]


def read_sources(
    schedules: Iterable[Schedule], reader: CodeReader | None
) -> Mapping[str, TargetSource]:
    """What the code targets of schedules without problems are deployed with, by their keys."""
    found: dict[str, TargetSource] = {}
    for schedule in schedules:
        target = schedule.target
        if reader is None or not isinstance(target, CodeTarget) or target.key in found:
            continue
        module = reader.module(target.path, None)
        definition = None if isinstance(module, Defect) else find_function(module, target.function)
        found[target.key] = TargetSource(
            files=reader.sources(target),
            image_files=reader.image_sources(target.options.image),
            is_async=isinstance(definition, ast.AsyncFunctionDef),
        )
    return found


class KnownTargets(NamedTuple):
    """What is live, as far as names of targets depend on it; see
    :func:`~reconciler.plan.target_names.name_targets`."""

    known: Mapping[str, TargetRecord]
    retired: Mapping[str, str]
    others: frozenset[str]


def plan_targets(
    schedules: Iterable[Schedule],
    sources: Mapping[str, TargetSource],
    app: str,
    runtime: str,
    actual: KnownTargets,
) -> Mapping[str, PlannedTarget]:
    """The code targets of schedules, by their keys.

    Args:
        schedules: sorted by name.
        sources: what each target is deployed with, by key.
        app: our app.
        runtime: the digest of our own code in the containers.
        actual: what is live of them.
    """
    users: dict[str, list[str]] = {}
    targets: dict[str, CodeTarget] = {}
    for schedule in schedules:
        if isinstance(schedule.target, CodeTarget):
            key = schedule.target.key
            targets.setdefault(key, schedule.target)
            users.setdefault(key, []).append(schedule.name)
    names = name_targets(targets.values(), app, actual.known, actual.retired, actual.others)
    return {
        key: PlannedTarget(
            _record(target, names[key], sources[key], runtime),
            target,
            sources[key],
            tuple(users[key]),
        )
        for key, target in targets.items()
    }


def _record(target: CodeTarget, app: str, source: TargetSource, runtime: str) -> TargetRecord:
    return TargetRecord(
        app=app,
        function=target.function,
        code=str(target),
        options=target.options.shown,
        files={file.path: file.digest for file in source.files},
        image_files={file.path: file.digest for file in source.image_files},
        runtime=runtime,
        lingers=GRACE if target.options.retried_by_modal else SUPERVISED,
    )
