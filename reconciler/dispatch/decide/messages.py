"""Notifications as texts for people, and as JSON for programs. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reconciler.alerts import BodyFormat, Recipient
from reconciler.model.generation import Generation
from reconciler.model.outbox import Notification, NotificationKind

ALARM_FORMAT: Final = 1
"""The version of the JSON body: within it, fields are only added."""
SPELLED_OUT: Final = 20
"""Alarms and groups of them that one text spells out; the rest is counted."""
GROUPED_FROM: Final = 3
"""From so many schedules on, the same reason is one line, as in ``status`` and on the dashboard."""
NAMED: Final = 10
"""Schedules that the line of a group names."""
_OF_NO_RUN: Final = (NotificationKind.OVERDUE, NotificationKind.DAMAGED, NotificationKind.TEST)
_GROUPED: Final = (NotificationKind.FAILURES, NotificationKind.MISSED)

_VERBS: Final[Mapping[NotificationKind, str]] = {
    NotificationKind.FAILURES: "failed",
    NotificationKind.MISSED: "was missed",
    NotificationKind.WAITING: "still waits",
    NotificationKind.RECOVERED: "succeeded again",
    NotificationKind.OVERDUE: "did not wake",
    NotificationKind.DAMAGED: "cannot be read",
    NotificationKind.TEST: "alert",
}
PING_SUFFIX: Final[Mapping[NotificationKind, str]] = {
    NotificationKind.PING_START: "/start",
    NotificationKind.PING_SUCCESS: "",
    NotificationKind.PING_FAIL: "/fail",
}


def body(
    notifications: Sequence[Notification], generation: Generation, recipient: Recipient
) -> bytes:
    """One message about these alerts: the body of a POST, or an e-mail without its sender."""
    if recipient.address.email:
        return _email(notifications, generation, recipient.address.email)
    match recipient.format:
        case BodyFormat.SLACK:
            data: dict[str, Any] = {"text": _slack(_text(notifications, generation))}
        case BodyFormat.TEAMS:
            data = _card(_text(notifications, generation))
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
    command = "status" if notification.kind in _OF_NO_RUN else f"runs {notification.subject}"
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
            return (
                f"{name} has not started by {notification.since}, {subject} {notification.reason}."
            )
        case NotificationKind.RECOVERED:
            return f"{name} succeeded again, {subject}; it had failed since {notification.since}."
        case NotificationKind.DAMAGED:
            return f"{name} cannot be read{why}"
        case NotificationKind.TEST:
            return "This is a test alert: alerts arrive here. Nothing is wrong."
        case _ if generation.worker is not None and generation.worker.source == name:
            return (
                f"The Worker {name} should have asked for a wake at {time} and did not; Modal's "
                "crons wake for it meanwhile."
            )
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
    groups = _alike(notifications)
    lines = [f"• {_group_text(group, generation)}" for group in groups[:SPELLED_OUT]]
    more = sum(map(len, groups[SPELLED_OUT:]))
    if more:
        lines.append(f"• and {more} more.")
    return "\n".join([f"{where}{len(notifications)} alerts:", *lines])


def _alike(notifications: Sequence[Notification]) -> list[list[Notification]]:
    """Failures and misses for one reason together, if they are enough; the others alone."""
    by_reason: dict[tuple[NotificationKind, str | None], list[Notification]] = {}
    for notification in notifications:
        by_reason.setdefault((notification.kind, notification.reason), []).append(notification)
    groups: list[list[Notification]] = []
    for (kind, reason), group in by_reason.items():
        is_group = kind in _GROUPED and reason is not None and len(group) >= GROUPED_FROM
        groups.extend([group] if is_group else [[one] for one in group])
    return groups


def _group_text(group: Sequence[Notification], generation: Generation) -> str:
    if len(group) == 1:
        return alert_text(group[0], generation)
    names = [notification.name for notification in group]
    named = ", ".join(names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    env = f" --env {generation.environment}" if generation.environment else ""
    reason = (group[0].reason or "").rstrip(".")
    is_failure = group[0].kind is NotificationKind.FAILURES
    verb = "failed with the same error" if is_failure else "were missed for the same reason"
    return (
        f"{len(group)} schedules {verb}: {reason}. They are {named}{more}. "
        f"To look: reconcile status{env}"
    )


def _email(
    notifications: Sequence[Notification], generation: Generation, to: Sequence[str]
) -> bytes:
    from email.message import EmailMessage  # start-up time: few send any
    from email.policy import SMTP

    message = EmailMessage(policy=SMTP)
    message["To"] = ", ".join(to)
    where = f"[{generation.environment}] " if generation.environment else ""
    first, *more = notifications
    one = f"{first.name} {_VERBS[first.kind]}"
    message["Subject"] = f"{where}{f'{len(notifications)} alerts' if more else one}"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic reply
    text = _text(notifications, generation).encode("utf-8", "backslashreplace").decode()
    message.set_content(text)
    return message.as_bytes()


def _card(text: str) -> dict[str, Any]:
    """A message with an adaptive card, as the workflows of Microsoft Teams take it."""
    # Unlike a TextBlock, a RichTextBlock reads no Markdown in an error text.
    blocks = [
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": line}]}
        for line in text.split("\n")
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    content_type = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": content_type, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _slack(text: str) -> str:
    """Slack's three control characters, so that an error text mentions no user."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fields(notification: Notification, generation: Generation) -> dict[str, Any]:
    of_slot, of_damage = (
        notification.kind is NotificationKind.OVERDUE,
        notification.kind is NotificationKind.DAMAGED,
    )
    of_run = notification.kind not in _OF_NO_RUN
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
