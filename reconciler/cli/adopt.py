"""``reconcile adopt``: take over an app that this repository does not manage."""

from __future__ import annotations

from pathlib import Path

from reconciler.cli.confirmation import confirmed, holder
from reconciler.cli.connection import connected, open_workspace
from reconciler.cli.inputs import read_inputs, schedules_of
from reconciler.cli.signals import run, stopping
from reconciler.cli.source import desired_of, require_app_of
from reconciler.cli.terminal import say
from reconciler.deploy.adoption import adoption
from reconciler.deploy.checkout import settle_git_variables
from reconciler.deploy.lease import held_lease
from reconciler.deploy.observation import observe
from reconciler.deploy.owner import with_standing
from reconciler.deploy.ports import Workspace
from reconciler.errors import StoppedError
from reconciler.foreign_text import as_lines
from reconciler.model.pointer import POINTER_PATH
from reconciler.plan import Actual, Desired


def main(*, env: str | None, schedules: str | None, owner: str | None, yes: bool) -> int:
    """Show the functions of the app, ask for confirmation, and tag it. Returns the exit code."""
    settle_git_variables(Path.cwd())
    inputs = read_inputs(env, schedules)
    with connected(inputs):
        workspace = open_workspace(inputs)
        require_app_of(inputs)
        desired = desired_of(inputs, schedules_of(inputs))
        with stopping(_stopped()):
            return run(_adopt(workspace, desired, owner, yes=yes))


def _stopped() -> StoppedError:
    return StoppedError(
        "no lease is held, and the app may be adopted already",
        remedy="Run it again, which says so.",
    )


async def _adopt(workspace: Workspace, desired: Desired, owner: str | None, *, yes: bool) -> int:
    actual = await observe(desired.settings, workspace.apps, workspace.files, workspace.claims)
    desired = with_standing(workspace.checkout, desired, actual)
    taken = adoption(actual, desired, owner)
    print(_described(actual, desired.settings.app))
    if not yes and not confirmed(f"Adopt it for {desired.owner.identity}?"):
        say("Nothing was changed.")
        return 1
    async with held_lease(workspace.claims, workspace.clock, holder()):
        if taken.tags is not None:
            await workspace.apps.set_tags(taken.tags)
        if taken.pointer is not None:
            await workspace.files.write(POINTER_PATH, taken.pointer.encode())
    say("Adopted. Run reconcile to see what the next apply does.")
    return 0


def _described(actual: Actual, app: str) -> str:
    if actual.own is None:
        return f"The app {app} is not deployed; the next apply replaces the content of its Volume."
    lines = [f"The app {app} has these functions; the next apply replaces them:"]
    crons = {slot.name: f"{slot.cron} ({slot.timezone})" for slot in actual.own.slots}
    lines += [f"  {name}  {crons.get(name, '')}".rstrip() for name in actual.own.functions]
    return as_lines(lines)
