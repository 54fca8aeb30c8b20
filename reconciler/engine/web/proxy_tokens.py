"""Proxy tokens: what a request to an endpoint with ``requires_proxy_auth`` must show."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from reconciler.engine import limits
from reconciler.engine.ids import IdKind, new_id
from reconciler.engine.rpc_errors import conflict
from reconciler.engine.storage.database import Database, Row
from reconciler.engine.time_source import TimeSource

_COLUMNS = "id, name, scoped, created"


@dataclass(frozen=True)
class ProxyToken:
    """A token without its secret. A scoped one is good in the environments it was given only."""

    id: str
    name: str
    scoped: bool
    created: float


class ProxyTokens:
    """Of the secrets only the digests are stored."""

    def __init__(self, database: Database, clock: TimeSource) -> None:
        self._database = database
        self._clock = clock

    def create(self, name: str = "", *, scoped: bool = False) -> tuple[str, str]:
        """A new token: its id and its secret, which is shown this once."""
        if len(self.all()) >= limits.PROXY_TOKENS:
            raise conflict(f"More than {limits.PROXY_TOKENS} proxy tokens; delete some")
        identifier, secret = new_id(IdKind.PROXY_TOKEN), f"ws-{secrets.token_hex(16)}"
        self._database.run(
            "INSERT INTO proxy_tokens (id, digest, name, scoped, created) VALUES (?, ?, ?, ?, ?)",
            identifier,
            _digest(secret),
            name,
            scoped,
            self._clock.now(),
        )
        return identifier, secret

    def get(self, identifier: str) -> ProxyToken | None:
        row = self._database.row(
            f"SELECT {_COLUMNS} FROM proxy_tokens WHERE id = ?",  # noqa: S608  # fixed columns
            identifier,
        )
        return _token(row) if row else None

    def all(self) -> list[ProxyToken]:
        """Oldest first."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM proxy_tokens ORDER BY created, rowid"  # noqa: S608  # fixed columns
        )
        return [_token(row) for row in rows]

    def rename(self, identifier: str, name: str) -> None:
        self._database.run("UPDATE proxy_tokens SET name = ? WHERE id = ?", name, identifier)

    def delete(self, identifier: str) -> bool:
        """False if there is no such token."""
        return self._database.run("DELETE FROM proxy_tokens WHERE id = ?", identifier) > 0

    def environments(self, identifier: str) -> list[str]:
        """The environments that a token was given."""
        rows = self._database.rows(
            "SELECT environment FROM proxy_token_environments WHERE token = ?", identifier
        )
        return [str(name) for (name,) in rows]

    def allow(self, identifier: str, environment: str) -> None:
        """Let a scoped token into an environment."""
        self._database.run(
            "INSERT OR IGNORE INTO proxy_token_environments VALUES (?, ?)", identifier, environment
        )

    def revoke(self, identifier: str, environment: str) -> None:
        """Take that back."""
        self._database.run(
            "DELETE FROM proxy_token_environments WHERE token = ? AND environment = ?",
            identifier,
            environment,
        )

    def good_in(self, token: ProxyToken, environment: str) -> bool:
        """Whether a token is good for the endpoints of an environment."""
        return not token.scoped or environment in self.environments(token.id)

    def accepts(self, identifier: str, secret: str, environment: str) -> bool:
        """Whether a request may enter. The time that it takes says nothing of the secret."""
        row = self._database.row("SELECT digest FROM proxy_tokens WHERE id = ?", identifier)
        matches = hmac.compare_digest(_digest(secret), row[0] if row else b"\0" * 32)
        token = self.get(identifier)
        return matches and token is not None and self.good_in(token, environment)


def _digest(secret: str) -> bytes:
    """Secrets are random and long, so a fast digest is enough."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()


def _token(row: Row) -> ProxyToken:
    identifier, name, scoped, created = row
    return ProxyToken(identifier, name, bool(scoped), created)
