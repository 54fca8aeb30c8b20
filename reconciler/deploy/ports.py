"""The outside of an apply: Modal's apps, the files on our Volume and the clone.

Another port, the Dict, is the dispatcher's :class:`~reconciler.dispatch.ports.Claims`. Each has
an in-memory fake in :mod:`reconciler.deploy.fakes`, and one contract suite holds for both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from reconciler.dispatch.ports import Claims, Clock
from reconciler.errors import ReconcileError, RefusedError
from reconciler.model.generation import Slot
from reconciler.plan.code_targets import PlannedTarget
from reconciler.plan.price import Rates
from reconciler.plan.state import LiveAccount, SeenWorker, Standing, Touch
from reconciler.plan.web_app import PlannedWeb

if TYPE_CHECKING:
    from reconciler.plan.worker import PlannedWorker

Secrets: TypeAlias = Mapping[str, Sequence[str]]
"""Names of Modal Secrets, each with the keys that it has to have."""


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """A function of a deployed app.

    Attributes:
        name: ``Class.*`` for a class.
        cron: its cron, when it holds one.
        schedule: its cron or period as people read it, None when it holds neither. As Modal shows
            it where that is of no known form.
        unread: why its schedule could not be read; one may be there then. Never set in our app.
        server: whether it is a Server, which answers HTTP, holds no schedule and cannot be called.
        options: of an app with a name as code targets of ours have, what Modal reads back of the
            function's options, see :mod:`reconciler.plan.read_back`.
    """

    name: str
    cron: Slot | None = None
    schedule: str | None = None
    unread: str | None = None
    server: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeployedApp:
    """An app that is deployed somewhere in the workspace.

    Attributes:
        name: empty where a whole environment could not be read; the environment is empty too where
            the environments could not be listed.
        tags: for our app, and for those with names as code targets of ours have.
        deployed: who deployed it last, for the same apps.
        id: Modal's, which outlives a stop; an app that is deployed anew under the name has another.
        unread: why its functions could not be read; never set for ours, or for our environment.
    """

    environment: str
    name: str
    functions: tuple[DeployedFunction, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    deployed: Touch | None = None
    id: str = ""
    unread: str | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deploy left behind.

    Attributes:
        app: Modal's id of our app.
        volume: the id of the Volume that its functions mount, which is also a tag of the app.
    """

    app: str
    volume: str


class CronLimitError(RefusedError):
    """Modal refused a deploy because the workspace has no cron left; nothing was changed."""


class WebEndpointLimitError(RefusedError):
    """Modal refused a deploy because the workspace has no web endpoint left."""


class MissingSecretError(ReconcileError):
    """A Modal Secret with an address of alerts or pings is not there; nothing was changed."""

    def __init__(self, secret: str, keys: Sequence[str], environment: str) -> None:
        wanted = " ".join(f"{key}=…" for key in keys)
        these = f"the key{'s' if len(keys) > 1 else ''} {' and '.join(keys)}"
        super().__init__(
            f"there is no Modal Secret {secret} with {these} in environment {environment}, and "
            "`alerts` or `ping` name it",
            remedy=f"Make it, or add what it lacks: modal secret create {secret} {wanted} "
            f"--env {environment}\n  For --env local put `reconcile engine exec` before that.",
        )


class ImageNotBuiltError(ReconcileError):
    """The image of a code target cannot be built; nothing was deployed."""


class TargetRefusedError(ReconcileError):
    """Modal refused to deploy a code target; what was deployed stays live."""


class MissingObjectError(ReconcileError):
    """A Secret or a Volume that a code target names is not there; it was not deployed."""


class UnknownAccountError(ReconcileError):
    """What a Cloudflare account holds is not known: there is no token, or no answer."""


