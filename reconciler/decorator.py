"""`@reconciler.schedule(…)`: a manifest written over the function that it runs.

The arguments are read from the text of the file, as a manifest's keys are. The decorator itself
does nothing, so that tests can call the function and containers can import it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def schedule(*times: str, **keys: Any) -> Callable[[F], F]:  # noqa: ARG001 - read as text
    """Declare a schedule of the decorated function, in a file of the manifests' folder.

    Args:
        times: as `schedule` in a manifest: `"1h"`, `"0 6 * * *"`; several make a list.
        keys: the other keys of a manifest, as literals. `name` is the function's by default, with
            `-` for `_`.

    Returns:
        A decorator that returns the function unchanged.
    """

    def unchanged(function: F) -> F:
        return function

    return unchanged
