"""Changes that no test can notice, each with its reason: they change nothing that matters."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from tests.mutants.changes import Change

LIST = Path(__file__).with_name("equivalents.toml")

Identity: TypeAlias = tuple[str, str, str]
"""A module's path and the code before and after the change: lines move."""


def identity(change: Change) -> Identity:
    """By which a change is found in the list."""
    return change.path, change.before, change.after


def read_equivalents() -> Mapping[Identity, str]:
    """The reason of each listed change."""
    with LIST.open("rb") as file:
        listed = tomllib.load(file)["equivalent"]
    return {
        (one["path"], one["before"], after): one["reason"]
        for one in listed
        for after in ([one["after"]] if isinstance(one["after"], str) else one["after"])
    }
