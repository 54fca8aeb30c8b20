"""Authenticates requests: each kind of credential that is present is checked, and one suffices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from reconciler.dispatch.ports import Clock
from reconciler.web.auth.credentials import Credentials
from reconciler.web.auth.principal import Principal, Scope
from reconciler.web.auth.sessions import cookie_name, session_principal
from reconciler.web.problems import RequestError

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="reconcile"'}


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Checks credentials.

    Attributes:
        https: whether browsers reach the application over HTTPS.
    """

    credentials: Credentials
    clock: Clock
    https: bool

    async def authenticate(self, request: Request, scope: Scope) -> Principal:
        """The sender of a request, which may do what the scope says.

        Raises:
            RequestError: no credential is present (401) or valid (401), or none has the scope
                (403).
        """
        valid: list[Principal] = []
        wrong: list[RequestError] = []
        for check in (self._bearer, self._session):
            try:
                valid.extend(check(request))
            except RequestError as error:
                wrong.append(error)
        allowed = next((one for one in valid if scope in one.scopes), None)
        if allowed is not None:
            return allowed
        if valid:
            raise RequestError(
                403,
                "scope",
                f"this credential does not have the scope `{scope}`",
                remedy=f"Use one that has it. This one has: {', '.join(sorted(valid[0].scopes))}.",
            )
        raise wrong[0] if wrong else unauthenticated("no-credentials", "no credential was sent")

    def _bearer(self, request: Request) -> Iterator[Principal]:
        sent = request.headers.get("authorization")
        if sent is None:
            return
        scheme, _, presented = sent.partition(" ")
        found = self.credentials.token(presented.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise unauthenticated("token", "this token is not valid; it may have been rotated")
        yield found.principal

    def _session(self, request: Request) -> Iterator[Principal]:
        cookie = request.cookies.get(cookie_name(https=self.https))
        if cookie is None:
            return
        found = session_principal(self.credentials, cookie, self.clock.now())
        if found is None:
            raise unauthenticated("session", "this session has ended")
        yield found


def unauthenticated(kind: str, what: str) -> RequestError:
    """The error of a request without a valid credential."""
    return RequestError(
        401, kind, what, remedy="Send a valid credential; see docs/web.md.", headers=CHALLENGE
    )
