"""The calls of Cloudflare's REST API that deploy a Worker, for one account.

A call is repeated when Cloudflare limits the rate, fails, or closes the connection. What creates
something looks it up by name first and again when it exists by then, so a lost answer leaves no
second one behind. Answers grow: unknown keys are passed over.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from reconciler.deploy.cloudflare.errors import (
    EXISTS,
    NO_SUCH_SCRIPT,
    NOT_YET,
    CloudflareError,
    is_passing,
    no_answer,
    refusal,
)
from reconciler.errors import ReconcileError

API: Final = "https://api.cloudflare.com/client/v4"
TIMEOUT: Final = 60.0
"""Seconds that one call may take; an upload is the longest."""
PAUSES: Final = (1.0, 4.0, 15.0)
LONGEST_PAUSE: Final = 330.0
"""Seconds. Above its rate limit Cloudflare blocks all calls of a token for five minutes."""
PAGE: Final = 100
COMPATIBILITY_DATE: Final = "2026-07-30"
"""The behaviour of the runtime for which the Worker is written and tested."""
PAGES: Final = 50


@dataclass(frozen=True, slots=True)
class Script:
    """A Worker of the account, as its list tells."""

    name: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Upload:
    """A version of a Worker.

    Attributes:
        modules: text by name, the main one first.
        bindings: as the API takes them. Keys travel among them, so no version runs without its own.
        tags: at most 8, without `,` and `&`.
        compatibility_date: which behaviour of the runtime it is written for.
    """

    modules: Mapping[str, str]
    bindings: Sequence[Mapping[str, str]] = field(repr=False)
    tags: Sequence[str]
    compatibility_date: str = COMPATIBILITY_DATE

    @property
    def metadata(self) -> Mapping[str, object]:
        """The part that describes the others."""
        return {
            "main_module": next(iter(self.modules)),
            "compatibility_date": self.compatibility_date,
            "tags": list(self.tags),
            "keep_bindings": ["secret_text"],
            "bindings": [dict(binding) for binding in self.bindings],
        }


@dataclass(frozen=True, slots=True)
class Account:
    """An account on Cloudflare.

    Attributes:
        id: the account's id.
        token: never printed.
        api: the API's address, without a slash at the end.
        client: sends the requests; tests pass one without a network.
        sleep: waits for so many seconds.
        pauses: seconds before the second try, the third and so on, where Cloudflare names no time.
    """

    id: str
    token: str = field(repr=False)
    api: str = API
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=TIMEOUT), repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    pauses: Sequence[float] = PAUSES

    def scripts(self) -> tuple[Script, ...]:
        """The Workers of the account."""
        return tuple(
            Script(str(found["id"]), tuple(found.get("tags") or ()))
            for found in self._each("workers/scripts")
        )

    def schedules(self, script: str) -> tuple[str, ...]:
        """The cron triggers of a Worker, as Cloudflare gives them back.

        Raises:
            CloudflareError: there is no such Worker.
        """
        found = self._call("GET", f"workers/scripts/{script}/schedules")
        return tuple(str(each["cron"]) for each in found["schedules"])

    def put_schedules(self, script: str, crons: Sequence[str]) -> None:
        """Replace the cron triggers of a Worker; none clears them."""
        body = [{"cron": cron} for cron in crons]
        self._call("PUT", f"workers/scripts/{script}/schedules", json=body)

    def upload(self, script: str, upload: Upload) -> None:
        """Create or replace a Worker. Its schedules must be put again afterwards."""
        files = {
            name: (name, text.encode(), "application/javascript+module")
            for name, text in upload.modules.items()
        }
        metadata = (None, json.dumps(upload.metadata).encode(), "application/json")
        self._call("PUT", f"workers/scripts/{script}", files={"metadata": metadata, **files})

    def put_tags(self, script: str, tags: Sequence[str]) -> None:
        """Replace the tags of a Worker, without another version of it."""
        body = {"tags": list(tags)}
        self._call("PATCH", f"workers/scripts/{script}/script-settings", json=body)

    def disable_address(self, script: str) -> None:
        """Take the Worker's public address away: only cron triggers and its queue reach it."""
        body = {"enabled": False, "previews_enabled": False}
        self._call("POST", f"workers/scripts/{script}/subdomain", json=body)

    def delete_script(self, script: str) -> None:
        """Delete a Worker; none of that name is as good."""
        try:
            self._call("DELETE", f"workers/scripts/{script}?force=true")
        except CloudflareError as error:
            if not NO_SUCH_SCRIPT & {*error.codes}:
                raise

    def queue(self, name: str) -> str:
        """The id of the queue of this name, which is created where there is none."""
        return self._ensure("queues", "queue_name", name, "queue_id", {"queue_name": name})

    def find_database(self, name: str) -> str | None:
        """The id of the D1 database of this name; None where there is none."""
        return self._find("d1/database", "name", name, "uuid")

    def database(self, name: str) -> str:
        """The id of the D1 database of this name, which is created where there is none."""
        return self._ensure("d1/database", "name", name, "uuid", {"name": name})

    def put_consumer(self, queue: str, consumer: Mapping[str, Any]) -> None:
        """Make a Worker the consumer of a queue, which has one at most.

        Args:
            queue: the queue's id.
            consumer: as the API takes it.
        """
        for again in (True, False):
            found = next(iter(self._each(f"queues/{queue}/consumers")), None)
            try:
                if found is None:
                    self._call("POST", f"queues/{queue}/consumers", NOT_YET, json=consumer)
                else:
                    path = f"queues/{queue}/consumers/{found['consumer_id']}"
                    self._call("PUT", path, NOT_YET, json=consumer)
            except CloudflareError as error:
                if not (again and EXISTS & {*error.codes}):
                    raise
            else:
                return

    def query(self, database: str, sql: str, *params: object) -> Sequence[Mapping[str, Any]]:
        """Run a statement in a D1 database, and return its rows."""
        body = {"sql": sql, "params": list(params)}
        found = self._call("POST", f"d1/database/{database}/query", json=body)
        return list(found[0].get("results") or ())

    def _ensure(self, path: str, key: str, name: str, id_key: str, body: Mapping[str, str]) -> str:
        for again in (True, False):
            if (held := self._find(path, key, name, id_key)) is not None:
                return held
            try:
                return str(self._call("POST", path, json=body)[id_key])
            except CloudflareError as error:
                if not (again and EXISTS & {*error.codes}):
                    raise
        raise AssertionError

    def _find(self, path: str, key: str, name: str, id_key: str) -> str | None:
        for found in self._each(path, name=name):
            if found.get(key) == name:
                return str(found[id_key])
        return None

    def _each(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """Every entry of a list, whether or not Cloudflare cuts it into pages."""
        before: list[Mapping[str, Any]] = []
        for page in range(1, PAGES + 1):
            numbered = httpx.QueryParams({**query, "page": page, "per_page": PAGE})
            found = self._call("GET", f"{path}?{numbered}")
            entries = [each for each in found or () if isinstance(each, Mapping)]
            if entries == before:  # not cut into pages
                return
            yield from entries
            if len(entries) < PAGE:
                return
            before = entries

    def _call(
        self, method: str, path: str, passing: frozenset[int] = frozenset(), **content: Any
    ) -> Any:
        """Call the API, and return its `result`.

        Args:
            passing: codes that are repeated as a failure of Cloudflare is.
        """
        call = f"{method} {path.partition('?')[0]}"
        for pause in (*self.pauses, None):
            try:
                answer = self.client.request(
                    method,
                    f"{self.api}/accounts/{self.id}/{path}",
                    headers={"Authorization": f"Bearer {self.token}"},
                    **content,
                )
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as failure:
                lasting = isinstance(failure, httpx.UnsupportedProtocol | httpx.InvalidURL)
                if pause is None or lasting:
                    raise no_answer(call, self.api, failure) from failure
                self.sleep(pause)
                continue
            if answer.is_success:
                return self._result(call, answer)
            error = refusal(call, answer)
            wait = _wait(answer, pause)
            if wait is None or not (is_passing(answer) or passing & {*error.codes}):
                raise error
            self.sleep(wait)
        raise AssertionError

    def _result(self, call: str, answer: httpx.Response) -> Any:
        try:
            return answer.json()["result"]
        except (ValueError, TypeError, KeyError, RecursionError) as failure:
            raise ReconcileError(
                f"the answer to {call} is not of Cloudflare's API",
                where=self.api,
                remedy="Is CLOUDFLARE_API_BASE_URL the API's address, and is a proxy in between?",
            ) from failure


def _wait(answer: httpx.Response, pause: float | None) -> float | None:
    """Seconds until the next try; None when there is to be none."""
    if pause is None:
        return None
    asked = answer.headers.get("Retry-After", "").strip()
    if not asked.isdecimal() or len(asked) > 6:
        return pause
    return max(pause, float(asked)) if float(asked) <= LONGEST_PAUSE else None
