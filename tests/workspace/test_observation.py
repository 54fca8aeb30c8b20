"""What an observation finds, as far as Modal shows it."""

from __future__ import annotations

from reconciler.plan import Unread
from reconciler.workspace.ports import DeployedApp, DeployedFunction
from tests.plan.scenario import hourly
from tests.workspace.scenario import World

REFUSED = "permission denied"


def test_apps_and_functions_of_others_that_cannot_be_read_are_named_and_no_others() -> None:
    world = World()
    functions = (
        DeployedFunction("z", unread=REFUSED),
        DeployedFunction("a", schedule="X()", unread="strange"),
        DeployedFunction("read", schedule="0 * * * * (UTC)"),
    )
    world.apps.apps.append(DeployedApp("main", "theirs", functions))
    world.apps.apps.append(DeployedApp("main", "closed", (), unread=REFUSED))
    assert world.plan(hourly("a")).actual.unread == (
        Unread("main", "closed", "", REFUSED),
        Unread("main", "theirs", "a", "strange", "X()"),
        Unread("main", "theirs", "z", REFUSED),
    )
