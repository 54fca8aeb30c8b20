"""E-mail over real SMTP: what a mail server gets, and how SMTP goes wrong."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from reconciler.alerts import Address
from reconciler.dispatch.adapters.http_messenger import HttpMessenger
from reconciler.dispatch.answers import UnsentError

USER, PASSWORD = "jobs@example.com", "p@ss word"
LOGIN = "jobs%40example.com:p%40ss%20word@"
MAIL = b"To: oncall@example.com, lead@example.com\r\nSubject: nightly failed\r\n\r\nno rows\r\n"


@dataclass
class Mailbox:
    """What the server took; the first recipients that it refuses."""

    refused: tuple[str, ...] = ()
    taken: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: object, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: object, _session: object, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.taken.append(message_from_bytes(envelope.content, policy=modern))
        return "250 OK"


def logged_in(
    _server: object, _session: object, _envelope: object, _how: str, data: object
) -> AuthResult:
    assert isinstance(data, LoginPassword)
    is_known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_known, handled=False)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def serve(
    mailbox: Mailbox, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], int]]:
    """Start a mail server: ``smtps``, ``starttls`` or ``plain``; returns its port."""
    authority = trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ExitStack() as servers:

        def start(kind: str) -> int:
            port = free_port()
            options: dict[str, Any] = {} if kind == "plain" else {"authenticator": logged_in}
            if kind == "smtps":
                options |= {"ssl_context": context, "auth_require_tls": False}
            elif kind == "starttls":
                options |= {"tls_context": context}
            server = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
            server.start()
            servers.callback(server.stop)
            return port

        yield start


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def sent(url: str, content: bytes = MAIL) -> None:
    asyncio.run(HttpMessenger().send(Address(url=url, email=("oncall@example.com",)), "", content))


def refusal(url: str) -> UnsentError:
    with pytest.raises(UnsentError) as caught:
        sent(url)
    return caught.value


@pytest.mark.parametrize(("kind", "scheme"), [("smtps", "smtps"), ("starttls", "smtp")])
def test_an_email_goes_to_all_recipients_over_an_encrypted_connection(
    kind: str, scheme: str, serve: Callable[[str], int], mailbox: Mailbox
) -> None:
    sent(f"{scheme}://{LOGIN}127.0.0.1:{serve(kind)}")
    (mail,) = mailbox.taken
    assert (mail["From"], mail["To"]) == (USER, "oncall@example.com, lead@example.com")
    assert (mail["Subject"], mail.get_content()) == ("nightly failed", "no rows\r\n")
    assert mail["Date"].datetime is not None


def test_a_second_attempt_has_the_same_message_id(
    serve: Callable[[str], int], mailbox: Mailbox
) -> None:
    url = f"smtps://{LOGIN}127.0.0.1:{serve('smtps')}"
    sent(url)
    sent(url)
    sent(url, MAIL.replace(b"no rows", b"no table"))
    first, again, other = (mail["Message-ID"] for mail in mailbox.taken)
    assert first == again != other


def test_the_sender_may_be_another_than_the_user(
    serve: Callable[[str], int], mailbox: Mailbox
) -> None:
    sent(f"smtps://{LOGIN}127.0.0.1:{serve('smtps')}?from=alerts@example.com")
    assert mailbox.taken[0]["From"] == "alerts@example.com"


def test_a_relay_without_a_login_may_be_without_encryption(
    serve: Callable[[str], int], mailbox: Mailbox
) -> None:
    sent(f"smtp://127.0.0.1:{serve('plain')}?from=alerts@example.com")
    assert len(mailbox.taken) == 1


def test_a_password_is_never_sent_over_an_unencrypted_connection(
    serve: Callable[[str], int], mailbox: Mailbox
) -> None:
    error = refusal(f"smtp://{LOGIN}127.0.0.1:{serve('plain')}")
    assert str(error) == "the mail server did not take it: SMTPNotSupportedError"
    assert mailbox.taken == []


def test_a_wrong_password_is_named_by_the_servers_code(serve: Callable[[str], int]) -> None:
    error = refusal(f"smtps://jobs%40example.com:wrong@127.0.0.1:{serve('smtps')}")
    assert (str(error), error.answered) == ("the mail server answered 535", True)


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (("lead@example.com",), "the mail server refused lead@example.com"),
        (("lead@example.com", "oncall@example.com"), "the mail server refused every recipient"),
    ],
)
def test_a_refused_recipient_is_named(
    refused: tuple[str, ...], reason: str, serve: Callable[[str], int], mailbox: Mailbox
) -> None:
    mailbox.refused = refused
    assert str(refusal(f"smtps://{LOGIN}127.0.0.1:{serve('smtps')}")) == reason


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("smtps://mail.example.com", "its address names no sender: add ?from=jobs@example.com"),
        ("smtps://a@mail.example.com:99999", "its address is not a URL"),
        ("https://mail.example.com", "its address is neither smtp nor smtps"),
        ("smtps://a%40b@127.0.0.1:1", "it cannot be reached: Connection refused"),
    ],
)
def test_an_unusable_mail_server_says_why_and_never_its_address(url: str, reason: str) -> None:
    assert str(refusal(url)) == reason
