"""Idempotency keys: a request that is sent again gets the first answer, and starts nothing.

Invariant: *of all requests with one key at most one starts a call*. The Dict's ``put_new`` decides
which. An entry says which request it was, by a digest of route and body, and how far it came:

- ``begun``: its sender is at work, or died at it; a call may have started. Another request waits
  or asks for the result: 409. This stays so until the entry dies, seven days later.
- ``answered``: the first answer.
- ``free``: nothing was started. The next attempt has an entry of its own, so that of several
  requests again only one goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import uuid4

from reconciler.dispatch.ports import Claims
from reconciler.web.problems import RequestError

PREFIX: Final = "web-request"
ATTEMPTS: Final = 20
"""Attempts of one key, each of which has started nothing; then another key is needed."""


class _State(StrEnum):
    BEGUN = "begun"
    ANSWERED = "answered"
    FREE = "free"


class Answer(NamedTuple):
    """What was answered."""

    status: int
    document: dict[str, Any]
    headers: dict[str, str]


class NothingStartedError(Exception):
    """The request started nothing, so that it may be sent again; the cause says why."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The answers to requests with a key."""

    claims: Claims

    async def once(
        self, key: str | None, request: bytes, answer: Callable[[], Awaitable[Answer]]
    ) -> tuple[Answer, bool]:
        """The answer to a request, and whether it is an earlier one.

        Args:
            key: unique to the request, within its sender; None for a request without one.
            request: what has to be the same in a request that is sent again.
            answer: answers it; raises :class:`NothingStartedError` where it started nothing.

        Raises:
            RequestError: the key was used for another request (422), or that request is under way,
                or its outcome is unknown (409).
        """
        if key is None:
            return await _freely(answer), False
        digest = sha256(request).hexdigest()
        for attempt in range(1, ATTEMPTS + 1):
            place = _place(key, attempt)
            token = uuid4().hex
            begun = {"state": _State.BEGUN.value, "request": digest, "token": token}
            await self.claims.put_new(place, begun)
            found = await self.claims.get(place) or {}
            if found.get("token") == token:
                return await self._first(place, begun, answer), False
            if found.get("request") != digest:
                raise _another_request()
            if found.get("state") == _State.ANSWERED:
                return _answer_of(found), True
            if found.get("state") != _State.FREE:
                raise _under_way()
        raise RequestError(
            409, "idempotency", "this key was used too often", remedy="Use another key."
        )

    async def repeatable(
        self, key: str | None, request: bytes, answer: Callable[[], Awaitable[Answer]]
    ) -> tuple[Answer, bool]:
        """The same for a request that does no harm when it is processed twice: without a stored
        answer it is processed again.

        Raises:
            RequestError: the key was used for another request (422).
        """
        if key is None:
            return await _freely(answer), False
        digest, place = sha256(request).hexdigest(), _place(key, 1)
        begun = {"state": _State.BEGUN.value, "request": digest}
        await self.claims.put_new(place, begun)
        found = await self.claims.get(place) or {}
        if found.get("request") != digest:
            raise _another_request()
        if found.get("state") == _State.ANSWERED:
            return _answer_of(found), True
        given = await answer()
        await self.claims.put(place, _answered(begun, given))
        return given, False

    async def _first(
        self, place: str, begun: dict[str, Any], answer: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        try:
            found = await answer()
        except NothingStartedError as error:
            await self.claims.put(place, {**begun, "state": _State.FREE.value})
            raise error.__cause__ or error from None
        await self.claims.put(place, _answered(begun, found))
        return found


async def _freely(answer: Callable[[], Awaitable[Answer]]) -> Answer:
    try:
        return await answer()
    except NothingStartedError as error:
        raise error.__cause__ or error from None


def _place(key: str, attempt: int) -> str:
    """Where the entry is. Both kinds of requests have their first one in the same place: a signed
    message that was meant for one route is another request at any other."""
    return f"{PREFIX}/{sha256(key.encode()).hexdigest()}/{attempt}"


def _answered(entry: dict[str, Any], answer: Answer) -> dict[str, Any]:
    return {
        **entry,
        "state": _State.ANSWERED.value,
        "status": answer.status,
        "document": answer.document,
        "headers": answer.headers,
    }


def _answer_of(entry: Any) -> Answer:
    return Answer(int(entry["status"]), dict(entry["document"]), dict(entry["headers"]))


def _another_request() -> RequestError:
    return RequestError(
        422,
        "idempotency",
        "this key was used for another request",
        remedy="Use a new key for each request.",
    )


def _under_way() -> RequestError:
    return RequestError(
        409,
        "idempotency",
        "the request with this key is under way, or its outcome is unknown",
        remedy="Ask again later with the same key. If this stays so, look at the function's calls "
        "in Modal before you send it with another key.",
    )
