"""The calls of an undisturbed run, as the engine saw them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

_LOOKING: Final = re.compile(r"Get(?!OrCreate)|List|Check|Heartbeat|Reload|Lookup|Rates")
_RUNTIME: Final = re.compile(r"Container|FunctionGetInputs|FunctionPutOutputs")
_PREPARING: Final = re.compile(r"GetOrCreate|Precreate|FunctionCreate|MountPutFile")


class Kind(Enum):
    """What a call of a client does, by its name."""

    LOOKS = "looks"
    """Changes nothing."""
    PREPARES = "prepares"
    """Stores what nothing refers to yet, or finds that it is stored."""
    CHANGES = "changes"
    """Changes what others see."""


@dataclass(frozen=True)
class Recorded:
    """A call.

    Attributes:
        nth: counted among those of its name.
        stretch: counted up by each call that the recording was cut at.
    """

    method: str
    nth: int
    stretch: int = 0

    @property
    def kind(self) -> Kind:
        """See there."""
        if _LOOKING.search(self.method):
            return Kind.LOOKS
        return Kind.PREPARES if _PREPARING.search(self.method) else Kind.CHANGES

    def __str__(self) -> str:
        return f"{self.method} {self.nth}"


def recorded(
    trace: Iterable[tuple[str, str]], function: str = "", cut_at: str = ""
) -> Sequence[Recorded]:
    """The calls of the containers of a function, or of clients, in their order.

    Those by which Modal's runtime serves a container are none of ours.

    Args:
        cut_at: the method with each call of which a new stretch begins.
    """
    seen: Counter[str] = Counter()
    calls = []
    for method, caller in trace:
        if caller == function and not _RUNTIME.match(method):
            seen[method] += 1
            calls.append(Recorded(method, seen[method], seen[cut_at]))
    return calls
