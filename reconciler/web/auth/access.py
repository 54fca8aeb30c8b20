"""The JWTs of Cloudflare Access, which it adds to the requests of people it has signed in.

The keys are fetched from the team's domain, and again when a JWT names an unknown key: at most once
a minute, so that a stranger cannot make this application ask Cloudflare.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from reconciler.dispatch.ports import Clock
from reconciler.manifest.web_settings import AccessSettings
from reconciler.web.auth.principal import Principal, Proof, Scope
from reconciler.web.ports import KeySets

HEADER: Final = "cf-access-jwt-assertion"
REFETCH: Final = timedelta(minutes=1)
LEEWAY: Final = timedelta(seconds=30)
SCOPES: Final = frozenset({Scope.READ})
"""What people may do whom Cloudflare has signed in: see everything, change nothing."""
_ALGORITHM: Final = "RS256"
_KEYS_PATH: Final = "/cdn-cgi/access/certs"
_LONGEST: Final = 8 * 1024
_CHECKED: Final[Any] = {
    "require": ["exp", "iat", "iss", "aud"],
    # Against the injected clock, below.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class NotSignedInError(Exception):
    """A JWT is not one of Cloudflare Access for this application, or not any more."""


@dataclass
class AccessVerifier:
    """Checks JWTs of one application of Cloudflare Access."""

    settings: AccessSettings
    key_sets: KeySets
    clock: Clock
    _keys: dict[str, Any] = field(default_factory=dict)
    _fetched: datetime | None = None
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def principal(self, token: str) -> Principal:
        """The person, or the service, that Cloudflare has signed in.

        Raises:
            NotSignedInError: the JWT is not valid.
            UnavailableError: the keys are needed and cannot be fetched.
        """
        try:
            if len(token) > _LONGEST:
                raise NotSignedInError("it is too long")
            claims = jwt.decode(
                token,
                await self._key(token),
                algorithms=[_ALGORITHM],
                audience=self.settings.audience,
                issuer=self.settings.issuer,
                options=_CHECKED,
            )
        except jwt.InvalidTokenError as error:
            raise NotSignedInError(str(error).lower()) from None
        self._require_current(claims)
        name = claims.get("email") or claims.get("common_name") or "service"
        return Principal(str(name)[:100], Proof.ACCESS, SCOPES)

    def _require_current(self, claims: dict[str, Any]) -> None:
        now = self.clock.now().timestamp()
        leeway = LEEWAY.total_seconds()
        times = [claims[name] for name in ("exp", "iat", "nbf") if name in claims]
        if not all(isinstance(one, int | float) for one in times):
            raise NotSignedInError("its times are not numbers")
        if claims["exp"] <= now - leeway:
            raise NotSignedInError("it has expired")
        if max(claims["iat"], claims.get("nbf", 0)) > now + leeway:
            raise NotSignedInError("it is not valid yet")

    async def _key(self, token: str) -> Any:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != _ALGORITHM:
            raise NotSignedInError(f"it is not signed with {_ALGORITHM}")
        name = header.get("kid")
        if not isinstance(name, str):
            raise NotSignedInError("it names no key")
        if name not in self._keys:
            await self._fetch()
        if name not in self._keys:
            raise NotSignedInError("it names an unknown key")
        return self._keys[name]

    async def _fetch(self) -> None:
        async with self._fetching:
            now = self.clock.now()
            if self._fetched is not None and now - self._fetched < REFETCH:
                return
            self._fetched = now
            content = await self.key_sets.fetch(self.settings.issuer + _KEYS_PATH)
            try:
                found = jwt.PyJWKSet.from_json(content.decode())
            except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError):
                return
            self._keys = {
                key.key_id: key.key
                for key in found.keys
                if key.key_id is not None and key.key_type == "RSA"
            }
