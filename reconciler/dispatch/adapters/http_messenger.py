"""Messages over HTTP, with the standard library alone."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from reconciler.dispatch.answers import UnsentError

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

    from reconciler.alerts import Address

SCHEMES: Final = ("http", "https")
MAIL_SCHEMES: Final = ("smtp", "smtps")


@dataclass(frozen=True, slots=True)
class HttpMessenger:
    """Sends with urllib, a thread per message; what it imports is loaded with the first one.

    Redirects are not followed: only the address that was given gets a body. Proxies are not
    used: a container of Modal's reaches the internet by itself.

    Attributes:
        silence: seconds that a receiver may be silent for.
        patience: seconds that one message may take, whatever the receiver says meanwhile.
    """

    silence: float = 5.0
    patience: float = 10.0

    async def send(self, address: Address, suffix: str, body: bytes | None) -> None:
        """See :class:`~reconciler.dispatch.ports.Messenger`."""
        url = _with_suffix(_url_of(address), suffix)
        if address.email:
            from reconciler.dispatch.adapters.mail import deliver  # start-up time: few send any

            sending = asyncio.to_thread(deliver, url, body or b"", self.silence)
        else:
            sending = asyncio.to_thread(_send, url, body, self.silence)
        try:
            await asyncio.wait_for(sending, self.patience)
        except TimeoutError:
            raise UnsentError(f"it took longer than {self.patience:g} s") from None


def _url_of(address: Address) -> str:
    """The URL, also from a Secret, which Modal hands over as environment variables.

    Raises:
        UnsentError: the Secret's key is not there, or is no address that we send to.
    """
    url = address.url if address.url is not None else os.environ.get(address.key or "", "").strip()
    if not url:
        raise UnsentError(f"Secret {address.secret} has no key {address.key} in this container")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UnsentError("its address is not a URL") from None
    schemes = MAIL_SCHEMES if address.email else SCHEMES
    if parts.scheme not in schemes or not parts.hostname:
        raise UnsentError(f"its address is neither {schemes[0]} nor {schemes[1]}")
    return url


def _with_suffix(url: str, suffix: str) -> str:
    if not suffix:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + suffix))


def _send(url: str, body: bytes | None, silence: float) -> None:
    """One request. No error repeats the URL: any reader of it could send too."""
    from urllib.error import HTTPError, URLError
    from urllib.request import Request

    request = Request(  # noqa: S310 - http and https only, see SCHEMES
        url,
        data=body,
        headers={"Content-Type": "application/json", "User-Agent": "schedule-reconciler"},
    )
    try:
        with _opener().open(request, timeout=silence):
            return
    except HTTPError as error:
        with error:
            reason = f"it answered {error.code}"
            if 300 <= error.code < 400:
                reason += ", and redirects are not followed"
        raise UnsentError(reason, answered=True) from None
    except TimeoutError:
        reason = f"no answer within {silence:g} s"
    except URLError as error:
        reason = _unreached(error.reason, silence)
    except Exception as error:  # noqa: BLE001 - whatever else; its text may hold the URL
        reason = f"it cannot be reached: {type(error).__name__}"
    raise UnsentError(reason)


def _unreached(cause: object, silence: float) -> str:
    if isinstance(cause, TimeoutError):
        return f"no answer within {silence:g} s"
    known = cause.strerror if isinstance(cause, OSError) else None
    return f"it cannot be reached: {known or type(cause).__name__}"


def _opener() -> OpenerDirector:
    from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

    class Unfollowed(HTTPRedirectHandler):
        def redirect_request(self, *_: object, **__: object) -> None:
            return None

    return build_opener(ProxyHandler({}), Unfollowed)
