"""Runs functions at the times of their schedules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from reconciler.engine import crons
from reconciler.engine.apps import AppStore
from reconciler.engine.crons import Scheduled
from reconciler.engine.time_source import TimeSource

_MINUTE: Final = 60.0


class CronRunner:
    """``run`` starts a function, given its id. Only live apps fire: deployed or being run."""

    def __init__(self, apps: AppStore, clock: TimeSource, run: Callable[[str], object]) -> None:
        self._apps = apps
        self._clock = clock
        self._run = run

    async def keep_firing(self) -> None:
        """Fire crons until cancelled. Times while the machine slept are skipped."""
        looked = self._clock.now()
        while True:
            await self._pause(crons.next_look(self._scheduled(), looked))
            now = self._clock.now()
            for function in crons.due(self._scheduled(), max(looked, now - _MINUTE), now):
                self._run(function)
            looked = now

    async def _pause(self, until: float) -> None:
        """Until a time, or until what is deployed changes."""
        self._apps.changed.clear()
        try:
            await asyncio.wait_for(self._apps.changed.wait(), max(0.0, until - self._clock.now()))
        except TimeoutError:
            return

    def _scheduled(self) -> list[Scheduled]:
        return [
            Scheduled(spec.id, spec.data.schedule, app.deployed)
            for app in self._apps.live()
            for spec in self._apps.specs(app.id)
            if spec.data.HasField("schedule")
        ]
