"""Rows: our figure beside that of a peer or a floor, which is measured in the same run.

A *peer* is another program that does the same work. A *floor* is the least that the work can take:
the same bytes read, or the same calls made, by a program that does nothing else. Smaller is better
in every row.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

JSON_LINES: Final = "--json"
"""Print rows for the runner: one JSON value a line."""
HEADER: Final = (
    f"{'':<60}{'ours':>14}{'peer or floor':>14}{'ratio':>9}{'target':>16}{'MiB':>6}   beside"
)


class Row(NamedTuple):
    """One row.

    Attributes:
        what: the work, with its size.
        ours: our figure.
        unit: of ``ours`` and ``theirs``.
        beside: the peer or floor.
        theirs: its figure.
        at_most: the target for ``ours``; None if there is none.
        ratio_at_most: the target for ``ours / theirs``; None if there is none.
        mebibytes: the most memory that we held; None if it was not measured.
        mebibytes_at_most: the target for it.
    """

    what: str
    ours: float
    unit: str
    beside: str
    theirs: float
    at_most: float | None = None
    ratio_at_most: float | None = None
    mebibytes: float | None = None
    mebibytes_at_most: float | None = None

    @property
    def ratio(self) -> float:
        """Ours as a multiple of theirs."""
        return self.ours / self.theirs

    @property
    def is_missed(self) -> bool:
        """Whether it misses a target."""
        return (
            _exceeds(self.ours, self.at_most)
            or _exceeds(self.ratio, self.ratio_at_most)
            or _exceeds(self.mebibytes, self.mebibytes_at_most)
        )

    def __str__(self) -> str:
        targets = [
            "" if self.at_most is None else f"{_short(self.at_most)} {self.unit}",
            "" if self.ratio_at_most is None else f"{_short(self.ratio_at_most)} x",
            "" if self.mebibytes_at_most is None else f"{self.mebibytes_at_most:.0f} MiB",
        ]
        memory = "" if self.mebibytes is None else f"{self.mebibytes:.0f}"
        return (
            f"{self.what:<60}{f'{_short(self.ours)} {self.unit}':>14}"
            f"{f'{_short(self.theirs)} {self.unit}':>14}{f'{_short(self.ratio)} x':>9}"
            f"{', '.join(filter(None, targets)):>16}{memory:>6}"
            f"{' ! ' if self.is_missed else '   '}{self.beside}"
        )


def run(question: Callable[[], Iterable[Row]]) -> None:
    """Print the rows of a question: the main program of each benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        installed_as_users_have_it(folder)
        if JSON_LINES in sys.argv[1:]:
            with os.fdopen(os.dup(1), "w") as lines:
                os.dup2(2, 1)  # what peers and clients print is no row
                for row in question():
                    print(json.dumps(row), file=lines, flush=True)
            return
        print(HEADER)
        for row in question():
            print(row, flush=True)


def installed_as_users_have_it(folder: str) -> None:
    """Let the processes that follow keep bytecode, ours and the peers': pip compiles what it
    installs. A machine may forbid it by its environment, and an installer may leave it out.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("PYTHONPYCACHEPREFIX", folder)
    # In CI the commands would have to name an environment.
    os.environ.pop("CI", None)


def _exceeds(value: float | None, limit: float | None) -> bool:
    return value is not None and limit is not None and value > limit


def _short(value: float) -> str:
    """About three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"
