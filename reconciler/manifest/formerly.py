"""`formerly` over the whole repository: an old name has one heir, and is not there any more.

A history moves to one schedule. Where the old name still is one, or two claim it, nobody can say
which was meant, and to pass over it would leave the history where it is without a word. A name that
is nowhere is no mistake: the rename was applied long ago.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from reconciler.manifest.document import Document, documents
from reconciler.manifest.location import Location
from reconciler.manifest.problem import Problem


@dataclass(frozen=True, slots=True)
class Named:
    """What a document says of its names, also when something else in it is wrong.

    Attributes:
        environments: empty for all.
        at: where its name stands.
        formerly: the earlier names, each with where it stands.
    """

    name: str
    environments: frozenset[str]
    at: Location
    formerly: tuple[tuple[str, Location], ...]

    @classmethod
    def of(cls, document: Document) -> Self | None:
        """None for what has no name."""
        value = document.value
        if not isinstance(value, Mapping):
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

    def meets(self, other: Self) -> bool:
        """Whether there can be an environment with both of them."""
        mine, theirs = self.environments, other.environments
        return not mine or not theirs or bool(mine & theirs)


def earlier_names(content: bytes, environment: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The schedules of an environment that a file gives earlier names, each with those names.

    What cannot be read is passed over: the file is one of the past, and nothing is planned from it.
    """
    for document in documents(content, ""):
        named = Named.of(document) if isinstance(document, Document) else None
        if named is not None and named.formerly and named.is_in(environment):
            yield named.name, tuple(old for old, _at in named.formerly)


def doubtful_renames(named: Iterable[Named]) -> Iterator[Problem]:
    """Yield what is wrong with `formerly`, in the order of the documents."""
    named = tuple(named)
    by_name: dict[str, list[Named]] = {}
    for one in named:
        by_name.setdefault(one.name, []).append(one)
    heirs: dict[str, list[tuple[Named, Location]]] = {}
    for one in named:
        for name, claimed in one.formerly:
            old = next((old for old in by_name.get(name, ()) if one.meets(old)), None)
            if old is not None:
                yield Problem(
                    f"`formerly` names `{name}`, which is still there, in {old.at}",
                    claimed,
                    _NO_EXCHANGE
                    if any(further == one.name for further, _at in old.formerly)
                    else f"delete that one if `{one.name}` is its new name; otherwise leave "
                    f"`{name}` out of `formerly`",
                )
            earlier = heirs.setdefault(name, [])
            first = next((heir for heir in earlier if one.meets(heir[0])), None)
            if first is not None:
                yield Problem(
                    f"`{name}` became `{first[0].name}` already, in {first[1]}",
                    claimed,
                    f"a history moves to one schedule: leave `{name}` out of the others",
                )
            earlier.append((one, claimed))


_NO_EXCHANGE: Final = (
    "two names cannot be exchanged at once: rename one schedule after the other, each to a name "
    "that is free by then, with an apply for each"
)
