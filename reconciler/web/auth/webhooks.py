"""Messages signed as Standard Webhooks 1.0 (https://www.standardwebhooks.com).

Signed is ``ID.TIMESTAMP.BODY``, by HMAC-SHA256, and nothing else of the request: neither its path
nor its query. The signature header may hold several signatures, so that a sender can sign with the
old and the new key at the same time.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from reconciler.web.auth.credentials import WebhookKey
from reconciler.web.auth.principal import Principal, Proof, Scope

TOLERANCE: Final = 300
"""Seconds by which a message's time may differ from this clock."""
MOST_SIGNATURES: Final = 10
_ID: Final = re.compile(r"[\x21-\x7e]{1,200}")
_SECONDS: Final = re.compile(r"[0-9]{1,12}")


class NotSignedError(Exception):
    """A message is not signed as it has to be.

    Attributes:
        kind: ``signature`` or ``timestamp``.
    """

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


class Message(NamedTuple):
    """A signed message, as its headers and body have it."""

    id: str
    timestamp: str
    signatures: str
    body: bytes


def signer(message: Message, keys: Iterable[WebhookKey], now: datetime) -> Principal:
    """Who signed a message: every key and every signature is compared, each in constant time.

    The scopes are those of all keys that fit.

    Raises:
        NotSignedError: none of our keys did, or not within the last minutes.
    """
    if _ID.fullmatch(message.id) is None or _SECONDS.fullmatch(message.timestamp) is None:
        raise NotSignedError("signature", "webhook-id or webhook-timestamp is malformed")
    presented = _presented(message.signatures)
    content = f"{message.id}.{message.timestamp}.".encode() + message.body
    found = [
        key
        for key in keys
        for one in presented
        if hmac.compare_digest(hmac.new(key.key, content, sha256).digest(), one)
    ]
    if not found:
        raise NotSignedError("signature", "no signature fits this body, id and time")
    if abs(now.timestamp() - int(message.timestamp)) > TOLERANCE:
        raise NotSignedError(
            "timestamp", f"the message was signed more than {TOLERANCE} s from now"
        )
    scopes: frozenset[Scope] = frozenset().union(*(key.scopes for key in found))
    return Principal(found[0].name, Proof.WEBHOOK, scopes)


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature header of a message."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, content, sha256).digest()).decode()}"


def _presented(header: str) -> list[bytes]:
    found = []
    for one in header.split(" ")[:MOST_SIGNATURES]:
        version, _, text = one.partition(",")
        if version != "v1":
            continue
        try:
            found.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found
