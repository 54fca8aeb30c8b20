"""Tags: whose a Worker on Cloudflare is, what was deployed of it, and with which key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from reconciler.manifest import EnvironmentSettings
from reconciler.plan.state import Actual
from reconciler.plan.tags import CLOUDFLARE_ACCOUNT_TAG, CLOUDFLARE_TAG, CLOUDFLARE_WORKER_TAG

OWNER_TAG: Final = "reconciler-owner-"
DIGEST_TAG: Final = "reconciler-digest-"
KEY_TAG: Final = "reconciler-key-"
"""How the tags of the Worker begin: whose it is, what was deployed, and with which key."""


class AppliedWorker(NamedTuple):
    """What the last apply left of the Worker, as tags of our app say it.

    Attributes:
        account: the Cloudflare account.
        name: of the Worker.
        digest: of what was deployed.
        first: the epoch day with which its data begin; 0 in `mode: triggers`.
        key: the number of its key.
    """

    account: str
    name: str
    digest: str
    first: int
    key: int

    @property
    def tags(self) -> dict[str, str]:
        """The tags of our app."""
        return {
            CLOUDFLARE_ACCOUNT_TAG: self.account,
            CLOUDFLARE_WORKER_TAG: self.name,
            CLOUDFLARE_TAG: f"{self.digest}.{self.first}.{self.key}",
        }


def applied_worker(tags: Mapping[str, str]) -> AppliedWorker | None:
    """What the tags of our app say; None when no Worker was applied."""
    digest, _, numbers = tags.get(CLOUDFLARE_TAG, "").partition(".")
    first, _, key = numbers.partition(".")
    if not (digest and first.isdecimal() and key.isdecimal()):
        return None
    account, name = tags.get(CLOUDFLARE_ACCOUNT_TAG, ""), tags.get(CLOUDFLARE_WORKER_TAG, "")
    return AppliedWorker(account, name, digest, int(first), int(key))


def applied_in(actual: Actual) -> AppliedWorker | None:
    """What the last apply left."""
    return None if actual.own is None else applied_worker(actual.own.tags)


def owners_of(tags: Iterable[str]) -> list[str]:
    """The owners that a Worker's tags name; none where it is not from here."""
    return [tag.removeprefix(OWNER_TAG) for tag in tags if tag.startswith(OWNER_TAG)]


def adopted(tags: Iterable[str], owner: str) -> tuple[str, ...]:
    """The tags of a Worker that this owner takes over: what was deployed is not from there."""
    ours = (OWNER_TAG, DIGEST_TAG, KEY_TAG)
    return (OWNER_TAG + owner, *(tag for tag in tags if not tag.startswith(ours)))


def key_of(tags: Iterable[str]) -> int:
    """The number of a Worker's key; 0 when its tags name none."""
    for tag in tags:
        number = tag.removeprefix(KEY_TAG)
        if number != tag and number.isdecimal():
            return int(number)
    return 0


def key_secret(app: str, number: int) -> str:
    """The Modal Secret with a key of the Worker."""
    return f"{app}-cloudflare-{number}"


def source_of(name: str) -> str:
    """How wake records name a Worker as their source. No slot's name has a `/`."""
    return f"cloudflare/{name}"


def worker_owner(identity: str, settings: EnvironmentSettings) -> str:
    """Whose a Worker is: the repository's, for one app.

    Args:
        identity: the digest of the repository's identity.
    """
    return sha256(f"{identity} {settings.modal} {settings.app}".encode()).hexdigest()[:16]
