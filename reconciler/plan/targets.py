"""Whether the functions that schedules call exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.manifest import FunctionTarget, Location, Schedule
from reconciler.words import SUGGESTIONS, near_names


@dataclass(frozen=True, slots=True)
class MissingTarget:
    """A schedule whose function is not deployed.

    Attributes:
        near: existing targets with similar names, best first.
        server: it is deployed and is a Server, which no schedule can call.
    """

    schedule: Schedule
    near: tuple[str, ...]
    server: bool = False

    @property
    def location(self) -> Location:
        """The position of the function's name."""
        return self.schedule.target_location or self.schedule.location

    @property
    def message(self) -> str:
        """What is wrong, one line."""
        if self.server:
            return (
                f"{self.schedule.name}: {self.schedule.target} is a Server, which serves HTTP and "
                "cannot be called by a schedule"
            )
        return f"{self.schedule.name}: there is no deployed function {self.schedule.target}"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.server:
            return "name a function or a method in `function:`, which may call the Server's address"
        deploy = "deploy it, or correct `function:` in the manifest"
        return f"did you mean {' or '.join(self.near)}? Otherwise {deploy}" if self.near else deploy


def missing_targets(
    schedules: Iterable[Schedule],
    deployed: Mapping[str, frozenset[str]],
    unread: frozenset[str] = frozenset(),
    servers: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> Iterator[MissingTarget]:
    """Yield the schedules whose function is not there.

    Args:
        deployed: app name to its functions; ``Class.*`` stands for all methods of a class, since
            Modal lists no methods.
        unread: apps whose functions are not known; none of theirs counts as missing.
        servers: app name to its Servers.
    """
    known = sorted(f"{app}/{name}" for app, names in deployed.items() for name in names)
    for schedule in schedules:
        target = schedule.target
        if not isinstance(target, FunctionTarget) or target.app in unread:
            continue
        if target.function.partition(".")[0] in servers.get(target.app, ()):
            yield MissingTarget(schedule, (), server=True)
        elif not _exists(target, deployed):
            near = near_names(str(target), known)
            yield MissingTarget(schedule, tuple(near or _same_app(target, deployed)))


def _exists(target: FunctionTarget, deployed: Mapping[str, frozenset[str]]) -> bool:
    functions = deployed.get(target.app, frozenset())
    class_name, separator, _method = target.function.partition(".")
    return target.function in functions or (bool(separator) and f"{class_name}.*" in functions)


def _same_app(target: FunctionTarget, deployed: Mapping[str, frozenset[str]]) -> list[str]:
    names = sorted(deployed.get(target.app, frozenset()))
    return [f"{target.app}/{name}" for name in names[:SUGGESTIONS]]
