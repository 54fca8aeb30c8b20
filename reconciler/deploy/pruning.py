"""Remove the records of old applies, and the generations that only they name.

Invariant: *what is live, was live before it, is named by a record that is kept, or was live at any
time within the last day, stays.* A wake that began before the last apply therefore still finds what
it is about to read. For the last part, age alone does not do: an apply that lay still just before
it flipped the pointer makes live what an old record names. The records of the last day therefore
also say what each of them found live.

Ages are by the Volume's clock, which is the same for all who apply.

Records go first. A crash in between leaves generations that no record names, never the reverse;
they go with the next record that is old. The process that prunes holds the lease, and begins no
removal once half of it has passed: the next apply begins when it has run out, and may make an old
generation live again. A call of ours that Modal carries out later still would be too late for this
rule; the plan after it shows such a loss as drift, and repairs it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.deploy.lease import LEASE_TIME
from reconciler.deploy.ports import Files
from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.ports import Clock
from reconciler.model.applied import APPLIES_FOLDER, Applied, applied_path
from reconciler.model.generation import generation_path
from reconciler.model.pointer import Pointer
from reconciler.model.runs_file import format_time

REMOVED_AT_MOST: Final = 200
"""Records, and generations, that one apply removes; the next one goes on."""
AT_ONCE: Final = 16
"""Files that are removed at the same time."""
SHORTEST: Final = timedelta(days=1)
"""What is younger stays, whatever the settings say."""

GENERATIONS: Final = generation_path("").rpartition("/")[0]
_RECORD: Final = re.compile(
    rf"{APPLIES_FOLDER}/\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ-(?P<generation>[0-9a-f]{{12}})\.json",
    re.ASCII,
)
_GENERATION: Final = re.compile(
    rf"{GENERATIONS}/(?P<beginning>[0-9a-f]{{12}})[0-9a-f]{{52}}\.jsonl", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Pruning:
    """What an apply does with what is old, as its last step.

    Attributes:
        live: the pointer that this apply has written.
        keep: how long records are kept.
        hold: renews the lease.
    """

    files: Files
    clock: Clock
    live: Pointer
    keep: timedelta
    hold: Callable[[], Awaitable[None]]

    async def run(self) -> None:
        """Remove what is old. Where nothing is, this costs one call.

        Raises:
            UnavailableError: Modal did not answer. Doing it again is safe.
            LeaseLostError: another apply is running; nothing more is removed.
            FormatError: a record of the last day cannot be read; nothing was removed.
        """
        found = await self.files.written(APPLIES_FOLDER)
        if not self.old_records(found, self.clock.now()):
            return
        until = self.clock.now() + LEASE_TIME / 2
        await self.hold()
        written = await self.files.written(GENERATIONS)
        live = written.get(generation_path(self.live.generation))
        if live is None:
            return
        # It was written a moment ago by the Volume's clock; ours may be ahead of that.
        now = min(self.clock.now(), datetime.fromisoformat(live))
        records = self.old_records(found, now)
        generations = self.old_generations(
            written,
            now,
            await self.named({path: at for path, at in found.items() if path not in records}, now),
        )
        await self.remove(records, until)
        await self.remove(generations, until)

    def old_records(self, written: Mapping[str, str], now: datetime) -> list[str]:
        """The oldest first; what is named otherwise than ours are is left alone."""
        own = applied_path(self.live)
        old = [
            (at, path)
            for path, at in written.items()
            if path != own and _RECORD.fullmatch(path) is not None and at < self.oldest(now)
        ]
        return [path for _, path in sorted(old)][:REMOVED_AT_MOST]

    def old_generations(
        self, written: Mapping[str, str], now: datetime, named: frozenset[str]
    ) -> list[str]:
        """Those that are old and whose digest begins with none of these; the oldest first."""
        old = [
            (at, path)
            for path, at in written.items()
            if (found := _GENERATION.fullmatch(path)) is not None
            and found["beginning"] not in named
            and at < self.oldest(now)
        ]
        return [path for _, path in sorted(old)][:REMOVED_AT_MOST]

    async def named(self, kept: Mapping[str, str], now: datetime) -> frozenset[str]:
        """How the digests of the generations begin that stay.

        Args:
            kept: records, each with when it was written.
        """
        records = {path: found for path in kept if (found := _RECORD.fullmatch(path)) is not None}
        yesterday = format_time(now - SHORTEST)
        recent = await at_once(map(self.found_live, (p for p in records if kept[p] >= yesterday)))
        digests = [self.live.generation, self.live.previous, *recent]
        return frozenset(
            [
                *(digest[:12] for digest in digests if digest is not None),
                *(found["generation"] for found in records.values()),
            ]
        )

    async def found_live(self, path: str) -> str | None:
        """The generation that was live when the apply of this record began."""
        content = await self.files.read(path)
        return None if content is None else Applied.decode(content, path).pointer.previous

    def oldest(self, now: datetime) -> str:
        """It is time to remove what was written before this, ISO 8601."""
        return format_time(now - max(self.keep, SHORTEST))

    async def remove(self, paths: Iterable[str], until: datetime) -> None:
        """Remove files; none is begun after that time."""
        free = asyncio.Semaphore(AT_ONCE)

        async def one(path: str) -> None:
            async with free:
                if self.clock.now() < until:
                    await self.files.remove(path)

        # Whatever fails, all have ended before the lease is given back.
        ended = await asyncio.gather(*map(one, paths), return_exceptions=True)
        failed = [error for error in ended if isinstance(error, BaseException)]
        if failed:
            # Of several the one that is not a mere failure of a call, such as a Ctrl-C.
            raise min(failed, key=lambda error: isinstance(error, UnavailableError))
