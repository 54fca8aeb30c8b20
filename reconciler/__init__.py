"""Modal schedules kept in git.

Kept free of imports: the package is loaded inside every dispatcher container, where start-up time
is billed, and by ``reconcile --help``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.container.occurrence import Occurrence
    from reconciler.decorator import schedule

__version__ = "0.1.0"
__all__ = ["Occurrence", "__version__", "schedule"]


def __getattr__(name: str) -> Any:
    """Load what files of jobs import, with the module that holds it."""
    if name == "schedule":
        from reconciler.decorator import schedule

        return schedule
    if name == "Occurrence":
        from reconciler.container.occurrence import Occurrence

        return Occurrence
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
