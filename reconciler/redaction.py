"""Masks secrets in texts that are printed or stored."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Final

MASK: Final = "***"

SHORTEST: Final = 8
"""Shorter values are not masked: that would make messages unreadable."""

_NAMED: Final = re.compile(r"(TOKEN|TOKEN_ID|SECRET|PASSWORD|PASSWD|API_KEY|JWT_KEY)$")
"""The ends of the names of environment variables whose values are secret."""
_MODAL_TOKEN: Final = re.compile(r"\b(a[ks])-[A-Za-z0-9]{8,}")
_USER_INFO: Final = re.compile(r"(?<=://)[^/\s@'\"]+@")
"""A user and password in a URL."""


_TAKEN: Final[set[str]] = set()
"""Names of environment variables whose values are secret because the settings say so."""


def keep_secret(names: Iterable[str]) -> None:
    """Mask the values of these environment variables too, from now on in this process."""
    _TAKEN.update(names)


def redacted(text: str) -> str:
    """The text with every recognised secret masked.

    Recognised are the values of environment variables with names such as ``…_TOKEN`` and of those
    that are to be kept secret, Modal's tokens, and the user and password of a URL.
    """
    for name, value in os.environ.items():
        if name not in _TAKEN and not _NAMED.search(name.upper()):
            continue
        for form in {value, value.strip()}:
            if len(form) >= SHORTEST:
                text = text.replace(form, MASK).replace(repr(form)[1:-1], MASK)
    text = _MODAL_TOKEN.sub(rf"\1-{MASK}", text)
    return _USER_INFO.sub(f"{MASK}@", text)
