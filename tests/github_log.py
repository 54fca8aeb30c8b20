"""A log as GitHub's runner reads it: which lines of a step's output it takes for commands.

After ``ActionCommand.TryParseV2`` and ``TryParse`` of the runner: a line that begins with ``::``
after white space, and ``##[`` anywhere in a line. Lines end at ``\\r`` too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Command(NamedTuple):
    """A command that the runner would carry out, or would look for in vain."""

    name: str
    properties: str
    data: str


def commands(log: str) -> Iterator[Command]:
    """Every command in a log, known to the runner or not."""
    for line in re.split(r"\r\n|\n|\r", log):
        trimmed = line.lstrip()
        if trimmed.startswith("::"):
            found, _, data = trimmed[2:].partition("::")
            name, _, properties = found.partition(" ")
            yield Command(name, properties, data)
        elif (at := line.find("##[")) >= 0:
            found, _, data = line[at + 3 :].partition("]")
            name, _, properties = found.partition(" ")
            yield Command(name, properties, data)
