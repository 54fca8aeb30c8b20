"""The few calls of GitHub's REST API that keep one comment and one issue up to date.

GitHub's answers are not of our making: any field of any entry may be null or absent.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, Self

import httpx

from reconciler.errors import ReconcileError
from reconciler.foreign_text import on_one_line
from reconciler.words import count

API: Final = "https://api.github.com"
PAGE: Final = 100
PAGES: Final = 20
"""Pages of a list that are read, of :data:`PAGE` entries each."""
TIMEOUT: Final = 30
"""Seconds that one call may take."""
PAUSES: Final = (1.0, 4.0, 15.0)
"""Seconds before the second, third and fourth try, where GitHub names no time."""
LONGEST_PAUSE: Final = 90
"""Seconds. A rate limit that lasts longer is an error: the job would cost more than it is worth."""


class GitHub(Protocol):
    """A repository on GitHub."""

    def each(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """Every entry of a list, within a bound."""
        ...

    def get(self, path: str) -> Mapping[str, Any]:
        """One object.

        Raises:
            RefusedByGitHubError: GitHub refuses it.
        """
        ...

    def send(self, method: str, path: str, **body: object) -> None:
        """Create, change or delete something.

        Raises:
            RefusedByGitHubError: GitHub refuses it.
        """
        ...

    def may_write(self, login: str) -> bool:
        """Whether a person has write access to the repository, or is the token's own.

        False when neither is known.
        """
        ...


class RefusedByGitHubError(ReconcileError):
    """GitHub answered, and refused.

    Attributes:
        status: the HTTP status.
    """

    status: int = 0


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, through the REST API.

    A call is tried again when GitHub is overloaded, limits the rate, or closes the connection. A
    comment may then be written twice: :func:`~reconciler.github.comment.put_comment` makes one of
    two.

    Attributes:
        api: the API's address, without a slash at the end.
        name: ``owner/name``.
        sleep: waits for so many seconds.
        pauses: before each further try of a call.
    """

    api: str
    name: str
    token: str
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    pauses: tuple[float, ...] = PAUSES

    @classmethod
    def of_job(cls) -> Self:
        """The repository that the running job belongs to.

        Raises:
            ReconcileError: the command does not run in GitHub Actions, or it was given no token.
        """
        name = os.environ.get("GITHUB_REPOSITORY", "")
        token = os.environ.get("GITHUB_TOKEN", "").strip()
        if not name or not token:
            raise ReconcileError(
                "GITHUB_REPOSITORY and GITHUB_TOKEN are not both set",
                remedy="In GitHub Actions, give the step `GITHUB_TOKEN: ${{ github.token }}`.",
            )
        if not (token.isascii() and token.isprintable()):  # the HTTP client would print it
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
            numbered = httpx.QueryParams({**query, "per_page": PAGE, "page": page})
            found = self._call("GET", f"{path}?{numbered}", None)
            if not isinstance(found, list):
                raise self._misunderstood(f"GET {path}")
            yield from (entry for entry in found if isinstance(entry, Mapping))
            if len(found) < PAGE:
                return

    def get(self, path: str) -> Mapping[str, Any]:
        """See :class:`GitHub`.

        Raises:
            ReconcileError: GitHub refuses, or does not answer.
        """
        found = self._call("GET", path, None)
        if not isinstance(found, Mapping):
            raise self._misunderstood(f"GET {path}")
        return found

    def send(self, method: str, path: str, **body: object) -> None:
        """See :class:`GitHub`.

        Raises:
            ReconcileError: GitHub refuses, or does not answer.
        """
        self._call(method, path, body)

    def may_write(self, login: str) -> bool:
        """See :class:`GitHub`."""
        try:
            found = self._call("GET", f"collaborators/{login}/permission", None)
            return isinstance(found, Mapping) and found.get("permission") in ("admin", "write")
        except RefusedByGitHubError:
            pass  # this token may not ask
        try:
            own = self._call("GET", "user", None, below="")
        except RefusedByGitHubError:
            return False
        return isinstance(own, Mapping) and own.get("login") == login

    def _call(
        self, method: str, path: str, body: Mapping[str, object] | None, below: str | None = None
    ) -> Any:
        """Call the API.

        Args:
            below: what the path is relative to; by default the repository.
        """
        what = f"{method} {path.partition('?')[0]}"
        prefix = f"repos/{self.name}/" if below is None else below
        for pause in (*self.pauses, None):
            try:
                answer = self._try(method, f"{self.api}/{prefix}{path}", body)
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                # A wrong address or another protocol stays what it is.
                lasting = isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL)
                if pause is None or lasting:
                    raise self._silent(what, error) from error
                self.sleep(pause)
                continue
            if answer.is_success:
                return self._document(what, answer)
            wait = _wait(answer, pause)
            if wait is None:
                raise self._refused(what, answer)
            self.sleep(wait)
        raise AssertionError

    def _try(self, method: str, url: str, body: Mapping[str, object] | None) -> httpx.Response:
        # Redirects are not followed: they would send the token on, and make a GET of a POST.
        return httpx.request(
            method,
            url,
            json=body or None,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            timeout=TIMEOUT,
        )

    def _document(self, what: str, answer: httpx.Response) -> Any:
        try:
            return answer.json() if answer.content else None
        except (ValueError, RecursionError) as error:
            raise self._misunderstood(what) from error

    def _silent(self, what: str, error: Exception) -> ReconcileError:
        reason = on_one_line(str(error)) or type(error).__name__
        return ReconcileError(
            f"GitHub did not answer {what}: {reason}",
            where=self.api,
            remedy="Run the job again. If it stays so, is a proxy in between?",
        )

    def _misunderstood(self, what: str) -> ReconcileError:
        return ReconcileError(
            f"the answer to {what} is not of GitHub's API",
            where=self.api,
            remedy="Is GITHUB_API_URL the address of the API, and is a proxy in between?",
        )

    def _refused(self, what: str, answer: httpx.Response) -> RefusedByGitHubError:
        said = _message(answer)
        code = answer.status_code
        if code == _GONE:
            remedy = "Issues are disabled: enable them in the repository's settings."
        elif code == _UNAUTHORIZED:
            remedy = "Give the step `GITHUB_TOKEN: ${{ github.token }}`, or a token that is valid."
        elif _is_limited(answer):
            remedy = f"Run the job again {_after(answer.headers.get('Retry-After'))}."
        elif code >= _SERVER:
            remedy = "Run the job again; githubstatus.com says whether GitHub has an outage."
        elif code in _FORBIDDEN:
            remedy = (
                "Does the job have the permission? A comment needs `pull-requests: write`, "
                "comparing with one `pull-requests: read`, an issue `issues: write`."
            )
        elif code == _INVALID:
            remedy = "GitHub says what it does not accept; report it if it is of our making."
        else:
            remedy = "Check GITHUB_REPOSITORY and GITHUB_API_URL."
        status = f"{code} {on_one_line(answer.reason_phrase)}".rstrip()
        error = RefusedByGitHubError(
            f"GitHub refused {what}: {status}{f': {said}' if said else ''}",
            where=self.name,
            remedy=remedy,
        )
        error.status = code
        return error


