"""Notifications as texts for people, and as JSON for programs. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reconciler.alerts import BodyFormat
from reconciler.model.generation import Generation
from reconciler.model.outbox import Notification, NotificationKind

ALARM_FORMAT: Final = 1
"""The version of the JSON body: within it, fields are only added."""
SPELLED_OUT: Final = 20
"""Alarms that one text spells out; the rest is counted."""

PING_SUFFIX: Final[Mapping[NotificationKind, str]] = {
    NotificationKind.PING_START: "/start",
    NotificationKind.PING_SUCCESS: "",
    NotificationKind.PING_FAIL: "/fail",
}


def body(notifications: Sequence[Notification], generation: Generation, form: BodyFormat) -> bytes:
    """One POST about these alerts."""
    match form:
        case BodyFormat.SLACK:
            data: dict[str, Any] = {"text": _slack(_text(notifications, generation))}
        case BodyFormat.JSON:
            data = {
                "format": ALARM_FORMAT,
                "environment": generation.environment or None,
                "alarms": [_fields(notification, generation) for notification in notifications],
            }
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace")


def alert_text(notification: Notification, generation: Generation) -> str:
    """What, when, why, and the command that shows more, in one line."""
    return (
        f"{_what(notification, generation)} To look: {look(notification, generation.environment)}"
    )


def look(notification: Notification, environment: str) -> str:
    """The command that shows more."""
    env = f" --env {environment}" if environment else ""
    of_run = notification.kind not in (NotificationKind.OVERDUE, NotificationKind.DAMAGED)
    command = f"runs {notification.subject}" if of_run else "status"
    return f"reconcile {command}{env}"


def _what(notification: Notification, generation: Generation) -> str:
    name, subject, time = (
        notification.name,
        notification.subject,
        notification.subject.rpartition("@")[2],
    )
    why = f": {notification.reason.rstrip('.')}." if notification.reason else "."
    match notification.kind:
        case NotificationKind.FAILURES if notification.count > 1:
            return f"{name} has a streak of {notification.count} failures, last {subject}{why}"
        case NotificationKind.FAILURES:
            return f"{name} failed, {subject}{why}"
        case NotificationKind.MISSED if notification.count > 1:
            since = notification.since
            return f"{name} did not run {notification.count} times, {since} to {time}{why}"
        case NotificationKind.MISSED:
            return f"{name} did not run, {subject} was missed{why}"
        case NotificationKind.WAITING:
            return f"{name} has not started by {notification.since}, {subject} waits{why}"
        case NotificationKind.RECOVERED:
            return f"{name} succeeded again, {subject}; it had failed since {notification.since}."
        case NotificationKind.DAMAGED:
            return f"{name} cannot be read{why}"
        case _:
            cron = next(
                (f" ({s.cron}, {s.timezone})" for s in generation.slots if s.name == name), ""
            )
            return (
                f"Slot {name} should have woken at {time}{cron} and did not; "
                "what it wakes for runs with the next wake."
            )


def _text(notifications: Sequence[Notification], generation: Generation) -> str:
    where = f"[{generation.environment}] " if generation.environment else ""
    if len(notifications) == 1:
        return where + alert_text(notifications[0], generation)
    lines = [
        f"• {alert_text(notification, generation)}" for notification in notifications[:SPELLED_OUT]
    ]
    more = len(notifications) - len(lines)
    if more:
        lines.append(f"• and {more} more.")
    return "\n".join([f"{where}{len(notifications)} alerts:", *lines])


def _slack(text: str) -> str:
    """Slack's three control characters, so that an error text mentions no user."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fields(notification: Notification, generation: Generation) -> dict[str, Any]:
    of_slot, of_damage = (
        notification.kind is NotificationKind.OVERDUE,
        notification.kind is NotificationKind.DAMAGED,
    )
    of_run = not (of_slot or of_damage)
    return {
        "id": notification.id,
        "kind": notification.kind.value,
        "schedule": notification.name if of_run else None,
        "slot": notification.name if of_slot else None,
        "occurrence": notification.subject if of_run else None,
        "where": notification.name if of_damage else None,
        "time": notification.subject.rpartition("@")[2],
        "count": notification.count,
        "since": notification.since,
        "reason": notification.reason,
        "raised": notification.raised,
        "text": alert_text(notification, generation),
        "look": look(notification, generation.environment),
    }
