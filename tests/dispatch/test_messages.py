"""The texts of alerts: one message for each recipient, alike failures in one line."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default as modern

import pytest

from reconciler.alerts import Address, BodyFormat, Recipient
from reconciler.dispatch.decide.messages import body
from reconciler.model.generation import Generation, new_generation
from reconciler.model.outbox import Notification, NotificationKind

HOOK = Address(url="https://example.com/hook")
MARKUP = "[click](https://evil.example) **now** <b>\n"


def generation() -> Generation:
    return new_generation((), (), 300, environment="production")


def failure(name: str, reason: str = "ValueError: no rows", kind: str = "failures") -> Notification:
    return Notification(
        kind=NotificationKind(kind),
        name=name,
        subject=f"{name}@2026-11-20T06:00Z",
        reason=reason,
        raised="2026-11-20T06:01:00Z",
    )


def text(*notifications: Notification) -> str:
    sent = json.loads(body(notifications, generation(), Recipient(HOOK)))
    assert isinstance(sent["text"], str)
    return sent["text"]


def test_three_schedules_that_fail_with_one_error_are_one_line() -> None:
    shown = text(*(failure(name) for name in "abc"), failure("d", "KeyError: 'x'"))
    title, alike, other = shown.splitlines()
    assert title == "[production] 4 alerts:"
    assert alike == (
        "• 3 schedules failed with the same error: ValueError: no rows. They are a, b, c. "
        "To look: reconcile status --env production"
    )
    assert other == (
        "• d failed, d@2026-11-20T06:00Z: KeyError: 'x'. "
        "To look: reconcile runs d@2026-11-20T06:00Z --env production"
    )


def test_two_are_named_one_by_one() -> None:
    assert text(failure("a"), failure("b")).count("To look: reconcile runs") == 2


def test_misses_for_one_reason_are_one_line_and_not_mixed_with_failures() -> None:
    late = "no wake came before its deadline"
    shown = text(*(failure(f"s{n}", late, "missed") for n in range(12)), failure("a", late))
    assert "• 12 schedules were missed for the same reason: no wake came" in shown
    assert "s0, s1, s2, s3, s4, s5, s6, s7, s8, s9 and 2 more" in shown
    assert "• a failed" in shown


def test_a_recovery_is_never_grouped() -> None:
    shown = text(*(failure(name, "", "recovered") for name in "abc"))
    assert shown.count("succeeded again") == 3


def test_teams_gets_an_adaptive_card_whose_text_is_no_markup() -> None:
    sent = body([failure("a", MARKUP)], generation(), Recipient(HOOK, BodyFormat.TEAMS))
    message = json.loads(sent)
    (attachment,) = message["attachments"]
    card = attachment["content"]
    assert message["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    runs = [run["text"] for block in card["body"] for run in block["inlines"]]
    assert "[click](https://evil.example) **now** <b>" in "\n".join(runs)


def test_a_card_for_many_alerts_stays_below_the_28_kb_that_teams_takes() -> None:
    many = [failure(f"{n:03}-{'x' * 46}", f"{n} {'e' * 200}") for n in range(500)]
    assert len(body(many, generation(), Recipient(HOOK, BodyFormat.TEAMS))) < 28_000


def test_an_email_has_a_subject_for_a_phone_and_no_sender_of_ours() -> None:
    to = Recipient(Address(secret="mail", key="SMTP_URL", email=("a@example.com", "b@example.com")))
    mail = message_from_bytes(body([failure("nightly")], generation(), to), policy=modern)
    assert mail["Subject"] == "[production] nightly failed"
    assert mail["To"] == "a@example.com, b@example.com"
    assert mail["From"] is None
    assert "nightly failed, nightly@2026-11-20T06:00Z: ValueError: no rows." in mail.get_content()
    several = message_from_bytes(
        body([failure("a"), failure("b")], generation(), to), policy=modern
    )
    assert several["Subject"] == "[production] 2 alerts"


@pytest.mark.parametrize("hostile", ["\r\nBcc: x@evil.example", "\udcff", "ü € 😀"])
def test_an_error_text_adds_no_header(hostile: str) -> None:
    to = Recipient(Address(secret="mail", key="SMTP_URL", email=("a@example.com",)))
    content = body([failure("nightly", f"boom{hostile}")], generation(), to)
    mail = message_from_bytes(content, policy=modern)
    assert mail["Bcc"] is None
    assert "boom" in mail.get_content()
