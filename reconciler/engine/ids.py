"""Object ids in the form that the modal client checks: a two-letter prefix and 22 alphanumerics."""

from __future__ import annotations

import hashlib
import secrets
import string
from enum import StrEnum

_ALPHABET = string.digits + string.ascii_letters
_LENGTH = 22


class IdKind(StrEnum):
    """The prefix of an id, which says its type. The client refuses an id with the wrong prefix."""

    APP = "ap"
    CALL = "fc"
    CLASS = "cs"
    CONTAINER = "ta"
    DEFINITION = "de"
    DICT = "di"
    ENVIRONMENT = "en"
    FUNCTION = "fu"
    IMAGE = "im"
    INPUT = "in"
    MOUNT = "mo"
    PROXY_TOKEN = "wk"  # noqa: S105  # an id prefix, not a password
    SECRET = "st"  # noqa: S105  # an id prefix, not a password
    VOLUME = "vo"


def new_id(kind: IdKind) -> str:
    """A random id of this kind (131 bits)."""
    return f"{kind}-{''.join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))}"


def content_id(kind: IdKind, content: bytes) -> str:
    """The same content always has the same id, so an unchanged deploy has unchanged definitions."""
    number = int.from_bytes(hashlib.sha256(content).digest(), "big")
    digits: list[str] = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return f"{kind}-{''.join(digits)}"
