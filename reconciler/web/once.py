"""Answers a request that changes something, once per idempotency key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.responses import Response

from reconciler.web.answers import json_answer
from reconciler.web.auth.principal import Proof
from reconciler.web.endpoint import Call
from reconciler.web.idempotency import Answer
from reconciler.web.problems import RequestError

LONGEST_KEY: Final = 200

Answering: TypeAlias = Callable[[], Awaitable[Answer]]
Once: TypeAlias = Callable[[str | None, bytes, Answering], Awaitable[tuple[Answer, bool]]]


async def answered_once(call: Call, once: Once, answer: Answering) -> Response:
    """The answer; that of an earlier request with the same key says so in a header.

    Args:
        once: what of :class:`~reconciler.web.idempotency.Idempotency` decides.
    """
    target = f"{call.request.method} {call.request.url.path}?{call.request.url.query}\n"
    found, again = await once(_key(call), target.encode() + call.body, answer)
    headers = {**found.headers, **({"Idempotent-Replayed": "true"} if again else {})}
    return json_answer(call.request, found.document, status=found.status, headers=headers)


def _key(call: Call) -> str | None:
    """The key of the request, within its sender; None without one.

    The id of a signed message is signed with it, so that it counts before a header that is not. It
    does not depend on which of several keys signed.
    """
    if call.sender is not None and call.sender.proof is Proof.WEBHOOK:
        return f"webhook {call.request.headers['webhook-id']}"
    given = call.request.headers.get("idempotency-key")
    if given is None:
        return None
    if not 0 < len(given) <= LONGEST_KEY or not given.isprintable():
        raise RequestError(
            400, "idempotency", f"an Idempotency-Key has 1 to {LONGEST_KEY} printable characters"
        )
    return f"{'' if call.sender is None else call.sender.label} {given}"