class Workers(Protocol):
    """The Workers of a Cloudflare account; ours can be changed."""

    async def observe(self, account: str, name: str) -> LiveAccount:
        """What the account holds, and of the Worker of this name its tags.

        Raises:
            UnknownAccountError: it could not be read.
        """
        ...

    async def look(self, account: str, name: str, since: datetime) -> SeenWorker:
        """The Worker of this name, and what it recorded since then. Nothing is asked twice.

        Raises:
            UnknownAccountError: it could not be read.
        """
        ...

    async def deploy(
        self,
        planned: PlannedWorker,
        url: str,
        keys: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        """Deploy a Worker, and read back that it is there.

        Args:
            url: of the HTTP API that it calls.
            keys: secret bindings by name; those that it has and that are not among them stay.
            say: takes a line of progress.

        Raises:
            RefusedError: it would harm others; nothing was changed.
            ReconcileError: a step failed; repeating it completes it.
        """
        ...

    async def tag(self, account: str, name: str, tags: Sequence[str]) -> None:
        """Replace the tags of a Worker, and nothing else of it.

        Raises:
            UnknownAccountError: that was refused.
        """
        ...

    async def delete(self, account: str, name: str, owners: Iterable[str]) -> None:
        """Delete a Worker, which may be gone.

        Args:
            owners: digests, one of which it has to bear.

        Raises:
            RefusedError: it bears none of them; nothing was changed.
        """
        ...


class Apps(Protocol):
    """The deployed apps of a workspace; ours can be changed."""

    async def deployed(self) -> Sequence[DeployedApp]:
        """Every deployed app of every environment of the workspace; tags for ours only.

        What is foreign and refused by Modal is there as unread. Nothing is ever left out.

        Raises:
            UnavailableError: our app could not be read, or Modal did not answer.
        """
        ...

    async def own_schedules(
        self, functions: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], str]:
        """Those of the functions that have a schedule of their own, with it as people read it.

        Args:
            functions: app and function, in the Modal environment of our app. One that is not
                there or may not be read has none that is known.

        Raises:
            UnavailableError: Modal did not answer.
        """
        ...

    async def deploy_web(self, planned: PlannedWeb, tags: Mapping[str, str]) -> str:
        """Deploy the app of the HTTP API; returns its address.

        Raises:
            MissingObjectError: its Secret is not there; nothing was changed.
            WebEndpointLimitError: the workspace has no web endpoint left; nothing was changed.
            UnavailableError: Modal did not answer.
        """
        ...

    async def own(self) -> DeployedApp | None:
        """The deployed app of our name, None when there is none; far fewer calls than for all.

        Raises:
            UnavailableError: it could not be read.
        """
        ...

    async def rates(self) -> Rates | None:
        """What the workspace pays; None when Modal does not say. Never an error."""
        ...

    async def stopped(self, id_: str) -> Touch | None:
        """Who stopped the app with this id, and when; None as far as Modal does not say.

        Raises:
            UnavailableError: it could not be read.
        """
        ...

    async def require_secrets(self, secrets: Secrets) -> None:
        """Make sure that the Modal Secrets are there and have these keys.

        Raises:
            MissingSecretError: one is not there, or lacks a key.
            UnavailableError: that could not be found out.
        """
        ...

    async def deploy(
        self, slots: Sequence[Slot], tags: Mapping[str, str], secrets: Secrets
    ) -> Deployment:
        """Make the slots, and the functions that hold no cron, the functions of our app.

        The functions mount the Volume of our name, which is made if it is not there.

        Args:
            tags: all tags that the app has from then on, but for the Volume's.
            secrets: what all of its functions carry.

        Raises:
            CronLimitError: Modal refuses so many crons. What was deployed stays live.
            MissingSecretError: a Secret is not there. What was deployed stays live.
            UnavailableError: anything else; it may or may not have been deployed.
        """
        ...

    async def set_tags(self, tags: Mapping[str, str]) -> None:
        """Replace the tags of our app."""
        ...

    async def build_image(self, planned: PlannedTarget, where: str) -> None:
        """Build the image of a code target, if it is not built yet; nothing is deployed.

        Args:
            where: the manifest that declares it.

        Raises:
            ImageNotBuiltError: it cannot be built; names the layer.
            UnavailableError: Modal did not answer.
        """
        ...

    async def require_objects(self, planned: PlannedTarget, places: Mapping[str, str]) -> None:
        """Look up the Secrets and Volumes that a code target names.

        Args:
            places: where the manifest says its `secrets`, and its `volumes`.

        Raises:
            MissingObjectError: one is not there, or lacks a key.
            UnavailableError: Modal did not answer.
        """
        ...

    async def deploy_target(
        self, planned: PlannedTarget, tags: Mapping[str, str], values: Mapping[str, str], where: str
    ) -> None:
        """Deploy the app of a code target.

        Args:
            tags: all tags that it has from then on.
            values: variables that are stored in its Secret; others that this holds stay.
            where: the manifest that declares it.

        Raises:
            ImageNotBuiltError, TargetRefusedError: what was deployed stays live.
            UnavailableError: it may or may not have been deployed.
        """
        ...

    async def remove_target(self, app: str) -> None:
        """Stop the app of a code target, which may be gone, and delete its Secret."""
        ...

    async def web_address(self, app: str) -> str:
        """The address of the deployed app of the HTTP API.

        Raises:
            UnavailableError: it could not be read.
        """
        ...

    async def secrets_among(self, names: Collection[str]) -> frozenset[str]:
        """Those of the names that a Modal Secret bears.

        Raises:
            UnavailableError: that could not be found out.
        """
        ...

    async def store_secret(self, name: str, entries: Mapping[str, str]) -> None:
        """Make a Modal Secret, or replace these entries of it."""
        ...

    async def remove_secret(self, name: str) -> None:
        """Delete a Modal Secret, which may be gone."""
        ...

    async def is_busy(self, app: str, functions: Mapping[str, Any]) -> bool:
        """Whether calls of these functions of an app are open."""
        ...


