"""The cookie of a person who has signed in: a signed statement, of which nothing is stored.

It names the token that the person signed in with. When that token leaves the Secret, its sessions
end with it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import jwt

from reconciler.web.auth.credentials import BearerToken, Credentials
from reconciler.web.auth.principal import Principal, Proof

LIFE: Final = timedelta(hours=12)
KEPT: Final = timedelta(days=7)
"""How long a browser keeps the cookie: longer than it is valid, so that the form can say why a
person has to sign in again."""
_ALGORITHM: Final = "HS256"
_AUDIENCE: Final = "reconcile-session"
_CHECKED: Final[Any] = {
    "require": ["sub", "exp", "aud", "token"],
    # Against the injected clock, below.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


def cookie_name(*, https: bool) -> str:
    """The name of the cookie. Browsers store a ``__Host-`` cookie only for the exact host that set
    it over HTTPS."""
    return "__Host-reconcile" if https else "reconcile"


def new_session(credentials: Credentials, token: BearerToken, now: datetime) -> str:
    """The value of the cookie for a person who has signed in with this token."""
    claims = {
        "sub": token.name,
        "token": _fingerprint(token),
        "aud": _AUDIENCE,
        "exp": int((now + LIFE).timestamp()),
    }
    return jwt.encode(claims, credentials.cookie_keys[0], _ALGORITHM)


def session_principal(credentials: Credentials, cookie: str, now: datetime) -> Principal | None:
    """The sender of a request with this cookie; None when it is not valid (any more)."""
    found = _signed(credentials, cookie)
    if found is None or found.end <= now.timestamp():
        return None
    return Principal(found.token.name, Proof.SESSION, found.token.scopes)


def has_run_out(credentials: Credentials, cookie: str, now: datetime) -> bool:
    """Whether this cookie was valid until :data:`LIFE` was over."""
    found = _signed(credentials, cookie)
    return found is not None and found.end <= now.timestamp()


class _Session(NamedTuple):
    token: BearerToken
    end: float


def _signed(credentials: Credentials, cookie: str) -> _Session | None:
    """The session that one of our keys signed, of a token that is still in the Secret."""
    for key in credentials.cookie_keys:
        try:
            claims = jwt.decode(
                cookie, key, algorithms=[_ALGORITHM], audience=_AUDIENCE, options=_CHECKED
            )
        except jwt.InvalidTokenError:
            continue
        for token in credentials.tokens:
            if claims["token"] == _fingerprint(token):
                return _Session(token, claims["exp"])
    return None


def _fingerprint(token: BearerToken) -> str:
    """Distinguishes tokens; the digest itself stays in the Secret."""
    return token.digest.hex()[:16]
