"""What the commits between the live one and the planned one say of renames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RenameStep:
    """A manifest of one commit that names the earlier names of its schedule.

    Attributes:
        commit: its full id.
        name: of the schedule at that commit.
        formerly: its earlier names, as the manifest lists them.
    """

    commit: str
    name: str
    formerly: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hop:
    """One rename on the way from a live name to a planned one.

    Attributes:
        to: the name that it leads to.
        commit: the one whose manifest says so; None for the planned manifest itself.
        undone: whether the planned commit lacks that commit, so that the rename is taken back.
    """

    to: str
    commit: str | None
    undone: bool = False

    def __str__(self) -> str:
        if self.undone:
            return f"was {self.to} before commit {(self.commit or '')[:12]}"
        return f"became {self.to}" + (f" in commit {self.commit[:12]}" if self.commit else "")


@dataclass(frozen=True, slots=True)
class Past:
    """The renames that git knows of.

    Attributes:
        since: of the commits that the live one lacks, newest first.
        undone: of the commits that the planned one lacks, oldest first.
        gap: why there may be more, one clause; empty when all is read that there is.
    """

    since: tuple[RenameStep, ...] = ()
    undone: tuple[RenameStep, ...] = ()
    gap: str = ""

    def trace(self, name: str, formerly: Iterable[str]) -> Mapping[str, Hop]:
        """The other names that a planned schedule may have at the live commit.

        Each commit is read once and in order, so that a name that returns makes no circle.

        Args:
            formerly: as the planned manifest lists them.

        Returns:
            Each of these names with the rename that leads on to ``name``, see :func:`way`.
        """
        found = {old: Hop(name, None) for old in formerly if old != name}
        for step in self.since:
            if step.name != name and step.name not in found:
                continue
            for old in step.formerly:
                known = found.get(old)
                # The same rename in an older commit: that one made it, the newer ones repeat it.
                if old != name and (known is None or known.to == step.name):
                    found[old] = Hop(step.name, step.commit)
        for step in self.undone:
            before = next((old for old in step.formerly if old == name or old in found), None)
            if before is not None and step.name != name and step.name not in found:
                found[step.name] = Hop(before, step.commit, undone=True)
        return found


NOTHING_READ: Final = Past()
"""What an ordinary plan knows: every earlier name is found without git's history."""


def way(found: Mapping[str, Hop], live: str, name: str) -> tuple[Hop, ...]:
    """The renames that lead from a live name to the planned one, see :meth:`Past.trace`."""
    hops: list[Hop] = []
    while live != name:
        hops.append(found[live])
        live = found[live].to
    return tuple(hops)


def describe_way(live: str, hops: Sequence[Hop]) -> str:
    """``old, which became mid in commit 3f2a1b9c0d1e and became new``."""
    return f"{live}, which {' and '.join(map(str, hops))}"
