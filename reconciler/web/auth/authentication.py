"""Authenticates requests: each kind of credential that is present is checked, and one suffices.

Nothing is read, claimed or started before; a wrong credential beside a right one does no harm.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from reconciler.dispatch.ports import Clock
from reconciler.web.auth.access import HEADER, AccessVerifier, NotSignedInError
from reconciler.web.auth.credentials import Credentials
from reconciler.web.auth.principal import Principal, Proof, Scope
from reconciler.web.auth.sessions import cookie_name, session_principal
from reconciler.web.auth.webhooks import Message, NotSignedError, signer
from reconciler.web.problems import RequestError

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="reconcile"'}
SIGNED_BY: Final = "webhook-signature"


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Checks credentials.

    Attributes:
        access: None where Cloudflare Access is not used.
        https: whether browsers reach the application over HTTPS.
        proxied: what every request may do, because Modal's proxy has authenticated it.
    """

    credentials: Credentials
    access: AccessVerifier | None
    clock: Clock
    https: bool
    proxied: frozenset[Scope] = frozenset()

    async def authenticate(
        self, request: Request, scope: Scope, signed: bytes | None = None
    ) -> Principal:
        """The sender of a request, which may do what the scope says.

        Args:
            signed: the body that a signature is over; None where no signed message is accepted.

        Raises:
            RequestError: no credential is present or valid (401), or none has the scope (403).
            UnavailableError: the keys of Cloudflare Access cannot be fetched.
        """
        valid: list[Principal] = []
        wrong: list[RequestError] = []
        async for found in self._found(request, signed):
            if isinstance(found, RequestError):
                wrong.append(found)
            elif scope in found.scopes:
                return found
            else:
                valid.append(found)
        if valid:
            raise RequestError(
                403,
                "scope",
                f"this credential does not have the scope `{scope}`",
                remedy=f"Use one that has it. This one has: {', '.join(sorted(valid[0].scopes))}.",
            )
        raise wrong[0] if wrong else unauthenticated("no-credentials", "no credential was sent")

    async def _found(
        self, request: Request, signed: bytes | None
    ) -> AsyncIterator[Principal | RequestError]:
        """What each credential proves, those that browsers add by themselves last."""
        headers = request.headers
        if self.proxied:
            yield Principal("modal", Proof.PROXY, self.proxied)
        bearer = headers.get("authorization")
        if bearer is not None:
            yield self._of_token(bearer)
        if signed is not None and SIGNED_BY in headers:
            yield self._of_signature(request, signed)
        cookie = request.cookies.get(cookie_name(https=self.https))
        if cookie is not None:
            yield self._of_session(cookie)
        if self.access is not None and HEADER in headers:
            yield await self._of_access(self.access, headers[HEADER])

    def _of_token(self, sent: str) -> Principal | RequestError:
        scheme, _, presented = sent.partition(" ")
        found = self.credentials.token(presented.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            return unauthenticated("token", "this token is not valid; it may have been rotated")
        return found.principal

    def _of_signature(self, request: Request, body: bytes) -> Principal | RequestError:
        message = Message(
            request.headers.get("webhook-id", ""),
            request.headers.get("webhook-timestamp", ""),
            request.headers[SIGNED_BY],
            body,
        )
        try:
            return signer(message, self.credentials.webhook_keys, self.clock.now())
        except NotSignedError as error:
            return unauthenticated(error.kind, str(error))

    def _of_session(self, cookie: str) -> Principal | RequestError:
        found = session_principal(self.credentials, cookie, self.clock.now())
        return found or unauthenticated("session", "this session has ended; sign in again")

    async def _of_access(self, access: AccessVerifier, token: str) -> Principal | RequestError:
        try:
            return await access.principal(token)
        except NotSignedInError as error:
            return unauthenticated("access", f"the JWT of Cloudflare Access is not valid: {error}")


def unauthenticated(kind: str, what: str) -> RequestError:
    """The error of a request without a valid credential."""
    return RequestError(
        401, kind, what, remedy="Send a valid credential; see docs/web.md.", headers=CHALLENGE
    )
