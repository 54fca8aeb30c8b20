"""E-mail by SMTP, with the standard library alone."""

from __future__ import annotations

import smtplib
import ssl
from email import message_from_bytes
from email.policy import SMTP as WIRE
from email.utils import formatdate
from hashlib import sha256
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from reconciler.dispatch.answers import UnsentError

PORTS: Final = {"smtps": smtplib.SMTP_SSL_PORT, "smtp": 587}
"""RFC 8314: implicit TLS, and submission."""


def deliver(url: str, content: bytes, silence: float) -> None:
    """Hand an e-mail over to a mail server.

    Args:
        url: ``smtps://user:password@host:465``, or ``smtp://…:587`` with STARTTLS. ``?from=`` names
            the sender; default: the user.
        content: the message, without ``From``, ``Date`` and ``Message-ID``.
        silence: seconds that the server may be silent for.

    Raises:
        UnsentError: it was not taken, at least not for all. No error repeats the URL.
    """
    try:
        server = urlsplit(url)
        port = server.port or PORTS[server.scheme]
    except ValueError:
        raise UnsentError("its address is not a URL") from None
    user, password = unquote(server.username or ""), unquote(server.password or "")
    sender = parse_qs(server.query).get("from", [user])[0]
    if "@" not in sender:
        raise UnsentError("its address names no sender: add ?from=jobs@example.com")
    message = message_from_bytes(content, policy=WIRE)
    message["From"] = sender
    message["Date"] = formatdate()
    # The same for each attempt to send it, so that a mailbox can drop a duplicate.
    message["Message-ID"] = f"<{sha256(content).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"
    try:
        with _connected(server, port, silence) as connection:
            if user:
                connection.login(user, password)
            refused = connection.send_message(message)
    except smtplib.SMTPResponseException as error:
        raise UnsentError(f"the mail server answered {error.smtp_code}", answered=True) from None
    except smtplib.SMTPRecipientsRefused:
        raise UnsentError("the mail server refused every recipient", answered=True) from None
    except smtplib.SMTPException as error:
        raise UnsentError(f"the mail server did not take it: {type(error).__name__}") from None
    except TimeoutError:
        raise UnsentError(f"no answer within {silence:g} s") from None
    except OSError as error:
        raise UnsentError(
            f"it cannot be reached: {error.strerror or type(error).__name__}"
        ) from None
    if refused:
        raise UnsentError(f"the mail server refused {', '.join(sorted(refused))}", answered=True)


def _connected(server: SplitResult, port: int, silence: float) -> smtplib.SMTP:
    """An encrypted connection; one without a user may be to a relay that offers no encryption."""
    host, tls = server.hostname or "", ssl.create_default_context()
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=silence, context=tls)
    connection = smtplib.SMTP(host, port, timeout=silence)
    try:
        connection.ehlo()
        if connection.has_extn("starttls") or server.username:
            connection.starttls(context=tls)
    except BaseException:
        connection.close()
        raise
    return connection
