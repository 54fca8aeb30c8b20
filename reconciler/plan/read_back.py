"""What Modal reads back of a deployed function, beside what a code target was deployed with.

Only what was asked for is compared: for the rest Modal's defaults hold, which it may fill in. Of a
pair of memory Modal reads back the limit alone, and of Secrets ids: neither is ever drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.durations import parse_duration
from reconciler.manifest.sizes import mebibytes
from reconciler.model.target_record import TargetRecord
from reconciler.plan.code_targets import GRACE

_SAME_GPU: Final = {"A10G": "A10", "A100": "A100-40GB"}
"""GPUs that Modal names in two ways."""


def asked_for(record: TargetRecord) -> Mapping[str, Any]:
    """What Modal should read back of a target's function."""
    options = record.options
    found: dict[str, Any] = {}
    if "cpu" in options:
        found["cpu"] = options["cpu"]
    if "memory" in options:
        memory = options["memory"]
        found["memory"] = mebibytes(memory[-1] if isinstance(memory, list) else memory)
    if "gpu" in options:
        found["gpu"] = gpus(_counted(written) for written in options["gpu"])
    if "timeout" in options:
        found["timeout"] = round(parse_duration(options["timeout"]).total_seconds())
    if "retries" in options and record.lingers == GRACE:
        found["retries"] = options["retries"]["max"]
    if "region" in options:
        found["region"] = sorted(options["region"])
    if "volumes" in options:
        found["volumes"] = sorted(options["volumes"])
    return found


def gpus(asked: Iterator[tuple[str, int]]) -> list[list[Any]]:
    """GPUs and their numbers, in order; under one name each."""
    plain = ((name.rstrip("!+").upper(), number) for name, number in asked)
    return [[_SAME_GPU.get(name, name), number] for name, number in plain]


def differing(live: Mapping[str, Any], record: TargetRecord) -> Iterator[tuple[str, Any, Any]]:
    """What Modal reads back otherwise: the option, what it should be, and what it is."""
    for key, asked in asked_for(record).items():
        if live.get(key) != asked:
            yield key, asked, live.get(key)


def _counted(written: str) -> tuple[str, int]:
    name, _, number = written.partition(":")
    return name, int(number or 1)
