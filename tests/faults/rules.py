"""What can happen to a call, as rules of the engine; see ``reconciler.engine.fault_injection``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Rule = Mapping[str, str]

REFUSED: Final[Rule] = {"mode": "fail", "status": "FAILED_PRECONDITION"}
DONE_AND_REFUSED: Final[Rule] = {"mode": "lose", "status": "FAILED_PRECONDITION"}
LOST: Final[Rule] = {"mode": "lose", "status": "UNAVAILABLE"}
"""Its answer; the client sends it again by itself, as it does with nothing that is refused."""
FORGOTTEN: Final[Rule] = {"mode": "forget", "status": "UNAVAILABLE"}
"""Sent again by the client, and not recognised as the same: whether Modal does so is undocumented.
If not, this is the one case in which at-most-once runs twice (docs/internals/guarantees.md)."""
KILLED: Final[Rule] = {"mode": "kill"}
"""Before it is done."""
DONE_AND_KILLED: Final[Rule] = {"mode": "kill-after"}
