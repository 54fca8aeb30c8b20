"""Whose the app is: what is live against what this clone is (DESIGN §5).

Three places say who owns an app: the tag ``identity``, which is a digest; the pointer, which holds
the identity in full; and the tag ``repository``, by which version 0.1.0 knows the app. The tag
``identity`` decides, since a deploy sends it. The pointer says what the digest stands for. An app
without that tag was last applied by version 0.1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reconciler.errors import command_line
from reconciler.manifest import LOCAL
from reconciler.plan.change import Action, Change, Kind
from reconciler.plan.identity import Identity
from reconciler.plan.state import Actual, Desired
from reconciler.plan.tags import IDENTITY_TAG, MANAGED_BY, MANAGED_TAG, REPOSITORY_TAG, is_tagged

_OTHER_APP: Final = "set another `app:` in reconciler.yaml"
_DEEPEN: Final = (
    "fetch the history (`fetch-depth: 0` with actions/checkout, else git fetch --unshallow), "
)
_HELD: Final = "this clone holds that id"
_DESCENDS: Final = "the commit that is live is part of this repository"


@dataclass(frozen=True, slots=True)
class Stranger:
    """Why an app is not ours.

    Attributes:
        message: what stands against it.
        remedy: what to do, without the command that adopts it.
        owner: what ``adopt --from`` has to name; None when the app has no owner.
        adoptable: whether adopting it is a remedy at all.
    """

    message: str
    remedy: str
    owner: str | None
    adoptable: bool = True


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The app is ours, and what it says of its owner is not what an apply would record.

    Attributes:
        before: what it says.
        reason: why that is us.
    """

    before: str
    reason: str


def judge_owner(actual: Actual, desired: Desired) -> Upgrade | Stranger | None:
    """Whether the app, or what one has left on the Volume, is ours; None when it is as it stands.

    Offline there is no app that could be another's.
    """
    if actual.revision is not None:
        return None
    if actual.own is None:
        return _of_volume(actual, desired)
    tags = actual.own.tags
    if tags.get(MANAGED_TAG) != MANAGED_BY:
        return Stranger(
            f"the app {desired.settings.app} is not managed by schedule-reconciler: "
            "it bears none of its tags",
            _OTHER_APP,
            None,
        )
    digest = tags.get(IDENTITY_TAG)
    if digest is None:
        return _of_old_tag(actual, desired, tags.get(REPOSITORY_TAG, ""))
    return _of_digest(actual, desired, digest)


def owner_in_full(actual: Actual) -> Identity | None:
    """The owner of the app, or of what is on the Volume; None when nothing says it in full."""
    written = None if actual.pointer is None else actual.pointer.identity
    if written is None:
        return None
    owner = Identity.read(written)
    tagged = None if actual.own is None else actual.own.tags.get(IDENTITY_TAG)
    return owner if actual.own is None or tagged == owner.digest else None


def ownership_change(actual: Actual, desired: Desired) -> Iterator[Change]:
    """The change of what an app that is ours says of its owner."""
    verdict = judge_owner(actual, desired)
    if isinstance(verdict, Upgrade):
        ours = str(desired.owner.identity)
        yield Change(
            action=Action.UPDATE,
            kind=Kind.APP,
            name=desired.settings.app,
            reason=f"its owner is {verdict.before}, now {ours}: {verdict.reason}",
            before={"owner": verdict.before},
            after={"owner": ours},
        )


def remedy_of(stranger: Stranger, environment: str) -> str:
    """What to do about an app that is not ours, with the command."""
    if not stranger.adoptable:
        return stranger.remedy
    command = "adopt" if stranger.owner is None else f"adopt --from {stranger.owner}"
    return f"{stranger.remedy}, or take it over: {command_line(command, environment)}"


def machine_only(desired: Desired) -> str | None:
    """The warning that only this machine can apply to the environment; None when others can."""
    identity = desired.owner.identity
    if desired.settings.name == LOCAL:
        return None
    if identity.is_local:
        return (
            f"this clone has no remote: it owns the app as {identity}, and every other clone, CI "
            "too, is refused. Add the remote: git remote add origin URL"
        )
    if identity.is_path:
        return (
            f"the remote is a path of this machine: the app is owned as {identity}, which another "
            "machine may give to another repository. Use a URL: git remote set-url origin URL"
        )
    return None


