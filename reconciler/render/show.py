"""One schedule with all that is known of it, as a person reads it in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from pydantic import Field

from reconciler.cron import instant, tzinfo_named
from reconciler.foreign_text import as_lines, on_one_line
from reconciler.manifest import Location
from reconciler.model.occurrence import format_minute
from reconciler.plan.changes import FIELD_LABELS, value_text
from reconciler.plan.notification_rules import describe_address, describe_alerts, masked
from reconciler.query.run_groups import fold
from reconciler.query.shown_schedule import ShownSchedule
from reconciler.render.document_part import Part
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.line_wrapping import wrapped
from reconciler.render.runs_text import run_json, runs_text
from reconciler.render.style import Style
from reconciler.render.table import WIDEST
from reconciler.render.when_words import when_text

_ELSEWHERE: Final = frozenset(
    {"name", "app", "function", "code", "when", "timezone", "at", "anchor", "suspended", "resumes"}
    | {"alerts", "ping", "formerly", "args"}
)
"""Fields of a record that have words of their own, or that are not keys of a manifest."""


class ShownSlot(Part):
    """A slot that wakes for it."""

    slot: str
    cron: str
    timezone: str


class OriginPart(Part):
    """The apply that made it what it is."""

    commit: str | None
    author: str | None
    at: str


class ShowDocument(Part):
    """What `reconcile show NAME --format json` prints."""

    format: Literal[2] = OUTPUT_FORMAT
    name: str
    suspended: bool
    file: str | None = Field(description="Its manifest in this checkout; null where there is none.")
    line: int | None
    definition: dict[str, Any] = Field(
        description="As it is live. Values of arguments may be secret: only their names are shown."
    )
    slots: list[ShownSlot] = Field(description="The slots that wake for its next occurrence.")
    generation: str
    applied_by: str | None
    applied_at: str | None
    commit: str | None = Field(description="From which the generation was applied.")
    origin: OriginPart | None
    next: list[str]
    runs: list[dict[str, Any]] = Field(description="Its last runs, as `runs` prints them.")


def show_document(found: ShownSchedule, manifest: Location | None) -> ShowDocument:
    """The schedule as JSON.

    Args:
        manifest: where it is declared in this checkout.
    """
    record, pointer, origin = found.record, found.pointer, found.origin
    definition = {key: value for key, value in masked(record).to_json().items() if key != "args"}
    return ShowDocument(
        name=record.name,
        suspended=found.suspended,
        file=None if manifest is None else manifest.file,
        line=None if manifest is None else manifest.line,
        definition={**definition, "arguments": sorted(record.args)},
        slots=[ShownSlot(slot=name, cron=cron, timezone=zone) for name, cron, zone in found.slots],
        generation=found.generation,
        applied_by=None if pointer is None else pointer.by,
        applied_at=None if pointer is None else pointer.at,
        commit=None if pointer is None else pointer.commit,
        origin=None
        if origin is None
        else OriginPart(commit=origin.commit, author=origin.author, at=origin.at),
        next=list(map(format_minute, found.following)),
        runs=[run_json(run) for run in found.runs],
    )


def show_text(
    found: ShownSchedule, manifest: Location | None, style: Style, width: int = WIDEST
) -> str:
    """The schedule, its next occurrences and its last runs.

    Args:
        manifest: where it is declared in this checkout.
        width: characters of a line.
    """
    lines = [style.bold(found.record.name)]
    facts = list(_facts(found, manifest))
    longest = max(len(key) for key, _ in facts)
    for key, value in facts:
        first, *more = wrapped(value, max(20, width - longest - 4)) or [""]
        lines.append(f"  {key:{longest}}  {first}")
        lines += [" " * (longest + 4) + line for line in more]
    lines.append(style.bold("Next"))
    zone = found.record.timezone
    for at in found.following:
        local = instant(at).astimezone(tzinfo_named(zone))
        beside = "" if zone == "UTC" else f"  {local:%Y-%m-%d %H:%M %Z}"
        lines.append(f"  {format_minute(at)}{beside}")
    if not found.following:
        lines.append("  no more")
    lines.append(style.bold("Last runs"))
    if not found.runs:
        lines.append("  none yet")
    else:
        text = runs_text(fold(found.runs), style, width - 2)
        lines += [f"  {line}" for line in text.splitlines()]
    return as_lines(lines)


def _facts(found: ShownSchedule, manifest: Location | None) -> Iterator[tuple[str, str]]:
    record = found.record
    yield "runs", record.code or f"{record.app}/{record.function}"
    if record.at is not None:
        yield "at", format_minute(record.at)
    else:
        yield "when", f"{when_text(record.when)} in {record.timezone}"
    if found.suspended:
        until = "it is resumed" if record.resumes is None else format_minute(record.resumes)
        reason = f": {on_one_line(record.suspended)}" if record.suspended else ""
        yield "suspended", f"until {until}{reason}"
    for key, value in record.to_json().items():
        if key not in _ELSEWHERE:
            yield FIELD_LABELS.get(key, key), value_text(key, value)
    if record.args:
        yield "args", f"{', '.join(sorted(record.args))} (values are not shown)"
    if record.alerts is not None:
        yield "alerts", describe_alerts(record.alerts)
    if record.ping is not None:
        yield "ping", describe_address(record.ping)
    if len(record.names) > 1:
        yield "formerly", ", ".join(record.names[1:])
    yield "manifest", "not in this checkout" if manifest is None else str(manifest)
    for slot in found.slots:
        yield "slot", f"{slot.name}, {slot.cron} ({slot.timezone})"
    if found.origin is not None:
        commit = found.origin.commit
        author = f" by {on_one_line(found.origin.author)}" if found.origin.author else ""
        made = f"from commit {commit[:12]}{author}" if commit else "without a commit"
        yield "since", f"{found.origin.at}, {made}"
    applied = ""
    if found.pointer is not None:
        applied = f", applied by {on_one_line(found.pointer.by)} at {found.pointer.at}"
    yield "generation", f"{found.generation[:12]}{applied}"
