"""Which part of the simulation's tests this process plays.

``SIMULATION_SHARD=2/4`` plays the second of four parts; together the four play everything once. CI
gives each version of Python a part of its own. Without the variable, everything is played.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

import pytest

T = TypeVar("T")

VARIABLE: Final = "SIMULATION_SHARD"


def of_this_shard(items: Iterable[T], shard: str | None = None) -> Sequence[T]:
    """Every n-th of these, the first of them by the number of the shard.

    Args:
        shard: ``2/4``; None for what the environment says.

    Raises:
        pytest.UsageError: the shard is not such a fraction.
    """
    text = os.environ.get(VARIABLE, "1/1") if shard is None else shard
    found = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", text)
    if found is None or int(found[1]) > int(found[2]):
        raise pytest.UsageError(f"{VARIABLE}={text}: expected a part and a count, such as 2/4")
    return tuple(items)[int(found[1]) - 1 :: int(found[2])]
