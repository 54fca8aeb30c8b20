"""Make a generation and its file, which planning does and no wake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.alerts import Alerts
from reconciler.cron.intervals import is_counted
from reconciler.model.formats import json_line
from reconciler.model.generation import (
    AGENDA_FORMAT,
    HISTORY_DAYS,
    INTERVALS_FORMAT,
    TASK_RESOLUTION,
    Clocks,
    Generation,
    Slot,
)
from reconciler.model.occurrence import format_minute
from reconciler.model.record import Record


def new_generation(
    records: Iterable[Record],
    slots: Iterable[Slot],
    punctuality: int,
    served: Mapping[str, Iterable[str]] | None = None,
    history_days: int = HISTORY_DAYS,
    task_resolution: int | None = None,
    *,
    alerts: Alerts | None = None,
    environment: str = "",
    slots_since: Mapping[str, int] | None = None,
    begun: Mapping[str, int] | None = None,
    rebuilt: Mapping[str, int] | None = None,
    tz: str = "",
    clocks: Clocks | None = None,
) -> Generation:
    """Build a generation whose bytes do not depend on the order of its parts."""
    return Generation(
        records=tuple(sorted(records, key=lambda record: record.name)),
        slots=tuple(sorted(slots)),
        punctuality=punctuality,
        served={name: tuple(sorted(names)) for name, names in (served or {}).items()},
        history_days=history_days,
        task_resolution=task_resolution,
        alerts=alerts,
        environment=environment,
        slots_since=slots_since or {},
        begun=begun or {},
        rebuilt=rebuilt or {},
        tz=tz,
        clocks=clocks,
    )


def encode_generation(generation: Generation) -> bytes:
    """The bytes of a generation's file; equal generations have equal bytes."""
    header: dict[str, Any] = {
        "format": _format(generation.records),
        "history_days": generation.history_days,
        "punctuality": generation.punctuality,
        "schedules": len(generation.records),
        "slots": [
            {
                "cron": slot.cron,
                "name": slot.name,
                "timezone": slot.timezone,
                **_since(generation.slots_since.get(slot.name)),
            }
            for slot in generation.slots
        ],
    }
    if generation.task_resolution is not None:
        header[TASK_RESOLUTION] = generation.task_resolution
    if generation.alerts is not None:
        header["alerts"] = generation.alerts.to_json()
    if generation.environment:
        header["environment"] = generation.environment
    if generation.begun:
        header["begun"] = dict(generation.begun)
    if generation.rebuilt:
        header["rebuilt"] = {name: format_minute(at) for name, at in generation.rebuilt.items()}
    if generation.tz:
        header["tz"] = generation.tz
    lines = [
        json_line(header),
        generation.agenda.times + b"\n",
        generation.agenda.begun + b"\n",
        json_line(_for_planning(generation)),
        *(json_line(record.to_json()) for record in generation.records),
    ]
    return b"".join(lines)


def _format(records: Iterable[Record]) -> int:
    """The oldest format that can say the records, so that an older version reads them if it can."""
    texts = (text for record in records for text in record.when)
    return INTERVALS_FORMAT if any(map(is_counted, texts)) else AGENDA_FORMAT


def _for_planning(generation: Generation) -> dict[str, Any]:
    """The line that no wake parses."""
    line: dict[str, Any] = {
        "served": {name: list(names) for name, names in generation.served.items()}
    }
    if generation.clocks is not None:
        line["clocks"] = {
            "until": format_minute(generation.clocks.until),
            "zones": {
                name: [[format_minute(at), offset] for at, offset in offsets]
                for name, offsets in generation.clocks.offsets.items()
            },
        }
    return line


def _since(at: int | None) -> dict[str, str]:
    return {} if at is None else {"since": format_minute(at)}
