"""The two sides of a plan: what git says, and what is live."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from reconciler.manifest import EnvironmentSettings, Schedule
from reconciler.model.cursor import Cursor
from reconciler.model.generation import Generation, Slot
from reconciler.model.pointer import Pointer, Renames
from reconciler.model.target_record import TargetRecord
from reconciler.plan.code_targets import KnownTargets, TargetSource
from reconciler.plan.identity import Owner
from reconciler.plan.past import NOTHING_READ, Past
from reconciler.plan.tags import VOLUME_TAG, is_target_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the history in this clone says of what is live.

    Attributes:
        descends: whether HEAD is the commit that is live or comes after it; None when the clone is
            shallow and does not say, or nothing was asked.
        vacated: whether the folder that is live holds no manifest any more.
    """

    descends: bool | None = None
    vacated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What the repository says for one environment.

    Attributes:
        schedules: those that run in the environment, sorted by name.
        settings: what holds in the environment.
        owner: whose the app is after an apply.
        dispatcher: the digest of the dispatcher's own code.
        commit: the git commit, None outside git.
        dirty: whether the work tree differs from that commit.
        author: who wrote the commit, None when that is not known.
        standing: asked for when the app does not bear this owner.
        head: the commit that is checked out, when another is planned that it contains: an apply is
            a rollback. Else None.
        past: the renames between the live commit and this one; read when a schedule is new that
            may have had another name, see :func:`~reconciler.plan.chains.commit_to_follow`.
        sources: what each code target is deployed with, by its key.
        runtime: the digest of our own code in the containers of code targets.
        web_runtime: the digest of our own code in the container of the HTTP API; empty where the
            settings ask for none.
        worker_code: the digest of the code of the Worker on Cloudflare.
        variables: of the environment variables that secrets of code targets take and that are set,
            a keyed digest of the value.
        uncommitted: warnings of files of code targets that differ from the commit in the work tree.
        startup: seconds in which a container starts, as a probe measured them; None for none.
    """

    schedules: tuple[Schedule, ...]
    settings: EnvironmentSettings
    owner: Owner
    dispatcher: str
    commit: str | None
    dirty: bool
    author: str | None = None
    standing: Standing = Standing()
    head: str | None = None
    past: Past = NOTHING_READ
    sources: Mapping[str, TargetSource] = field(default_factory=dict)
    runtime: str = ""
    web_runtime: str = ""
    worker_code: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    uncommitted: tuple[str, ...] = ()
    startup: float | None = None


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
        """Whether it is a function of which it is not known whether it holds a cron."""
        return bool(self.function) and self.text is None


@dataclass(frozen=True, slots=True)
class Touch:
    """Who did something to our app, and when, as far as Modal says it.

    Attributes:
        by: None when Modal says the time only.
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
        deployed: who deployed it last, None when Modal does not say.
        slots: its functions that hold a cron, sorted.
        functions: the names of all its functions, sorted.
        tags: as set on the app.
    """

    slots: tuple[Slot, ...]
    functions: tuple[str, ...]
    tags: Mapping[str, str]
    deployed: Touch | None = None
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTarget:
    """A deployed app that bears a name as code targets of ours have.

    Attributes:
        id: Modal's.
        tags: as set on the app.
        functions: name to what Modal reads back of its options, by their names in a manifest.
        deployed: who deployed it last, None when Modal does not say.
        busy: whether calls of it are open; None where that was not asked.
    """

    app: str
    id: str
    tags: Mapping[str, str]
    functions: Mapping[str, Mapping[str, Any]]
    deployed: Touch | None = None
    busy: bool | None = None


@dataclass(frozen=True, slots=True)
class LiveAccount:
    """What a Cloudflare account holds.

    Attributes:
        own: the tags of the Worker of our name; None when there is none.
        crons: the cron triggers of each Worker, by its name.
    """

    own: tuple[str, ...] | None = None
    crons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def others(self, name: str) -> int:
        """How many cron triggers the other Workers have."""
        return sum(len(crons) for worker, crons in self.crons.items() if worker != name)


@dataclass(frozen=True, slots=True)
class WorkerAttempts:
    """Attempts of the Worker that ended alike.

    Attributes:
        outcome: ``accepted``, ``failed``, ``refused`` or ``exhausted``: its queue gave up.
        last: when the newest of them began.
        status: of the answer to the newest; 0 without an answer.
        error: of the newest; empty where it was accepted.
    """

    outcome: str
    number: int
    last: datetime
    status: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """Our Worker, as its Cloudflare account shows it.

    Attributes:
        tags: None when there is none.
        crons: its cron triggers.
        attempts: that its D1 database recorded lately; None where it has no database.
    """

    tags: tuple[str, ...] | None
    crons: tuple[str, ...] = ()
    attempts: tuple[WorkerAttempts, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Lost:
    """What is still known of the generation that was applied last and cannot be read any more.

    Attributes:
        since: epoch minute up to which wakes have processed what was due, or the time of the last
            apply if none has come since; None when neither is known.
        begun: the schedules that were live, each with the epoch minute of the apply that made it
            what it is; None when the record of the last apply is gone too.
        before: the generation before the lost one, None when it cannot be read either.
        schedules: how many were live; None when that is not known.
        renames: what was renamed in it; None when that is not known. Of schedules whose manifest
            named an earlier name, each is listed.
    """

    since: int | None = None
    begun: Mapping[str, int] | None = None
    before: Generation | None = None
    schedules: int | None = None
    renames: Renames | None = None

    def had(self, names: Iterable[str]) -> bool:
        """Whether a schedule that has or had these names was live, as far as that is known."""
        return self.begun is None or any(name in self.begun for name in names)

    def began(self, names: Iterable[str], now: int) -> int:
        """The epoch minute from which the occurrences of a schedule must be looked at."""
        since = now if self.since is None else self.since
        if since > now:  # the clock of a wake was ahead, so what lies before is not certain
            since = Cursor(through=since).lookback(now, "").since
        if self.begun is None:
            return since
        begun = (max(since, self.begun[name]) for name in names if name in self.begun)
        # The clock of an earlier apply may have been ahead.
        return min((now, *begun))


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
        servers: app name to its Servers, which no schedule can call; the same apps.
        pointer: which generation the dispatcher reads.
        pointer_written, live_written: when a file that is not as the last apply left it was
            written, ISO 8601; Modal does not record by whom.
        live: that generation, as far as it can be read.
        applied: the generation that the app is tagged with; None when it is ``live`` or is gone.
        through: epoch minute up to which the wakes have settled what was due, None when unknown.
        lost: what is known of the last applied generation when it cannot be read; None while it
            can, and where nothing was ever applied.
        volume: the id of the Volume that bears our name now, None when there is none.
        protected: the names of schedules that are or were protected, from every place where they
            stand; None when no place could be read and some may have been.
        wake_seconds: of recent wakes, the seconds that their work took.
        renames: digest of a generation to what was renamed in it, as the Dict says; see
            :class:`~reconciler.model.pointer.Protection`.
        began: of schedules whose anchor is ahead, the epoch minute at which they really began, as
            far as that is known.
        number: the highest apply number that anything live knows of; the next apply has the next.
        code_targets: the deployed apps with names of code targets of ours, by name.
        cloudflare: the account of the Worker on Cloudflare; None where there is no Worker, or where
            the account is unknown. It is in no digest: a plan may be made without its token.
        cloudflare_unknown: why it is unknown; None where it is known, or there is no Worker.
        worker_keys: the numbers of the Worker's keys that Modal holds.
        wakes: slot, or source of wakes, to the time of its last wake, ISO 8601; in no digest.
        revision: the commit that stands for what is live, when nothing was asked of Modal; then
            it is not known which functions exist and which crons others hold. None when observed.
    """

    own: OwnApp | None
    stopped: Touch | None = None
    foreign: tuple[DeployedCron, ...] = ()
    unread: tuple[Unread, ...] = ()
    targets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    servers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    pointer: Pointer | None = None
    pointer_damage: str | None = None
    pointer_written: str | None = None
    live: Generation | None = None
    live_damage: str | None = None
    live_written: str | None = None
    applied: Generation | None = None
    lost: Lost | None = None
    volume: str | None = None
    protected: frozenset[str] | None = frozenset()
    through: int | None = None
    wake_seconds: tuple[float, ...] = ()
    number: int = 0
    renames: Mapping[str, Renames] = field(default_factory=dict)
    began: Mapping[str, int] = field(default_factory=dict)
    code_targets: Mapping[str, LiveTarget] = field(default_factory=dict)
    cloudflare: LiveAccount | None = None
    cloudflare_unknown: str | None = None
    worker_keys: frozenset[int] = frozenset()
    wakes: Mapping[str, str] = field(default_factory=dict)
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
            self.volume,
            None if self.protected is None else sorted(self.protected),
            None if self.lost is None else sorted(self.lost.begun or ()),
            [
                [
                    one.app,
                    dict(one.tags),
                    {name: dict(one.functions[name]) for name in one.functions},
                ]
                for _, one in sorted(self.code_targets.items())
            ],
        ]
        return sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()

    @property
    def readable(self) -> frozenset[str] | None:
        """The live schedules whose records can be read; None where nothing live is damaged."""
        if self.live is None or self.live_damage is None:
            return None
        return frozenset(self.live.by_name)

    def targets_of(self, app: str) -> KnownTargets:
        """What is live, as far as the names of code targets of our app depend on it."""
        retired = {
            name: one.code
            for generation in (self.applied, self.live)
            if generation is not None
            for name, one in generation.retiring.items()
        }
        ours = {name for name, one in self.code_targets.items() if is_target_of(one.tags, app)}
        return KnownTargets(self.known_targets, retired, frozenset(self.targets.keys() - ours))

    @property
    def known_targets(self) -> Mapping[str, TargetRecord]:
        """The code targets that are or were live, by their apps, those of the live generation
        first."""
        generations = [one for one in (self.live, self.applied) if one is not None]
        known: dict[str, TargetRecord] = {}
        for generation in generations:
            for target in generation.targets:
                known.setdefault(target.app, target)
        return known

    @property
    def mounted(self) -> str | None:
        """The id of the Volume that the deployed functions mount, as the app is tagged."""
        return None if self.own is None else self.own.tags.get(VOLUME_TAG)

    @property
    def volume_is_another(self) -> bool:
        """Whether the Volume that the deployed functions mount is not the one of our name now."""
        return self.mounted is not None and self.mounted != self.volume

    @property
    def live_names(self) -> frozenset[str]:
        """The names of the schedules that are or were live, as far as they are known."""
        generations = [one for one in (self.live, self.applied) if one is not None]
        names = {name for generation in generations for name in generation.by_name}
        return frozenset(names.union(() if self.lost is None else self.lost.begun or ()))


def _slot(slot: Slot) -> list[str]:
    return [slot.name, slot.cron, slot.timezone]
