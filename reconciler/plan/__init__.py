"""What an apply would do, and what it means in time and money (DESIGN §7).

One pure function, :func:`make_plan`, from what git says, what is live and the present minute to a
:class:`Plan`. Its parts: ``compilation`` makes records of schedules, ``changes`` compares them with
what was applied, ``drift`` compares that with what is live, ``targets`` and ``safety`` say what
stands against it, ``forecast``, ``price`` and ``effects`` what it means.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from reconciler.plan.assumed import assume_applied
    from reconciler.plan.budget import Budget
    from reconciler.plan.change import Action, Change, Kind
    from reconciler.plan.effects import TimeEffect, upcoming
    from reconciler.plan.forecast import Wakes, slot_timetable
    from reconciler.plan.foreign import Warned
    from reconciler.plan.identity import Identity, Owner
    from reconciler.plan.plan import Plan, make_plan
    from reconciler.plan.price import Rates, WakePrice
    from reconciler.plan.safety import Refusal, SafetyRule
    from reconciler.plan.state import (
        Actual,
        DeployedCron,
        Desired,
        Lost,
        OwnApp,
        Standing,
        Touch,
        Unread,
    )
    from reconciler.plan.tags import own_tags
    from reconciler.plan.targets import MissingTarget

__all__ = [
    "Action",
    "Actual",
    "Budget",
    "Change",
    "DeployedCron",
    "Desired",
    "Identity",
    "Kind",
    "Lost",
    "MissingTarget",
    "OwnApp",
    "Owner",
    "Plan",
    "Rates",
    "Refusal",
    "SafetyRule",
    "Standing",
    "TimeEffect",
    "Touch",
    "Unread",
    "WakePrice",
    "Wakes",
    "Warned",
    "assume_applied",
    "make_plan",
    "own_tags",
    "slot_timetable",
    "upcoming",
]

_MODULES: Final = {
    "assumed": ("assume_applied",),
    "budget": ("Budget",),
    "change": ("Action", "Change", "Kind"),
    "effects": ("TimeEffect", "upcoming"),
    "forecast": ("Wakes", "slot_timetable"),
    "foreign": ("Warned",),
    "identity": ("Identity", "Owner"),
    "plan": ("Plan", "make_plan"),
    "price": ("Rates", "WakePrice"),
    "safety": ("Refusal", "SafetyRule"),
    "state": ("Actual", "DeployedCron", "Desired", "Lost", "OwnApp", "Standing", "Touch", "Unread"),
    "tags": ("own_tags",),
    "targets": ("MissingTarget",),
}
_MODULE_OF: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a name with the module that holds it: a question about live state reads the values of
    ``state``, and needs none of what packs and plans."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