class Checkout(Protocol):
    """The clone in which the command is called."""

    def standing(self, live: str | None, old: str | None, new: str) -> Standing:
        """What its history says of what is live.

        Args:
            live: the commit that is live, None when none is recorded.
            old: the manifests' folder that is live, None when that is not known.
            new: the manifests' folder of this clone; both relative to the repository's root.
        """


class Files(Protocol):
    """The files on our Volume."""

    async def volume(self) -> str | None:
        """The id of the Volume that bears our name now, None when there is none.

        One that was deleted and made again under the same name has another id.
        """
        ...

    async def read(self, path: str) -> bytes | None:
        """The content of a file, None when there is none."""
        ...

    async def write(self, path: str, content: bytes) -> None:
        """Store a file, in place of one of that name. It is there for every later reader."""
        ...

    async def written_at(self, path: str) -> str | None:
        """When a file was last written, ISO 8601 in UTC; None when there is none of that name."""
        ...

    async def list(self, folder: str) -> Sequence[str]:
        """The paths directly below a folder, sorted; empty when there is no such folder."""
        ...

    async def written(self, folder: str) -> Mapping[str, str]:
        """The same, each with when it was last written; one call, whatever there is."""
        ...

    async def sizes(self, folder: str) -> Mapping[str, int]:
        """The paths of all files below a folder, at any depth, each with its size in bytes; one
        call, whatever there is."""
        ...

    async def remove(self, path: str) -> None:
        """Remove a file, which may be gone already."""
        ...


class OutputLine(NamedTuple):
    """A line that a run printed.

    Attributes:
        at: when it arrived.
        source: ``stdout``, ``stderr``, or ``system`` for a remark of Modal itself.
        text: without the line break.
    """

    at: datetime
    source: str
    text: str


class CallGoneError(Exception):
    """Modal does not know the call, or not any more: it keeps calls for 7 days."""


class CallOutput(Protocol):
    """What calls printed."""

    def kept(self, call: str) -> AsyncIterator[OutputLine]:
        """The lines that Modal still has, oldest first.

        Raises:
            CallGoneError: there is no such call any more.
            UnavailableError: Modal did not answer.
        """
        ...

    def follow(self, call: str) -> AsyncIterator[OutputLine]:
        """All lines, from the first on, as they come; until the call has ended.

        Raises:
            CallGoneError: there is no such call any more.
            UnavailableError: Modal did not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Workspace:
    """What an apply reads and changes.

    Attributes:
        environ: the environment variables of the command, of which code targets may take some.
        workers: the Workers on Cloudflare; None where no settings ask for one.
    """

    apps: Apps
    files: Files
    claims: Claims
    clock: Clock
    checkout: Checkout
    environ: Mapping[str, str] = field(default_factory=dict)
    workers: Workers | None = None
