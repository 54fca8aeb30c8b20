"""Errors of requests, and what every other error is to a client: problem+json (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reconciler.dispatch.answers import ModalError, UnavailableError
from reconciler.errors import ReconcileError
from reconciler.foreign_text import in_json, on_one_line
from reconciler.model.formats import FormatError
from reconciler.query.nothing_found import NothingFoundError
from reconciler.redaction import redacted

MEDIA_TYPE: Final = "application/problem+json"
TRY_AGAIN_AFTER: Final = 30
"""Seconds after which a client asks again when Modal did not answer."""
MODAL_SILENT: Final = "modal-silent"
_KINDS: Final = {404: "not-found", 405: "method-not-allowed"}


class RequestError(ReconcileError):
    """A request that is refused, or that cannot be answered.

    Args:
        status: of the answer.
        kind: what is wrong, in a few words joined by hyphens; a client may compare it.
        what: one sentence.
        remedy: what the client can do.
        headers: of the answer.
        more: further members of the problem.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        what: str,
        *,
        remedy: str | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(what, remedy=remedy)
        self.status = status
        self.kind = kind
        self.headers = dict(headers or {})
        self.more = dict(more or {})


def as_request_error(error: Exception) -> RequestError:
    """What an error is to a client. An unexpected one says nothing of itself: its text may hold
    what the client must not read."""
    match error:
        case RequestError():
            return error
        case HTTPException():
            kind = _KINDS.get(error.status_code, "refused")
            return RequestError(
                error.status_code, kind, f"{error.detail.lower()}", headers=error.headers
            )
        case ModalError() if error.answered:
            return RequestError(502, "modal-refused", error.what, remedy=error.remedy)
        case UnavailableError() | TimeoutError():
            return RequestError(
                503,
                MODAL_SILENT,
                f"Modal did not answer: {error}" if str(error) else "Modal did not answer",
                remedy=f"Try again in {TRY_AGAIN_AFTER} s.",
                headers={"Retry-After": str(TRY_AGAIN_AFTER)},
            )
        case NothingFoundError():
            return RequestError(404, "not-found", error.what, remedy=error.remedy)
        case FormatError():
            return RequestError(500, "unreadable-state", str(error))
        case ReconcileError():
            what = error.what if error.where is None else f"{error.where}: {error.what}"
            return RequestError(500, "cannot-answer", what, remedy=error.remedy)
        case _:
            return RequestError(
                500,
                "defect",
                "this request met a defect of the server",
                remedy="Report it with the id of the request.",
            )


def problem_response(error: RequestError, request_id: str) -> Response:
    """The answer that names the error."""
    document = {
        "type": f"urn:reconcile:problem:{error.kind}",
        "title": error.kind.replace("-", " ").capitalize(),
        "status": error.status,
        "detail": redacted(on_one_line(error.what)),
        **({} if error.remedy is None else {"remedy": redacted(on_one_line(error.remedy))}),
        "instance": f"urn:reconcile:request:{request_id}",
        **error.more,
    }
    return Response(
        in_json(json.dumps(document)),
        status_code=error.status,
        headers=error.headers,
        media_type=MEDIA_TYPE,
    )
