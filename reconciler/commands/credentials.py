"""What tells Modal's client where Modal is and who asks: cleaned, or refused by its name.

A pasted secret often ends in a line feed. The client would send it as it is, fail, and show the
secret in its error; so it never gets that far. No message repeats a value.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Final
from urllib.parse import urlsplit

from reconciler.errors import ReconcileError
from reconciler.redaction import redacted

VARIABLES: Final = (
    "MODAL_TOKEN_ID",
    "MODAL_TOKEN_SECRET",
    "MODAL_SERVER_URL",
    "MODAL_ENVIRONMENT",
    "MODAL_PROFILE",
    "MODAL_CONFIG_PATH",
    "MODAL_MAX_THROTTLE_WAIT",
    "MODAL_OAUTH_CLIENT_ID",
    "MODAL_OAUTH_CLIENT_SECRET",
    "MODAL_OAUTH_REFRESH_TOKEN",
    "MODAL_DISABLE_API_PROXY",
)
SETTINGS: Final = ("token_id", "token_secret", "server_url", "environment")
"""The same in a profile of Modal's configuration file."""

PASTED: Final = "\ufeff\u200b\u200e\u200f\u2060\u00a0"
"""Characters that come along when text is copied, beside white space."""
QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019"

_TOKENS: Final = {"MODAL_TOKEN_ID": "ak-", "MODAL_TOKEN_SECRET": "as-"}
_FREE: Final = frozenset({"MODAL_CONFIG_PATH", "MODAL_PROFILE"})
"""A path or a name of the user's own may hold any character."""


class CredentialError(ReconcileError):
    """A variable or a profile's setting has a value that Modal's client cannot use."""


def clean_variables(environ: MutableMapping[str, str]) -> None:
    """Take white space off both ends of the client's variables; an empty one is removed.

    Raises:
        CredentialError: what is left cannot be right. Names the variable only.
    """
    for name in VARIABLES:
        value = environ.get(name)
        if value is None:
            continue
        stripped = _stripped(value)
        if not stripped:
            del environ[name]
            continue
        environ[name] = stripped
        if name not in _FREE:
            _check(name, stripped, "Set it again, without that.")
    swapped = [
        name
        for name, prefix in _TOKENS.items()
        for other in _TOKENS.values()
        if other != prefix and environ.get(name, "").startswith(other)
    ]
    if swapped:
        raise CredentialError(
            f"{' and '.join(swapped)} hold{'s' if len(swapped) == 1 else ''} the other part of a "
            "token: MODAL_TOKEN_ID begins with ak-, MODAL_TOKEN_SECRET with as-",
            remedy="Exchange their values.",
        )
    wait = environ.get("MODAL_MAX_THROTTLE_WAIT", "0")
    if not (wait.isascii() and wait.isdigit()):
        raise CredentialError(
            "MODAL_MAX_THROTTLE_WAIT is not a whole number of seconds",
            remedy="Set it to one, such as 60, or leave it out.",
        )


def check_profile() -> None:
    """Make sure that the client's configuration file can be read and holds usable values.

    Raises:
        CredentialError: it cannot, or does not. Names the file and the setting only.
    """
    path = os.environ.get("MODAL_CONFIG_PATH") or "~/.modal.toml"
    try:
        from modal.config import config
    except ImportError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever reading the file raises
        text = " ".join(redacted(str(error)).split())
        raise CredentialError(
            f"the configuration of Modal's client cannot be read: {text}",
            where=path,
            remedy="Correct it, or write a new one: modal token new",
        ) from None
    for setting in SETTINGS:
        value = config.get(setting)
        if isinstance(value, str) and f"MODAL_{setting.upper()}" not in os.environ:
            _check(f"{setting} in {path}", value, "Correct it, or write it anew: modal token new")


def _stripped(value: str) -> str:
    before = None
    while value != before:
        before, value = value, value.strip().strip(PASTED)
    return value


def _check(name: str, value: str, remedy: str) -> None:
    wrong = None
    if value != _stripped(value):
        wrong = "begins or ends in white space"
    elif value[0] in QUOTES or value[-1] in QUOTES:
        wrong = "is in quotes"
    elif not (value.isascii() and value.isprintable()):
        wrong = "holds a character that is not printable ASCII"
    elif " " in value:
        wrong = "holds a space"
    elif "server_url" in name.lower():
        wrong = _wrong_address(value)
    if wrong is not None:
        raise CredentialError(f"{name} {wrong}", remedy=remedy)


def _wrong_address(value: str) -> str | None:
    for url in value.split(","):
        try:
            parts = urlsplit(url.strip())
            known = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
        except ValueError:
            known = False
        if url.startswith("unix:"):
            continue
        if not known:
            return "is not an http or https address with a host"
        if parts.username is not None or ":" in (parts.hostname or ""):
            return "holds a user or an IPv6 address, which Modal's client does not take"
    return None