_DIGITS: Final = 10
"""A longer number is no time to wait."""
_UNAUTHORIZED, _GONE, _INVALID, _TOO_MANY, _SERVER = 401, 410, 422, 429, 500
_FORBIDDEN: Final = frozenset({403, 404})


def _is_limited(answer: httpx.Response) -> bool:
    """Whether GitHub limits the rate: by 429, or by 403 as its secondary limit does."""
    if answer.status_code == _TOO_MANY:
        return True
    return answer.status_code == 403 and (
        "Retry-After" in answer.headers
        or answer.headers.get("X-RateLimit-Remaining") == "0"
        or "rate limit" in _message(answer).lower()
    )


def _wait(answer: httpx.Response, pause: float | None) -> float | None:
    """Seconds until the next try; None when there is to be none."""
    if pause is None or not (_is_limited(answer) or answer.status_code >= _SERVER):
        return None
    asked = answer.headers.get("Retry-After")
    if asked is None:
        return pause
    seconds = _seconds(asked)
    return None if seconds is None or seconds > LONGEST_PAUSE else max(seconds, pause)


def _message(answer: httpx.Response) -> str:
    """What GitHub says of a refusal, on one line; empty when it says nothing."""
    try:
        document = json.loads(answer.content[:_LONGEST])
        parts = [document.get("message"), *(one.get("message") for one in document["errors"])]
    except KeyError:
        parts = [document.get("message")]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ""
    return on_one_line("; ".join(part for part in parts if isinstance(part, str)))[:_SHOWN]


_LONGEST: Final = 65_536
_SHOWN: Final = 300
"""Bytes of an answer that are read, and characters of its message that are shown."""


def _seconds(text: str) -> int | None:
    text = text.strip()
    right = text.isascii() and text.isdecimal() and len(text) < _DIGITS
    return int(text) if right else None


def _after(wait: str | None) -> str:
    """When to try again: ``Retry-After`` is a number of seconds, or a time."""
    if wait is None or not wait.strip():
        return "later"
    seconds = _seconds(wait)
    return f"after {on_one_line(wait)}" if seconds is None else f"in {count(seconds, 'second')}"