def _of_digest(actual: Actual, desired: Desired, digest: str) -> Upgrade | Stranger | None:
    ours, held = desired.owner.identity, desired.owner.held
    if digest == ours.digest:
        written = None if actual.pointer is None else actual.pointer.identity
        if actual.pointer is None or written == str(ours):
            return None
        return Upgrade(written or "not recorded", "the app bears the tag of this owner")
    owner = owner_in_full(actual)
    if owner is not None:
        return _compared(desired, owner)
    if held is not None and digest == held.digest:
        return Upgrade(str(held), _HELD)
    return _another(desired, digest, digest)


def _compared(desired: Desired, owner: Identity) -> Upgrade | Stranger:
    """An owner that is known in full, and that differs from ours."""
    ours, held = desired.owner.identity, desired.owner.held
    is_held = held is not None and owner.repository == held.repository
    if owner.repository != ours.repository and not is_held:
        named = owner.repository if owner.is_local else str(owner)
        return _another(desired, str(owner), named)
    if owner.folder == ours.folder:
        return Upgrade(str(owner), _HELD)
    if desired.standing.vacated:
        return Upgrade(str(owner), f"the manifests have moved from {owner.folder}")
    return Stranger(
        f"the app {desired.settings.app} is managed from {owner}, and this is {ours}: the folder "
        f"{owner.folder} still holds manifests",
        f"commit the move if the folder has moved, {_OTHER_APP}",
        str(owner),
    )


def _another(desired: Desired, shown: str, named: str) -> Stranger:
    """An owner that is another repository.

    A clone without a remote does not take an app from one that has one: CI would be refused.
    """
    ours = desired.owner.identity
    message = f"the app {desired.settings.app} is managed from {shown}, and this is {ours}"
    if shown != named and not ours.is_local:  # a random id
        remedy = f"apply once from the clone that holds this id, {_OTHER_APP}"
        return Stranger(message, remedy, named)
    if ours.is_local and desired.settings.name != LOCAL and "/" in named:
        return Stranger(
            message,
            "this clone has no remote; if that is its repository, add it: git remote add origin "
            f"URL; else {_OTHER_APP}",
            named,
            adoptable=False,
        )
    return Stranger(message, _OTHER_APP, named)


def _of_old_tag(actual: Actual, desired: Desired, tag: str) -> Upgrade | Stranger:
    if not tag:
        return Stranger(
            f"the app {desired.settings.app} bears no tag that names its owner; this is "
            f"{desired.owner.identity}",
            _OTHER_APP,
            None,
        )
    if not is_tagged(desired.owner, tag):
        return _another(desired, tag, tag)
    unproven = _unproven(actual, desired)
    if unproven is None:
        return Upgrade(tag, _DESCENDS)
    why, remedy = unproven
    message = (
        f"the app {desired.settings.app} bears the tag {tag} of version 0.1.0, which several "
        f"repositories may share, and {why}; this is {desired.owner.identity}"
    )
    return Stranger(message, f"{remedy}{_OTHER_APP}", tag)


def _of_volume(actual: Actual, desired: Desired) -> Upgrade | Stranger | None:
    """No app is deployed. What one has left on the Volume has an owner all the same."""
    if actual.pointer is None:
        return None
    owner = owner_in_full(actual)
    if owner is not None:
        return None if owner == desired.owner.identity else _compared(desired, owner)
    unproven = _unproven(actual, desired)
    if unproven is None:
        return Upgrade("not recorded", _DESCENDS)
    why, remedy = unproven
    message = (
        f"the Volume {desired.settings.app} holds schedules that version 0.1.0 applied without "
        f"their owner, and {why}; this is {desired.owner.identity}"
    )
    return Stranger(message, f"{remedy}{_OTHER_APP}", None)


def _unproven(actual: Actual, desired: Desired) -> tuple[str, str] | None:
    """Why the live commit does not prove that the app is ours, and what to do; None if it does.

    The engine of ``local`` is in the clone itself: no other repository can have applied to it.
    """
    if desired.settings.name == LOCAL or desired.standing.descends:
        return None
    commit = None if actual.pointer is None else actual.pointer.commit
    if commit is None:
        return "no commit is recorded as live", ""
    if desired.standing.descends is None:
        why = "whether the commit that is live is part of this repository is unknown, since the "
        return f"{why}clone is shallow (commit {commit[:12]})", _DEEPEN
    why = f"commit {commit[:12]}, which is live, is not in the history of HEAD"
    return why, "update the branch if that commit is yours, "
