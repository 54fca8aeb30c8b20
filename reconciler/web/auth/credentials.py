"""The credentials that the application accepts, as a Modal Secret holds them.

=========================  =====================================================================
entry of the Secret        value
=========================  =====================================================================
``WEB_TOKEN_GRAFANA``      ``read sha256:9f86d081…``: scopes, joined by commas, and the SHA-256 of
                           a token with 256 random bits
``WEB_WEBHOOK_WORKER``     ``wake,trigger whsec_MfKQ9r8G…``: scopes, and a key of Standard Webhooks
``WEB_COOKIE_KEY``         random text of at least 32 characters, with which sessions are signed
=========================  =====================================================================

Several entries of one kind are valid at the same time, so that keys rotate: add the new one, change
the clients, remove the old one. ``WEB_COOKIE_KEY`` may also end in a name; the first by name signs.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from reconciler.errors import ReconcileError
from reconciler.web.auth.principal import EVERY_SCOPE, Principal, Proof, Scope
from reconciler.webhook_keys import KEY_PREFIX, WEBHOOK_PREFIX, entry_key
from reconciler.words import suggestion

TOKEN_PREFIX: Final = "WEB_TOKEN_"  # noqa: S105 - the name of an entry
COOKIE_PREFIX: Final = "WEB_COOKIE_KEY"
SHORTEST_KEY: Final = 24
"""Bytes of a webhook key, as Standard Webhooks 1.0 asks for."""
SHORTEST_COOKIE_KEY: Final = 32
START: Final = "start"
"""The name of the token that ``reconcile dashboard`` makes when it starts."""

_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})")
_EXAMPLE: Final = "`read,jobs sha256:…`, as `reconcile dashboard token` prints it"


class CredentialsError(ReconcileError):
    """An entry of the Secret is wrong. Never shows its value."""


class BearerToken(NamedTuple):
    """A bearer token, of which only the digest is known."""

    name: str
    digest: bytes
    scopes: frozenset[Scope]

    @property
    def principal(self) -> Principal:
        """The sender of a request with this token."""
        return Principal(self.name, Proof.TOKEN, self.scopes)


class WebhookKey(NamedTuple):
    """A key of Standard Webhooks 1.0."""

    name: str
    key: bytes
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class Credentials:
    """All that the application accepts but Cloudflare's JWTs."""

    tokens: tuple[BearerToken, ...] = ()
    webhook_keys: tuple[WebhookKey, ...] = ()
    cookie_keys: tuple[bytes, ...] = ()

    def token(self, presented: str) -> BearerToken | None:
        """The token that was presented; None when it is none of ours.

        Every digest is compared, each in constant time.
        """
        digest = sha256(presented.encode("utf-8", "surrogatepass")).digest()
        found = [one for one in self.tokens if hmac.compare_digest(one.digest, digest)]
        return found[0] if found else None


def credentials_of(secret: Mapping[str, str]) -> Credentials:
    """The credentials in the entries of a Secret; other entries are ignored.

    Raises:
        CredentialsError: an entry is wrong.
    """
    return Credentials(
        tuple(_tokens(_entries(secret, TOKEN_PREFIX))),
        tuple(_webhook_keys(_entries(secret, WEBHOOK_PREFIX))),
        tuple(_cookie_keys(_entries(secret, COOKIE_PREFIX))),
    )


def of_token(token: str) -> Credentials:
    """The credentials of an application that one token of every scope opens."""
    digest = sha256(token.encode()).digest()
    return Credentials((BearerToken(START, digest, EVERY_SCOPE),), (), (secrets.token_bytes(32),))


def new_token() -> str:
    """A token of 256 random bits. They make a slow hash needless."""
    return secrets.token_urlsafe(32)


def token_entry(name: str, token: str, scopes: Iterable[Scope]) -> tuple[str, str]:
    """Key and value of the Secret's entry for a token."""
    digest = sha256(token.encode()).hexdigest()
    return entry_key(TOKEN_PREFIX, name), f"{','.join(sorted(scopes))} sha256:{digest}"


def _entries(secret: Mapping[str, str], prefix: str) -> Iterator[tuple[str, str]]:
    return ((key, secret[key]) for key in sorted(secret) if key.startswith(prefix))


def _tokens(entries: Iterator[tuple[str, str]]) -> Iterator[BearerToken]:
    for key, value in entries:
        scopes, _, digest = value.strip().partition(" ")
        found = _DIGEST.fullmatch(digest.strip())
        if found is None:
            raise _wrong(key, f"the SHA-256 of a token is expected: {_EXAMPLE}")
        name = key.removeprefix(TOKEN_PREFIX).lower()
        yield BearerToken(name, bytes.fromhex(found[1]), _scopes(key, scopes))


def _webhook_keys(entries: Iterator[tuple[str, str]]) -> Iterator[WebhookKey]:
    for key, value in entries:
        scopes, _, text = value.strip().partition(" ")
        try:
            secret = base64.b64decode(text.strip().removeprefix(KEY_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if not text.strip().startswith(KEY_PREFIX) or len(secret) < SHORTEST_KEY:
            raise _wrong(
                key,
                f"`wake,trigger {KEY_PREFIX}…` is expected, with base64 of at least "
                f"{SHORTEST_KEY} bytes",
            )
        yield WebhookKey(key.removeprefix(WEBHOOK_PREFIX).lower(), secret, _scopes(key, scopes))


def _cookie_keys(entries: Iterator[tuple[str, str]]) -> Iterator[bytes]:
    for key, value in entries:
        if len(value) < SHORTEST_COOKIE_KEY:
            raise _wrong(key, f"at least {SHORTEST_COOKIE_KEY} random characters are expected")
        yield value.encode()


def _scopes(key: str, text: str) -> frozenset[Scope]:
    names = [name for name in text.split(",") if name]
    unknown = next((name for name in names if name not in EVERY_SCOPE), None)
    if unknown is not None:
        raise _wrong(key, f"there is no such scope. {suggestion(unknown, EVERY_SCOPE)}")
    if not names:
        raise _wrong(key, f"scopes are expected first: {_EXAMPLE}")
    return frozenset(map(Scope, names))


def _wrong(key: str, why: str) -> CredentialsError:
    return CredentialsError(why, where=key, remedy="Correct this entry of the Modal Secret.")
