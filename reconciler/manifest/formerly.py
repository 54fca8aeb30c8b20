"""Checks `formerly` over the whole repository: one schedule takes over each old name.

A history moves to exactly one schedule. If the old name is still in use, or two schedules list it,
the rename is ambiguous and refused: to ignore it would silently leave the history behind. An old
name that is not known at all is no error, because that rename was applied before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from reconciler.manifest.document import Document, documents
from reconciler.manifest.location import Location
from reconciler.manifest.problem import Problem


@dataclass(frozen=True, slots=True)
class DeclaredNames:
    """The name and earlier names of a document, which may be invalid otherwise.

    Attributes:
        environments: empty for all.
        at: the position of its name.
        formerly: the earlier names, each with its position.
    """

    name: str
    environments: frozenset[str]
    at: Location
    formerly: tuple[tuple[str, Location], ...]

    @classmethod
    def of(cls, document: Document) -> Self | None:
        """The names of a document; None if it has none."""
        value = document.value
        if not isinstance(value, dict):
            return None
        name = value.get("name")
        if not isinstance(name, str):
            return None
        formerly, environments = value.get("formerly"), value.get("environments")
        listed = formerly if isinstance(formerly, list) else [formerly]
        return cls(
            name,
            frozenset(map(str, environments if isinstance(environments, list) else ())),
            document.position("name"),
            tuple(
                (old, document.position("formerly", *((at,) if listed is formerly else ())))
                for at, old in enumerate(listed)
                if isinstance(old, str) and old != name
            ),
        )

    def is_in(self, environment: str) -> bool:
        """Whether it runs in this environment."""
        return not self.environments or environment in self.environments

    def shares_environment(self, other: Self) -> bool:
        """Whether both run in a common environment."""
        mine, theirs = self.environments, other.environments
        return not mine or not theirs or bool(mine & theirs)


def earlier_names(content: bytes, environment: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The schedules of an environment in a file that have earlier names, each with those names.

    Unreadable documents are skipped: the file is from an earlier commit, and nothing is planned
    from it.
    """
    for document in documents(content, ""):
        named = DeclaredNames.of(document) if isinstance(document, Document) else None
        if named is not None and named.formerly and named.is_in(environment):
            yield named.name, tuple(old for old, _at in named.formerly)


def ambiguous_renames(named: Iterable[DeclaredNames]) -> Iterator[Problem]:
    """The problems of `formerly`, in the order of the documents."""
    named = tuple(named)
    by_name: dict[str, list[DeclaredNames]] = {}
    for one in named:
        by_name.setdefault(one.name, []).append(one)
    heirs: dict[str, list[tuple[DeclaredNames, Location]]] = {}
    for one in named:
        for name, claimed in one.formerly:
            old = next((old for old in by_name.get(name, ()) if one.shares_environment(old)), None)
            if old is not None:
                yield Problem(
                    f"`formerly` lists `{name}`, but a schedule still has that name, in {old.at}",
                    claimed,
                    _NO_EXCHANGE
                    if any(further == one.name for further, _at in old.formerly)
                    else f"delete that schedule if `{one.name}` is its new name; otherwise remove "
                    f"`{name}` from `formerly`",
                )
            earlier = heirs.setdefault(name, [])
            first = next((heir for heir in earlier if one.shares_environment(heir[0])), None)
            if first is not None:
                yield Problem(
                    f"`{first[0].name}` lists `{name}` in `formerly` too, in {first[1]}",
                    claimed,
                    f"a history moves to one schedule: remove `{name}` from the others",
                )
            earlier.append((one, claimed))


_NO_EXCHANGE: Final = (
    "two schedules cannot exchange their names in one apply: rename one to a third name and apply, "
    "then rename the other and apply, then rename the first again"
)
