"""What an observation finds, as far as Modal shows it."""

from __future__ import annotations

from reconciler.deploy.ports import DeployedApp, DeployedFunction
from reconciler.plan import Unread
from tests.deploy.scenario import World
from tests.plan.scenario import hourly

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
