"""Keys of Standard Webhooks 1.0, as a Modal Secret holds them for the HTTP API."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterable
from typing import Final

WEBHOOK_PREFIX: Final = "WEB_WEBHOOK_"
"""How the entry of a Secret begins that holds a key."""
KEY_PREFIX: Final = "whsec_"


def new_webhook_key() -> str:
    """A key of Standard Webhooks with 256 random bits."""
    return KEY_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def webhook_entry(name: str, key: str, scopes: Iterable[str]) -> tuple[str, str]:
    """Key and value of the Secret's entry for a webhook key. The value holds the key itself: who
    checks a signature needs it."""
    return entry_key(WEBHOOK_PREFIX, name), f"{','.join(sorted(scopes))} {key}"


def entry_key(prefix: str, name: str) -> str:
    """The key of an entry of the Secret."""
    return prefix + re.sub(r"[^A-Za-z0-9]", "_", name).upper()
