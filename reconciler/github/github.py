"""The few calls of GitHub's REST API that keep one comment and one issue up to date."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final, Protocol, Self
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from reconciler.errors import ReconcileError
from reconciler.foreign_text import on_one_line
from reconciler.words import count

API: Final = "https://api.github.com"
PAGE: Final = 100
PAGES: Final = 20
"""Pages of a list that are looked through, of :data:`PAGE` entries each."""
TIMEOUT: Final = 30
"""Seconds that one call may take."""


class GitHub(Protocol):
    """A repository on GitHub."""

    def each(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """Every entry of a list, within a bound."""
        ...

    def send(self, method: str, path: str, **body: object) -> None:
        """Create or change something."""
        ...


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, through the REST API.

    Attributes:
        api: the API's address, without a slash at the end.
        name: ``owner/name``.
    """

    api: str
    name: str
    token: str

    @classmethod
    def of_job(cls) -> Self:
        """The repository that the running job belongs to.

        Raises:
            ReconcileError: this is no job of GitHub Actions, or it was given no token.
        """
        name = os.environ.get("GITHUB_REPOSITORY", "")
        token = os.environ.get("GITHUB_TOKEN", "").strip()
        if not name or not token:
            raise ReconcileError(
                "GITHUB_REPOSITORY and GITHUB_TOKEN are not both set",
                remedy="In GitHub Actions, give the step `GITHUB_TOKEN: ${{ github.token }}`.",
            )
        if not (token.isascii() and token.isprintable()):  # http.client would print it
            raise ReconcileError(
                "GITHUB_TOKEN holds a character that no token has, such as a line's end",
                remedy="Give the step `GITHUB_TOKEN: ${{ github.token }}`.",
            )
        return cls(os.environ.get("GITHUB_API_URL") or API, name, token)

    def each(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """See :class:`GitHub`.

        Raises:
            ReconcileError: GitHub refuses, or does not answer.
        """
        for page in range(1, PAGES + 1):
            numbered = urlencode({**query, "per_page": PAGE, "page": page})
            found = self._call("GET", f"{path}?{numbered}", None)
            if not isinstance(found, list):
                raise self._misunderstood(f"GET {path}")
            yield from found
            if len(found) < PAGE:
                return

    def send(self, method: str, path: str, **body: object) -> None:
        """See :class:`GitHub`.

        Raises:
            ReconcileError: GitHub refuses, or does not answer.
        """
        self._call(method, path, body)

    def _call(self, method: str, path: str, body: Mapping[str, object] | None) -> Any:
        request = Request(  # noqa: S310 - the address is the one that the runner gives us
            f"{self.api}/repos/{self.name}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "Content-Type": "application/json",
            },
        )
        what = f"{method} {path.partition('?')[0]}"
        try:
            with _OPENER.open(request, timeout=TIMEOUT) as answer:
                content = answer.read()
        except HTTPError as error:
            raise self._refused(what, error) from error
        except (OSError, HTTPException, ValueError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise ReconcileError(
                f"GitHub did not answer {what}: {on_one_line(str(reason)) or type(error).__name__}",
                where=self.api,
                remedy="Run the job again. If it stays so, is a proxy in between?",
            ) from error
        try:
            return json.loads(content) if content else None
        except (ValueError, RecursionError) as error:
            raise self._misunderstood(what) from error

    def _misunderstood(self, what: str) -> ReconcileError:
        return ReconcileError(
            f"the answer to {what} is not of GitHub's API",
            where=self.api,
            remedy="Is GITHUB_API_URL the address of the API, and is a proxy in between?",
        )

    def _refused(self, what: str, error: HTTPError) -> ReconcileError:
        said = _message(error)
        limited = "rate limit" in said.lower() or error.headers.get("Retry-After") is not None
        if error.code == _GONE:
            remedy = "Issues are disabled: enable them in the repository's settings."
        elif error.code == _UNAUTHORIZED:
            remedy = "Give the step `GITHUB_TOKEN: ${{ github.token }}`, or a token that is valid."
        elif error.code == _TOO_MANY or limited:
            remedy = f"Run the job again {_after(error.headers.get('Retry-After'))}."
        elif error.code >= _SERVER:
            remedy = "Run the job again; githubstatus.com says whether GitHub has an outage."
        elif error.code in _FORBIDDEN:
            remedy = (
                "Does the job have the permission? A comment needs `pull-requests: write`, "
                "comparing with one `pull-requests: read`, an issue `issues: write`."
            )
        elif error.code == _INVALID:
            remedy = "GitHub says what it does not accept; report it if it is of our making."
        else:
            remedy = "Check GITHUB_REPOSITORY and GITHUB_API_URL."
        status = f"{error.code} {on_one_line(error.reason)}".rstrip()
        return ReconcileError(
            f"GitHub refused {what}: {status}{f': {said}' if said else ''}",
            where=self.name,
            remedy=remedy,
        )


class _NoRedirect(HTTPRedirectHandler):
    """Follows none: urllib would send the token on, and make a GET of what was to be written."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


_OPENER: Final = build_opener(_NoRedirect)
_DIGITS: Final = 10
"""A longer number is no time to wait."""
_UNAUTHORIZED, _GONE, _INVALID, _TOO_MANY, _SERVER = 401, 410, 422, 429, 500
_FORBIDDEN: Final = frozenset({403, 404})


def _message(error: HTTPError) -> str:
    """What GitHub says of a refusal, on one line; empty when it says nothing."""
    try:
        document = json.loads(error.read(_LONGEST))
        parts = [document.get("message"), *(one.get("message") for one in document["errors"])]
    except KeyError:
        parts = [document.get("message")]
    except (OSError, HTTPException, ValueError, TypeError, AttributeError, RecursionError):
        return ""
    return on_one_line("; ".join(part for part in parts if isinstance(part, str)))[:_SHOWN]


_LONGEST: Final = 65_536
_SHOWN: Final = 300
"""Bytes of an answer that are read, and characters of its message that are shown."""


def _after(wait: str | None) -> str:
    """When to try again: ``Retry-After`` is a number of seconds, or a time."""
    if wait is None or not wait.strip():
        return "later"
    seconds = wait.strip()
    if seconds.isascii() and seconds.isdecimal() and len(seconds) < _DIGITS:
        return f"in {count(int(seconds), 'second')}"
    return f"after {on_one_line(wait)}"
