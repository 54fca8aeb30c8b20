"""Checks the variables and settings from which Modal's client takes its address and credentials.

A pasted secret often ends in a line feed. The client would send it unchanged, fail, and show the
secret in its error. So values are stripped or refused first. No message quotes a value.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import redirect_stdout
from io import StringIO
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
"""The corresponding settings in a profile of Modal's configuration file."""

PASTED: Final = "\ufeff\u200b\u200e\u200f\u2060\u00a0"
"""Invisible characters that copied text often contains, besides white space."""
QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019"

_TOKENS: Final = {"MODAL_TOKEN_ID": "ak-", "MODAL_TOKEN_SECRET": "as-"}
_FREE: Final = frozenset({"MODAL_CONFIG_PATH", "MODAL_PROFILE"})
"""Paths and names that users choose may contain any character."""


class CredentialError(ReconcileError):
    """A variable or a profile's setting has a value that Modal's client cannot use."""


def clean_variables(environ: MutableMapping[str, str]) -> None:
    """Strip white space from the client's variables, and remove empty ones.

    Raises:
        CredentialError: a stripped value is invalid. The message names only the variable.
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
            _check(name, stripped)
    swapped = [
        name
        for name, prefix in _TOKENS.items()
        for other in _TOKENS.values()
        if other != prefix and environ.get(name, "").startswith(other)
    ]
    if swapped:
        raise CredentialError(
            f"{' and '.join(swapped)} contain{'s' if len(swapped) == 1 else ''} the other part of "
            "a token: MODAL_TOKEN_ID begins with ak-, MODAL_TOKEN_SECRET with as-",
            remedy="Swap their values.",
        )
    wait = environ.get("MODAL_MAX_THROTTLE_WAIT", "0")
    if not (wait.isascii() and wait.isdigit()):
        raise CredentialError(
            "MODAL_MAX_THROTTLE_WAIT is not a whole number of seconds",
            remedy="Set it to a number such as 60, or unset it.",
        )


def check_profile() -> None:
    """Check that the client's configuration file is readable and its values are valid.

    Raises:
        CredentialError: it is not. The message names only the file and the setting.
    """
    path = os.environ.get("MODAL_CONFIG_PATH") or "~/.modal.toml"
    try:
        # If the client cannot be imported, it prints a box that points to Modal's support.
        with redirect_stdout(StringIO()):
            from modal.config import config
    except ImportError:
        raise
    except Exception as error:  # noqa: BLE001 - reading the file may raise anything
        text = " ".join(redacted(str(error)).split())
        raise CredentialError(
            f"the configuration of Modal's client cannot be read: {text}",
            where=path,
            remedy="Correct it, or write a new one: modal token new",
        ) from None
    _check_other_variables(config.get)
    for setting in SETTINGS:
        value = config.get(setting)
        if isinstance(value, str) and f"MODAL_{setting.upper()}" not in os.environ:
            _check(f"{setting} in {path}", value)


def _stripped(value: str) -> str:
    before = None
    while value != before:
        before, value = value, value.strip().strip(PASTED)
    return value


def check_log_level(environ: Mapping[str, str]) -> None:
    """Check the log level: importing Modal's client fails with an unknown one.

    Raises:
        CredentialError: MODAL_LOGLEVEL is not a log level.
    """
    known = logging.getLevelNamesMapping()
    level = environ.get("MODAL_LOGLEVEL")
    if level is not None and level.upper() not in known:
        raise CredentialError(
            "MODAL_LOGLEVEL is not a log level",
            remedy="Set it to DEBUG, INFO, WARNING or ERROR, or unset it.",
        )


def _check_other_variables(read: Callable[[str], object]) -> None:
    """Check the client's other variables by letting the client read them."""
    for name in sorted(os.environ):
        if not name.startswith("MODAL_"):
            continue
        try:
            read(name.removeprefix("MODAL_").lower())
        except KeyError:
            continue  # not a setting of the client
        except Exception:  # noqa: BLE001 - the client may raise anything for an invalid value
            raise CredentialError(
                f"{name} has a value that Modal's client cannot use",
                remedy="Correct it, or unset it.",
            ) from None


def _check(name: str, value: str) -> None:
    wrong = None
    if value != _stripped(value):
        wrong = "begins or ends with white space", "Remove the white space around it."
    elif value[0] in QUOTES or value[-1] in QUOTES:
        wrong = "is in quotes", "Remove the quotes."
    elif not (value.isascii() and value.isprintable()):
        wrong = (
            "contains a character that is not printable ASCII",
            "Type it by hand, or copy it again from Modal's dashboard.",
        )
    elif " " in value:
        wrong = "contains a space", "Write the value without spaces."
    elif "server_url" in name.lower():
        wrong = _wrong_address(value)
    if wrong is not None:
        raise CredentialError(f"{name} {wrong[0]}", remedy=wrong[1])


def _wrong_address(value: str) -> tuple[str, str] | None:
    """The problem of a server address, and what to write instead; None if it is valid."""
    for url in value.split(","):
        try:
            parts = urlsplit(url.strip())
            known = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
        except ValueError:
            known = False
        if url.startswith("unix:"):
            continue
        if not known:
            return (
                "is not an http or https address with a host",
                "Write it as https://api.modal.com, or unset it: that is the default.",
            )
        if parts.username is not None or ":" in (parts.hostname or ""):
            return (
                "contains a user or an IPv6 address, which Modal's client does not accept",
                "Write only the scheme, a host name or IPv4 address, and the port.",
            )
    return None
