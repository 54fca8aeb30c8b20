"""The application's own ports in memory. Each yields between what it does and its answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from reconciler.client.jobs import JobState, Outcome
from reconciler.dispatch.answers import UnavailableError


@dataclass
class FakeResults:
    """Outcomes by call id; a call that is not named here is pending."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)

    async def outcome(self, call: str) -> Outcome:
        """See :class:`~reconciler.web.ports.Results`."""
        found = self.outcomes.get(call, Outcome(JobState.PENDING))
        await asyncio.sleep(0)
        return found


@dataclass
class FakeKeySets:
    """Key sets by URL; any other URL cannot be fetched.

    Attributes:
        fetched: the URLs that were asked for.
    """

    contents: dict[str, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    async def fetch(self, url: str) -> bytes:
        """See :class:`~reconciler.web.ports.KeySets`."""
        self.fetched.append(url)
        await asyncio.sleep(0)
        if url not in self.contents:
            raise UnavailableError(f"the keys at {url} cannot be fetched")
        return self.contents[url]
