"""The few calls of GitHub's REST API that keep one comment and one issue up to date."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from reconciler.errors import ReconcileError

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
        name, token = (os.environ.get(key, "") for key in ("GITHUB_REPOSITORY", "GITHUB_TOKEN"))
        if not name or not token:
            raise ReconcileError(
                "GITHUB_REPOSITORY and GITHUB_TOKEN are not both set",
                remedy="In GitHub Actions, give the step `GITHUB_TOKEN: ${{ github.token }}`.",
            )
        return cls(os.environ.get("GITHUB_API_URL", API), name, token)

    def each(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """See :class:`GitHub`.

        Raises:
            ReconcileError: GitHub refuses, or does not answer.
        """
        for page in range(1, PAGES + 1):
            numbered = urlencode({**query, "per_page": PAGE, "page": page})
            found = self._call("GET", f"{path}?{numbered}", None)
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
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - as above
                return json.loads(answer.read())
        except HTTPError as error:
            raise ReconcileError(
                f"GitHub refused {method} {path.partition('?')[0]}: {error.code} {error.reason}",
                where=self.name,
                remedy="Does the job have the permission? A comment needs `pull-requests: write`, "
                "comparing with one `pull-requests: read`, an issue `issues: write`.",
            ) from error
        except (URLError, TimeoutError, ValueError) as error:
            raise ReconcileError(
                f"GitHub did not answer {method} {path.partition('?')[0]}: {error}",
                where=self.name,
                remedy="Run the job again.",
            ) from error
