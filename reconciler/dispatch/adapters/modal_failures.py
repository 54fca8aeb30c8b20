"""What an error of Modal's client means: its kind, what is said of it and what to do.

The kinds follow the client's own mapping of gRPC statuses to exceptions, which ``modal.exception``
documents. A refusal is an answer: it is never reported as silence, and asking again does not help.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from modal import exception
from modal.config import config
from modal.exception import Error as ClientError

from reconciler.dispatch.answers import (
    NO_ANSWER,
    FailureKind,
    ModalError,
    UnauthenticatedError,
)
from reconciler.redaction import redacted

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
TRANSPORTS: Final = ("grpclib.", "h2.", "hpack.", "hyperframe.", "aiohttp.", "python_socks.")
"""Where the errors are from that the client lets through when a connection fails."""

_OUTDATED: Final = re.compile(
    r"version .*(?:too old|no longer supported|unsupported|deprecated)|--upgrade modal", re.I
)
_METADATA: Final = re.compile(r"invalid metadata", re.I)
_AGAIN: Final = "Nothing is lost; run it again."
START_ENGINE: Final = (
    "Start the engine: reconcile engine. Then point this shell at it: "
    'eval "$(reconcile engine env)"'
)
_POINT_ANEW: Final = (
    "The engine makes a new token at every start. Point this shell at it: "
    'eval "$(reconcile engine env)"'
)
_NO_TOKEN: Final = re.compile(r"could not authenticate client", re.I)
_SAME_AGAIN: Final = "Running it again gives the same answer."


@dataclass(frozen=True, slots=True)
class FailureText:
    """What is said of a kind.

    Attributes:
        what: a sentence with ``{modal}``, ``{asked}`` and ``{text}``, the client's own.
        remedy: what to do; ``{address}`` is where Modal was asked.
    """

    kind: FailureKind
    what: str
    remedy: str


ROWS: Final = {
    row.kind: row
    for row in (
        FailureText(
            FailureKind.AUTHENTICATION,
            "authentication failed: {text} ({modal} was asked to {asked})",
            "Set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET to a token of this workspace that has not "
            "expired, or call `modal token new`. The embedded Modal needs neither: --env local, or "
            "`reconcile engine exec COMMAND` for a program.",
        ),
        FailureText(
            FailureKind.PERMISSION,
            "permission denied: {modal} refused to {asked}: {text}",
            "Give the token's user or service user access to it, or use another token.",
        ),
        FailureText(
            FailureKind.NOT_FOUND,
            "{modal} could not {asked}: {text}",
            "It does not exist in this workspace and Modal environment, or no longer. Deploy or "
            "create it, or correct its name.",
        ),
        FailureText(
            FailureKind.EXISTS,
            "{modal} could not {asked}: {text}",
            "Something of that name exists already. See what is there: reconcile status.",
        ),
        FailureText(
            FailureKind.INVALID,
            "{modal} refused to {asked}: invalid: {text}",
            f"{_SAME_AGAIN} Correct what it names; if none of it is yours, report this message.",
        ),
        FailureText(
            FailureKind.CONFLICT,
            "{modal} refused to {asked}: conflict: {text}",
            "Its state does not allow that now. See what is live, then run it again: "
            "reconcile status.",
        ),
        FailureText(
            FailureKind.UNIMPLEMENTED,
            "{modal} cannot {asked}: not implemented: {text}",
            f"{_SAME_AGAIN} The embedded engine lacks parts of Modal; for the real one, install a "
            "version of modal that this package was tested with.",
        ),
        FailureText(
            FailureKind.OUTDATED,
            "{modal} no longer accepts this version of modal, and refused to {asked}: {text}",
            "Update it: pip install --upgrade modal",
        ),
        FailureText(
            FailureKind.EXHAUSTED,
            "{modal} refused to {asked}: a limit is reached: {text}",
            "Wait a minute and run it again. If it is refused for long, ask Modal to raise the "
            "limit.",
        ),
        FailureText(
            FailureKind.TOO_LARGE,
            "{modal} refused to {asked}: too large: {text}",
            f"{_SAME_AGAIN} Send less.",
        ),
        FailureText(
            FailureKind.CLIENT,
            "the modal client could not {asked}: {text}",
            "See which version is installed: pip show modal. If it is one that this package "
            "supports, report this message.",
        ),
        FailureText(
            FailureKind.LOCAL, "could not {asked}: {text}", "Correct that and run it again."
        ),
        FailureText(
            FailureKind.INTERNAL,
            "{modal} failed to {asked}: internal error: {text}",
            f"{_AGAIN} If it goes on, see https://status.modal.com.",
        ),
        FailureText(
            FailureKind.NAME,
            "{modal} did not answer: the name of its server cannot be resolved: {text}",
            "Check the network, DNS and MODAL_SERVER_URL. It was asked at {address}.",
        ),
        FailureText(
            FailureKind.TLS,
            "{modal} did not answer: no secure connection: {text}",
            "Check this machine's clock and its certificates, and whether a proxy intercepts TLS. "
            "It was asked at {address}.",
        ),
        FailureText(
            FailureKind.PROXY,
            "{modal} did not answer: the proxy failed: {text}",
            "Check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, or set "
            "MODAL_DISABLE_API_PROXY=1. A proxy needs: pip install 'modal[api-proxy-support]'. "
            "It was asked at {address}.",
        ),
        FailureText(
            FailureKind.TIMEOUT,
            "{modal} did not answer in time when asked to {asked}: {text}",
            f"{_AGAIN} It was asked at {{address}}.",
        ),
        FailureText(
            FailureKind.CONNECTION,
            "{modal} did not answer when asked to {asked}: {text}",
            f"{_AGAIN} It was asked at {{address}}.",
        ),
    )
}
"""What is said of each kind; the exit code of all of them is 1."""

_KINDS: Final[tuple[tuple[type[BaseException], FailureKind], ...]] = (
    (exception.AuthError, FailureKind.AUTHENTICATION),
    (exception.PermissionDeniedError, FailureKind.PERMISSION),
    (exception.NotFoundError, FailureKind.NOT_FOUND),
    (exception.AlreadyExistsError, FailureKind.EXISTS),
    (exception.ConflictError, FailureKind.CONFLICT),  # derived from the next
    (exception.InvalidError, FailureKind.INVALID),
    (exception.UnimplementedError, FailureKind.UNIMPLEMENTED),
    (exception.VersionError, FailureKind.OUTDATED),
    (exception.ResourceExhaustedError, FailureKind.EXHAUSTED),
    (exception.RequestSizeError, FailureKind.TOO_LARGE),
    (exception.InternalError, FailureKind.INTERNAL),
    (exception.InternalFailure, FailureKind.INTERNAL),
    (exception.DataLossError, FailureKind.INTERNAL),
    (exception.RemoteError, FailureKind.INTERNAL),
    (exception.TimeoutError, FailureKind.TIMEOUT),
    (exception.ConnectionError, FailureKind.CONNECTION),
    (exception.ServiceError, FailureKind.CONNECTION),
    (ClientError, FailureKind.CLIENT),  # all others of the client
)
"""The first class that fits counts."""

_CAUSES: Final[tuple[tuple[type[BaseException], FailureKind], ...]] = (
    (socket.gaierror, FailureKind.NAME),
    (ssl.SSLError, FailureKind.TLS),
    (TimeoutError, FailureKind.TIMEOUT),
    (ConnectionError, FailureKind.CONNECTION),
)
_NETWORK: Final = frozenset(
    {
        "ENETDOWN", "ENETUNREACH", "ENETRESET", "EHOSTDOWN", "EHOSTUNREACH", "EADDRNOTAVAIL",
        "ENOTCONN", "ENOBUFS", "EAFNOSUPPORT", "ETIMEDOUT",
    }
)  # fmt: skip


def failure_of(error: BaseException, asked: str | None = None) -> ModalError | None:
    """What the error means, None when it is none of Modal, its client or the network.

    Args:
        asked: what Modal was asked to do, an infinitive such as ``list the apps``. Never holds a
            secret.
    """
    kind = kind_of(error)
    if kind is None:
        return None
    row = ROWS[kind]
    address, modal = where_asked()
    text = "a credential holds a character that cannot be sent"
    if not _METADATA.search(str(error)):
        text = described_text(_cause_of(error) if kind in NO_ANSWER else error)
    remedy = row.remedy
    if _is_local(address):
        if kind is FailureKind.AUTHENTICATION:
            text = "no token is set" if _NO_TOKEN.search(text) else text
            remedy = _POINT_ANEW
        elif any(isinstance(one, ConnectionRefusedError) for one in _chain(error)):
            remedy = f"It was asked at {{address}}, and nothing listens there. {START_ENGINE}"
    made = UnauthenticatedError if kind is FailureKind.AUTHENTICATION else ModalError
    return made(
        kind,
        row.what.format(modal=modal, asked=asked or "answer a call", text=text),
        remedy=remedy.format(address=address),
    )


def kind_of(error: BaseException) -> FailureKind | None:
    """The kind of the error, None when it is none of Modal, its client or the network."""
    if isinstance(error, ModalError):
        return error.kind
    if isinstance(error, ValueError) and _METADATA.search(str(error)):
        return FailureKind.AUTHENTICATION
    if isinstance(error, ImportError) and "python-socks" in str(error):
        return FailureKind.PROXY
    if isinstance(error, ClientError):
        kind = next(kind for known, kind in _KINDS if isinstance(error, known))
        if kind is FailureKind.CONNECTION:
            return next(_of_causes(error), kind)
        refusal = kind in (FailureKind.CONFLICT, FailureKind.INVALID)
        return FailureKind.OUTDATED if refusal and _OUTDATED.search(str(error)) else kind
    if _is_transport(error) or isinstance(error, OSError):
        return next(_of_causes(error), _of_system(error))
    return None


def _cause_of(error: BaseException) -> BaseException:
    """What a connection really failed for; the client only says that it could not connect."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _of_causes(error: BaseException) -> Iterator[FailureKind]:
    """What the error and those that it was raised from say of the connection."""
    for at in _chain(error):
        if type(at).__module__.startswith("python_socks."):
            yield FailureKind.PROXY
        yield from (kind for known, kind in _CAUSES if isinstance(at, known))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those that it was raised from."""
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__


def _of_system(error: BaseException) -> FailureKind:
    import errno

    if not isinstance(error, OSError) or _is_transport(error) or error.errno is None:
        return FailureKind.CONNECTION
    name = errno.errorcode.get(error.errno)
    return FailureKind.CONNECTION if name in _NETWORK else FailureKind.LOCAL


def _is_transport(error: BaseException) -> bool:
    return type(error).__module__.startswith(TRANSPORTS)


def where_asked() -> tuple[str, str]:
    """The address that Modal is asked at, without credentials, and what is there, for people."""
    url = redacted(str(config.get("server_url") or ""))
    return url, "the embedded engine" if _is_local(url) else "Modal"


def is_refused() -> bool:
    """Whether Modal is asked at an address of this machine, at which nothing listens."""
    url, _ = where_asked()
    if not _is_local(url):
        return False
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname, port), timeout=1):
            return False
    except ConnectionRefusedError:
        return True
    except (OSError, ValueError):
        return False  # says nothing: the client goes on


def _is_local(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.hostname in LOOPBACK


RESULT_LENGTH: Final = 500
"""Characters of a result or an error that are kept in the history."""

_STYLE: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
"""What colours a terminal, as error texts do that are meant for one."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def describe(error: BaseException) -> str:
    """One line about an error of code that is not ours, without secrets."""
    text, name = _text_of(error), type(error).__name__
    return in_utf8(f"{name}: {text}" if text else name)[:RESULT_LENGTH]


def described_text(error: BaseException) -> str:
    """The error's own text in one line, its class where it has none; without secrets."""
    return in_utf8(_text_of(error) or type(error).__name__)[:RESULT_LENGTH]


def _text_of(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - its text comes from that code too
        return ""
    return redacted(" ".join(_CONTROL.sub(" ", _STYLE.sub("", text)).split()))


def in_utf8(text: str) -> str:
    """A text as files and terminals take it: Python has some that are none of UTF-8, such as the
    names of files that are not."""
    return text.encode("utf-8", "backslashreplace").decode()
