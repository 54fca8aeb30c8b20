"""Notices as they are read aloud, and as programs read them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reconciler.alerts import BodyFormat
from reconciler.model.generation import Generation
from reconciler.model.outbox import Notice, NoticeKind

ALARM_FORMAT: Final = 1
"""The version of the JSON body: within it, fields are only added."""
SPELLED_OUT: Final = 20
"""Alarms that one text spells out; the rest is counted."""

PING_SUFFIX: Final[Mapping[NoticeKind, str]] = {
    NoticeKind.PING_START: "/start",
    NoticeKind.PING_SUCCESS: "",
    NoticeKind.PING_FAIL: "/fail",
}


def body(notices: Sequence[Notice], generation: Generation, form: BodyFormat) -> bytes:
    """One POST about these alarms."""
    match form:
        case BodyFormat.SLACK:
            data: dict[str, Any] = {"text": _slack(_text(notices, generation))}
        case BodyFormat.JSON:
            data = {
                "format": ALARM_FORMAT,
                "environment": generation.environment or None,
                "alarms": [_fields(notice, generation) for notice in notices],
            }
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace")


def alarm_text(notice: Notice, generation: Generation) -> str:
    """What, when, why, and how to look, in one line."""
    return f"{_what(notice, generation)} To look: {look(notice, generation.environment)}"


def look(notice: Notice, environment: str) -> str:
    """The command that shows more."""
    env = f" --env {environment}" if environment else ""
    of_run = notice.kind not in (NoticeKind.OVERDUE, NoticeKind.DAMAGED)
    command = f"runs {notice.subject}" if of_run else "status"
    return f"reconcile {command}{env}"


def _what(notice: Notice, generation: Generation) -> str:
    name, subject, time = notice.name, notice.subject, notice.subject.rpartition("@")[2]
    why = f": {notice.reason.rstrip('.')}." if notice.reason else "."
    match notice.kind:
        case NoticeKind.FAILURES if notice.count > 1:
            return f"{name} failed {notice.count} times in a row, last {subject}{why}"
        case NoticeKind.FAILURES:
            return f"{name} failed, {subject}{why}"
        case NoticeKind.MISSED if notice.count > 1:
            return f"{name} did not run {notice.count} times, {notice.since} to {time}{why}"
        case NoticeKind.MISSED:
            return f"{name} did not run, {subject} was missed{why}"
        case NoticeKind.RECOVERED:
            return f"{name} succeeded again, {subject}; it had failed since {notice.since}."
        case NoticeKind.DAMAGED:
            return f"{name} cannot be read{why}"
        case _:
            cron = next(
                (f" ({s.cron}, {s.timezone})" for s in generation.slots if s.name == name), ""
            )
            return (
                f"Slot {name} should have woken at {time}{cron} and did not; "
                "what it wakes for runs with the next wake."
            )


def _text(notices: Sequence[Notice], generation: Generation) -> str:
    where = f"[{generation.environment}] " if generation.environment else ""
    if len(notices) == 1:
        return where + alarm_text(notices[0], generation)
    lines = [f"• {alarm_text(notice, generation)}" for notice in notices[:SPELLED_OUT]]
    more = len(notices) - len(lines)
    if more:
        lines.append(f"• and {more} more.")
    return "\n".join([f"{where}{len(notices)} alarms:", *lines])


def _slack(text: str) -> str:
    """Slack's three control characters, so that an error text mentions nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fields(notice: Notice, generation: Generation) -> dict[str, Any]:
    of_slot, of_damage = notice.kind is NoticeKind.OVERDUE, notice.kind is NoticeKind.DAMAGED
    of_run = not (of_slot or of_damage)
    return {
        "id": notice.id,
        "kind": notice.kind.value,
        "schedule": notice.name if of_run else None,
        "slot": notice.name if of_slot else None,
        "occurrence": notice.subject if of_run else None,
        "where": notice.name if of_damage else None,
        "time": notice.subject.rpartition("@")[2],
        "count": notice.count,
        "since": notice.since,
        "reason": notice.reason,
        "raised": notice.raised,
        "text": alarm_text(notice, generation),
        "look": look(notice, generation.environment),
    }
