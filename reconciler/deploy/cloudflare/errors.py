"""Cloudflare's refusals, each with what it means and what to do.

One code stands for several things, so the HTTP status counts first. An answer that is not JSON
comes from a firewall before the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import httpx

from reconciler.errors import ReconcileError
from reconciler.foreign_text import on_one_line

TOO_MANY: Final = 429
_SERVER: Final = 500
_LONGEST: Final = 300
"""Characters of Cloudflare's text that a message shows."""


class CloudflareError(ReconcileError):
    """Cloudflare refused a call, or did not answer it.

    Attributes:
        status: the HTTP status; 0 when there was no answer.
        codes: Cloudflare's codes, the first being the main one.
    """

    status: int = 0
    codes: tuple[int, ...] = ()


class _Meaning(NamedTuple):
    """What a refusal is, and what to do; `{said}` is Cloudflare's text."""

    what: str
    remedy: str


_TOKEN_INVALID = _Meaning(
    "the token is not one that Cloudflare knows",
    "Set CLOUDFLARE_API_TOKEN to a token that is active; a revoked or rotated one is not.",
)
_NOT_PERMITTED = _Meaning(
    "the token may not do this in the account",
    "The token needs the account permissions Workers Scripts Write, Queues Write and D1 Write for "
    "this account, and no address filter that leaves this machine out.",
)
_SCRIPT_REFUSED = _Meaning("Cloudflare does not accept the script: {said}", "Report this text.")

_BY_CODE: Final[Mapping[int, _Meaning]] = {
    6003: _TOKEN_INVALID,
    6111: _TOKEN_INVALID,
    9106: _TOKEN_INVALID,
    9109: _TOKEN_INVALID,
    10001: _TOKEN_INVALID,
    10000: _NOT_PERMITTED,
    10023: _NOT_PERMITTED,
    10021: _SCRIPT_REFUSED,
    10026: _Meaning("Cloudflare could not read the request: {said}", "Report this text."),
    10053: _Meaning(
        "two bindings of the Worker have one name: {said}",
        "Delete the secret of that name from the Worker, then apply again.",
    ),
    10072: _Meaning(
        "the account has more cron triggers than its plan allows: {said}",
        "Delete a cron trigger of another Worker in Cloudflare's dashboard, or take the paid plan. "
        "While the account is above its limit, Cloudflare refuses every change of schedules.",
    ),
    10100: _Meaning("Cloudflare does not accept a cron trigger: {said}", "Report this text."),
    7406: _Meaning(
        "the account has as many D1 databases as its plan allows",
        "Delete one, or set `database: false` in the settings' `cloudflare:`.",
    ),
    7500: _Meaning("D1 could not run the statement: {said}", "Apply again; it may pass."),
}

NO_SUCH_SCRIPT: Final = frozenset({10007, 10090})
EXISTS: Final = frozenset({11009, 7502, 11004})
"""What was to be created is there: another call created it, or one whose answer was lost."""
NOT_YET: Final = frozenset({11000, 11001})
"""For moments after an upload or a creation, Cloudflare may not know of it."""
PASSING: Final = frozenset({10013, 10002})
"""Cloudflare's own failures, seen when several deploys of an account run at once."""


def is_passing(answer: httpx.Response) -> bool:
    """Whether the same call may succeed a moment later."""
    if answer.status_code == TOO_MANY or answer.status_code >= _SERVER:
        return True
    return bool(PASSING & {*codes_of(answer)})


def codes_of(answer: httpx.Response) -> tuple[int, ...]:
    """The codes of a refusal, also of the chain behind it."""
    return tuple(
        code
        for error in _errors(answer)
        for each in (error, *_mappings(error.get("error_chain")))
        if isinstance(code := each.get("code"), int)
    )


def refusal(call: str, answer: httpx.Response) -> CloudflareError:
    """The error for a refused call."""
    status, codes, said = answer.status_code, codes_of(answer), _said(answer)
    meaning = _meaning(answer, codes)
    reason = on_one_line(answer.reason_phrase)
    numbers = ", ".join(map(str, codes))
    shown = f"{status} {reason}".rstrip() + (f", code {numbers}" if numbers else "")
    error = CloudflareError(
        meaning.what.replace("{said}", said or shown),
        where=f"Cloudflare, {call} ({shown})",
        remedy=meaning.remedy,
    )
    error.status, error.codes = status, codes
    return error


def no_answer(call: str, address: str, failure: Exception) -> CloudflareError:
    """The error for a call that Cloudflare did not answer."""
    reason = on_one_line(str(failure)) or type(failure).__name__
    return CloudflareError(
        f"Cloudflare did not answer: {reason}",
        where=f"{call} at {address}",
        remedy="Apply again; it completes what is missing. If it stays so, is a proxy in between?",
    )


def _meaning(answer: httpx.Response, codes: tuple[int, ...]) -> _Meaning:
    status = answer.status_code
    if status == TOO_MANY:
        wait = answer.headers.get("Retry-After", "").strip()
        when = f"in {wait} s" if wait.isdecimal() else "in five minutes"
        return _Meaning("Cloudflare limits the rate of calls", f"Apply again {when}.")
    if status >= _SERVER or PASSING & {*codes}:
        return _Meaning(
            "Cloudflare failed: {said}",
            "Apply again, and run one deploy at a time; cloudflarestatus.com names outages.",
        )
    known = next((_BY_CODE[code] for code in codes if code in _BY_CODE), None)
    if known is not None:
        return known
    if not codes and status == 403:
        ray = on_one_line(answer.headers.get("cf-ray", "unknown"))
        return _Meaning(
            f"a firewall of Cloudflare blocked the call before the API saw it (cf-ray {ray})",
            "Apply from another network, or ask Cloudflare's support with the cf-ray.",
        )
    if status in {401, 403}:
        return _NOT_PERMITTED
    return _Meaning("Cloudflare refused the call: {said}", "Report this text.")


def _errors(answer: httpx.Response) -> tuple[Mapping[str, Any], ...]:
    try:
        document = answer.json()
    except (ValueError, RecursionError):
        return ()
    return _mappings(document.get("errors")) if isinstance(document, Mapping) else ()


def _mappings(value: object) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list):
        return ()
    return tuple(each for each in value if isinstance(each, Mapping))


def _said(answer: httpx.Response) -> str:
    texts = (error.get("message") for error in _errors(answer))
    return on_one_line("; ".join(text for text in texts if isinstance(text, str)))[:_LONGEST]
