"""The two sides of a plan: what git says, and what is live."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from reconciler.dispatch.generation import Generation, Slot
from reconciler.dispatch.pointer import Pointer
from reconciler.manifest import EnvironmentSettings, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What the repository says for one environment.

    Attributes:
        schedules: those that run in the environment, sorted by name.
        settings: what holds in the environment.
        repository: what the app is tagged with as its owner.
        dispatcher: the digest of the dispatcher's own code.
        commit: the git commit, None outside git.
        dirty: whether the work tree differs from that commit.
        author: who wrote the commit, None when that is not known.
    """

    schedules: tuple[Schedule, ...]
    settings: EnvironmentSettings
    repository: str
    dispatcher: str
    commit: str | None
    dirty: bool
    author: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class DeployedCron:
    """A cron or period that some deployed function of the workspace holds.

    Attributes:
        text: as Modal shows it, for people: ``0 6 * * * (UTC)`` or ``every 1 day``.
    """

    environment: str
    app: str
    function: str
    text: str


@dataclass(frozen=True, slots=True)
class Unread:
    """Something of others in the workspace that Modal refused to show, or shows in a strange form.

    Attributes:
        environment: empty for all but ours.
        app, function: empty for the whole environment or app.
        why: one sentence.
        text: the schedule, where Modal shows one that could not be read; it is among the crons of
            others then.
    """

    environment: str
    app: str
    function: str
    why: str
    text: str | None = None

    @property
    def maybe_cron(self) -> bool:
        """Whether it is a function of which nobody knows whether it holds a cron."""
        return bool(self.function) and self.text is None


@dataclass(frozen=True, slots=True)
class Touch:
    """Who did something to our app, and when, as far as Modal tells it.

    Attributes:
        by: None when Modal tells the time only.
        at: ISO 8601 in UTC.
    """

    by: str | None
    at: str

    def __str__(self) -> str:
        return f"by {self.by} at {self.at}" if self.by else f"at {self.at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnApp:
    """The deployed app that bears our name.

    Attributes:
        id: Modal's.
        deployed: who deployed it last, None when Modal does not tell.
        slots: its functions that hold a cron, sorted.
        functions: the names of all its functions, sorted.
        tags: as set on the app.
    """

    slots: tuple[Slot, ...]
    functions: tuple[str, ...]
    tags: Mapping[str, str]
    deployed: Touch | None = None
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class Actual:
    """What is live in the workspace, as one observation found it.

    What could not be read is never left out: the observation fails instead. What could be read and
    makes no sense is said in the fields that end in ``_damage``.

    Attributes:
        own: the deployed app of our name, None when there is none.
        stopped: when there is none, who stopped the one that was applied last; None when that is
            not known.
        foreign: the crons that other apps hold, anywhere in the workspace, sorted.
        unread: what of others could not be read; it is in no digest, since it comes and goes.
        targets: app name to the functions that it has, ``Class.method`` for methods whose class is
            known as ``Class.*``, for the environment's deployed apps.
        pointer: which generation the dispatcher reads.
        pointer_written, live_written: when a file that is not as the last apply left it was
            written, ISO 8601; Modal does not tell by whom.
        live: that generation, as far as it can be read.
        applied: the generation that the app is tagged with; None when it is ``live`` or is gone.
        through: epoch minute up to which the wakes have settled what was due, None when unknown.
        wake_seconds: of recent wakes, the seconds that their work took.
        number: the highest apply number that anything live knows of; the next apply has the next.
        revision: the commit that stands for what is live, when nothing was asked of Modal; then
            nobody knows which functions exist and which crons others hold. None when observed.
    """

    own: OwnApp | None
    stopped: Touch | None = None
    foreign: tuple[DeployedCron, ...] = ()
    unread: tuple[Unread, ...] = ()
    targets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    pointer: Pointer | None = None
    pointer_damage: str | None = None
    pointer_written: str | None = None
    live: Generation | None = None
    live_damage: str | None = None
    live_written: str | None = None
    applied: Generation | None = None
    through: int | None = None
    wake_seconds: tuple[float, ...] = ()
    number: int = 0
    revision: str | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 over what a plan depends on: a plan made on another digest is stale."""
        own = self.own
        seen = [
            None if own is None else [list(map(_slot, own.slots)), own.functions, dict(own.tags)],
            [[cron.environment, cron.app, cron.function, cron.text] for cron in self.foreign],
            None if self.pointer is None else self.pointer.generation,
            None if self.live is None else self.live.digest,
            None if self.applied is None else self.applied.digest,
            self.pointer_damage,
            self.live_damage,
            self.revision,
            self.number,
        ]
        return sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()

    @property
    def records_live(self) -> int:
        """How many schedules are live."""
        return len(self.live.records) if self.live is not None else 0


def _slot(slot: Slot) -> list[str]:
    return [slot.name, slot.cron, slot.timezone]
