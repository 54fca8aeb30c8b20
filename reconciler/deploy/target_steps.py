"""The steps of an apply that concern code targets: build images, deploy apps, remove retired ones.

Images are built, and Secrets and Volumes looked up, before anything is deployed, so that one that
fails or is missing leaves everything as it was.
Each app is deployed in place, several at once. No retired app is removed in the apply that retires
it, nor while a call of it is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.deploy.from_env import digests, made_salt, require_variables, taken
from reconciler.deploy.ports import Workspace
from reconciler.dispatch.adapters.at_once import together
from reconciler.plan import Plan
from reconciler.plan.code_targets import PlannedTarget
from reconciler.plan.tags import target_tags, variable_tag
from reconciler.plan.target_changes import image_changed

AT_ONCE: Final = 8
"""Apps that are deployed at the same time."""


@dataclass(frozen=True, slots=True)
class TargetSteps:
    """The steps for the code targets of one plan.

    Attributes:
        report: receives a line for each step that was done.
    """

    workspace: Workspace
    plan: Plan
    report: Callable[[str], None]
    _free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def require_variables(self) -> None:
        """Raise if a target lacks the value of a variable.

        Raises:
            MissingVariableError: it does; nothing was done.
        """
        for one in self.plan.deploy_targets:
            held = [
                name for name in one.target.options.from_env if self._deployed_digest(one, name)
            ]
            require_variables(one, held, self._values([one]), self._where(one, "secrets"))

    @property
    def built(self) -> tuple[PlannedTarget, ...]:
        """The targets whose images have to be built."""
        return tuple(
            one for one in self.plan.deploy_targets if image_changed(self.plan.actual, one)
        )

    async def build_images(self) -> None:
        """Build the images that changed.

        Raises:
            ImageNotBuiltError: one cannot be built; nothing was deployed.
        """

        async def build(one: PlannedTarget) -> None:
            await self.workspace.apps.build_image(one, self._where(one, "image"))

        await self._each(self.built, build, "image of", "is built")

    async def deploy(self) -> None:
        """Deploy the targets that changed, once all that they name is there.

        Raises:
            MissingObjectError: a Secret or Volume is not there; nothing was deployed.
            ImageNotBuiltError, UnavailableError: one could not be deployed; others may have been.
        """

        async def require(one: PlannedTarget) -> None:
            async with self._free:
                places = {key: self._where(one, key) for key in ("secrets", "volumes")}
                await self.workspace.apps.require_objects(one, places)

        await together(*map(require, self.plan.deploy_targets))
        values = self._values(self.plan.deploy_targets)
        hidden: Mapping[str, str] = {}
        if values:
            hidden = await digests(values, await made_salt(self.workspace.files))

        async def deploy(one: PlannedTarget) -> None:
            tags = target_tags(
                self.plan.desired.owner, self.plan.app, one.record, self._digests(one, hidden)
            )
            where = self._where(one)
            await self.workspace.apps.deploy_target(one, tags, self._values([one]), where)

        await self._each(self.plan.deploy_targets, deploy, "app", "is deployed")

    async def remove(self) -> None:
        """Remove the retired targets of which no call is open now."""
        for one in self.plan.removed_targets:
            live = one.live
            if not await self.workspace.apps.is_busy(live.app, live.functions):
                await self.workspace.apps.remove_target(live.app)
                self.report(f"  app {live.app} is removed")

    async def _each(
        self,
        targets: Iterable[PlannedTarget],
        act: Callable[[PlannedTarget], Awaitable[None]],
        what: str,
        done: str,
    ) -> None:
        targets = tuple(targets)
        finished = 0

        async def one_of(one: PlannedTarget) -> None:
            nonlocal finished
            async with self._free:
                await act(one)
            finished += 1
            self.report(f"  {what} {one.record.app} {done} ({finished} of {len(targets)})")

        await together(*(one_of(one) for one in targets))

    def _values(self, targets: Iterable[PlannedTarget]) -> Mapping[str, str]:
        names = {name for one in targets for name in one.target.options.from_env}
        return taken(names, self.workspace.environ)

    def _deployed_digest(self, one: PlannedTarget, name: str) -> str | None:
        live = self.plan.actual.code_targets.get(one.record.app)
        return None if live is None else live.tags.get(variable_tag(name))

    def _digests(self, one: PlannedTarget, hidden: Mapping[str, str]) -> Mapping[str, str]:
        """The digests for a target's tags; of a variable that is not set now, the deployed one."""
        found = {}
        for name in one.target.options.from_env:
            digest = hidden.get(name) or self._deployed_digest(one, name)
            if digest is not None:
                found[name] = digest
        return found

    def _where(self, one: PlannedTarget, key: str = "code") -> str:
        """Where the first of its schedules says a key, or names the target if it does not."""
        first = next(
            schedule
            for schedule in self.plan.desired.schedules
            if schedule.name == one.schedules[0]
        )
        return str(first.key_locations.get(key) or first.target_location or first.location)
