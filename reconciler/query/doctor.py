"""Whether everything that commands need is there: the questions behind ``reconcile doctor``.

Each check has what was found, and what to do if that keeps commands from working.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from reconciler.deploy.observation import observe
from reconciler.deploy.ports import Workspace
from reconciler.dispatch.answers import UnavailableError
from reconciler.errors import ReconcileError, one_line
from reconciler.manifest import EnvironmentSettings
from reconciler.plan import Actual
from reconciler.plan.budget import budget_for
from reconciler.plan.tags import VOLUME_TAG, tag_value
from reconciler.query.checks import Check, CheckVerdict
from reconciler.words import count

CLOCK_TOLERANCE: Final = timedelta(seconds=60)
"""A clock may differ from Modal's by as much: plans and wakes are about whole minutes."""


class AccountPort(Protocol):
    """What Modal says of the credentials in use."""

    async def workspace(self) -> str:
        """The name of the workspace that they belong to.

        Raises:
            UnavailableError: Modal did not answer, or refused.
        """
        ...

    async def environments(self) -> Sequence[str]:
        """The names of the Modal environments that they may list.

        Raises:
            UnavailableError: Modal did not answer, or refused.
        """
        ...

    async def time(self) -> datetime | None:
        """What Modal's clock says now; None where it cannot be asked."""
        ...


async def examine(
    account: AccountPort, workspace: Workspace, settings: EnvironmentSettings
) -> Sequence[Check]:
    """The checks of an environment. After a failure the checks that rest on it are left out.

    Args:
        settings: which environment is meant.
    """
    found: list[Check] = []
    try:
        name = await account.workspace()
        found.append(
            Check("workspace", CheckVerdict.OK, f"{name}, reachable with these credentials")
        )
        found.append(_environments(await account.environments(), settings))
        found.append(await _clock(account, workspace))
        if found[1].verdict is not CheckVerdict.PROBLEM:
            actual = await observe(settings, workspace.apps, workspace.files, workspace.claims)
            found += _deployment(actual, settings)
    except ReconcileError as error:
        found.append(Check("Modal", CheckVerdict.PROBLEM, error.what, error.remedy))
    except UnavailableError as error:
        again = "Check the network and the token, then run it again."
        found.append(Check("Modal", CheckVerdict.PROBLEM, one_line(error), again))
    return found


def _environments(names: Sequence[str], settings: EnvironmentSettings) -> Check:
    listed = ", ".join(sorted(names))
    if settings.modal in names:
        return Check(
            "environments", CheckVerdict.OK, f"{listed}; {settings.name} is {settings.modal}"
        )
    return Check(
        "environments",
        CheckVerdict.PROBLEM,
        f"there is no Modal environment {settings.modal} among: {listed}",
        f"Create it: modal environment create {settings.modal}; or name another in the settings.",
    )


async def _clock(account: AccountPort, workspace: Workspace) -> Check:
    theirs = await account.time()
    if theirs is None:
        return Check("clock", CheckVerdict.OK, "that of this machine")
    difference = abs(workspace.clock.now() - theirs)
    words = f"differs from Modal's by {difference.total_seconds():.0f} s"
    if difference <= CLOCK_TOLERANCE:
        return Check("clock", CheckVerdict.OK, words)
    return Check("clock", CheckVerdict.PROBLEM, words, "Set this machine's clock, such as by NTP.")


def _deployment(actual: Actual, settings: EnvironmentSettings) -> Iterator[Check]:
    budget = budget_for(settings, actual)
    holders = {f"{cron.app}/{cron.function}": cron.environment for cron in actual.foreign}
    own = 0 if actual.own is None else len(actual.own.slots)
    limit = "no limit" if settings.crons is None else f"of {settings.crons}"
    others = ", ".join(f"{name} in {environment}" for name, environment in sorted(holders.items()))
    yield Check(
        "crons",
        CheckVerdict.OK,
        f"{count(own + len(budget.foreign), 'cron')} {limit}: {own} of {settings.app}"
        + (f", {others}" if others else ", none of others"),
    )
    for one in actual.unread:
        place = "/".join(part for part in (one.environment, one.app, one.function) if part)
        yield Check("unread", CheckVerdict.NOTE, f"{place or 'other environments'}: {one.why}")
    if actual.own is None:
        yield Check(
            "app",
            CheckVerdict.NOTE,
            f"{settings.app} is not deployed yet",
            "Deploy it: reconcile apply",
        )
    else:
        tags = ", ".join(f"{key}={value}" for key, value in sorted(actual.own.tags.items()))
        yield Check("app", CheckVerdict.OK, f"{settings.app} is deployed; tags: {tags or 'none'}")
    yield _volume(actual, settings)
    damage = actual.pointer_damage or actual.live_damage
    if damage is not None:
        yield Check("generation", CheckVerdict.PROBLEM, damage, "Repair it: reconcile apply")
    elif actual.pointer is not None:
        pointer = actual.pointer
        yield Check(
            "generation",
            CheckVerdict.OK,
            f"{pointer.generation[:12]}, applied by {pointer.by} at {pointer.at}",
        )
    seen = "the dispatcher has not woken yet" if actual.through is None else "holds the cursor"
    yield Check("dict", CheckVerdict.OK, f"{settings.app} answers; {seen}")


def _volume(actual: Actual, settings: EnvironmentSettings) -> Check:
    expected = None if actual.own is None else actual.own.tags.get(VOLUME_TAG)
    if actual.volume is None:
        if actual.own is None:
            return Check("volume", CheckVerdict.NOTE, f"{settings.app} does not exist yet")
        return Check(
            "volume", CheckVerdict.PROBLEM, f"{settings.app} is gone", "Repair it: reconcile apply"
        )
    if expected is not None and expected not in (actual.volume, tag_value(actual.volume)):
        return Check(
            "volume",
            CheckVerdict.PROBLEM,
            f"{settings.app} is {actual.volume}, and the app mounts {expected}",
            "Repair it: reconcile apply",
        )
    return Check("volume", CheckVerdict.OK, f"{settings.app} is {actual.volume}")
