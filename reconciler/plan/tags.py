"""The tags by which our app says that it is ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from reconciler.model.target_record import TargetRecord
from reconciler.plan.identity import Owner

MANAGED_TAG: Final = "managed-by"
MANAGED_BY: Final = "schedule-reconciler"
REPOSITORY_TAG: Final = "repository"
"""The owner for version 0.1.0: two parts of the repository's path, which others may share."""
IDENTITY_TAG: Final = "identity"
"""The owner: the digest of its identity."""
GENERATION_TAG: Final = "generation"
DISPATCHER_TAG: Final = "dispatcher"
SECRETS_TAG: Final = "secrets"
VOLUME_TAG: Final = "volume"
"""The id of the Volume that the app's functions mount. A Volume that is deleted and made again
under the same name is another one, and deployed functions keep the old one."""
PROTECTED_TAG: Final = "protected"
"""How many schedules are protected, and a digest of their names; absent when none is."""

WEB_TAG: Final = "web"
"""A digest of what the app of the HTTP API was deployed with: on that app, and on ours."""

CLOUDFLARE_ACCOUNT_TAG: Final = "cloudflare-account"
CLOUDFLARE_WORKER_TAG: Final = "cloudflare-worker"
CLOUDFLARE_TAG: Final = "cloudflare"
"""On our app: the account, the name and a digest of the Worker that the last apply deployed, with
the first day of its data and the number of its key."""

TARGET_OF_TAG: Final = "target-of"
"""On the app of a code target: the name of our app."""
CODE_TAG: Final = "code"
IMAGE_TAG: Final = "image"
RESOURCES_TAG: Final = "resources"
"""Digests of what a code target was deployed with, see
:class:`~reconciler.model.target_record.TargetRecord`."""
VARIABLE_TAG: Final = "from-env."
"""How the tags begin that hold the keyed digest of a variable's value, with the variable's name."""

TAG_LENGTH: Final = 63
"""Modal's limit; values are made of letters, digits and ``._-``."""

_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9._-]+")


def tag_value(text: str) -> str:
    """The text as a tag's value can hold it: other characters become ``-``, the rest is cut."""
    return _FORBIDDEN.sub("-", text).strip("-")[:TAG_LENGTH]


def is_tagged(owner: Owner, tag: str) -> bool:
    """Whether version 0.1.0 may have given an app of this owner that tag; hosts ignore case."""
    return tag.casefold() in {tag_value(name).casefold() for name in owner.names}


def owner_tags(owner: Owner, before: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags that say whose the app is.

    Args:
        before: the tags that it has; what version 0.1.0 goes by stays, if it is this owner's.
    """
    tag = (before or {}).get(REPOSITORY_TAG, "")
    return {
        MANAGED_TAG: MANAGED_BY,
        REPOSITORY_TAG: tag if is_tagged(owner, tag) else tag_value(owner.names[0]),
        IDENTITY_TAG: owner.identity.digest,
    }


def own_tags(
    *,
    owner: Owner,
    generation: str | None,
    dispatcher: str,
    secrets: str | None,
    protected: str | None = None,
    volume: str | None = None,
    before: Mapping[str, str] | None = None,
    web: str | None = None,
    worker: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The whole set of tags of our app.

    Args:
        before: see :func:`owner_tags`.
        generation: None until one was applied.
        secrets: a digest of the Secrets that its functions carry; None for none.
        protected: see :func:`protected_digest`.
        volume: the id of the Volume that its functions mount; None until it is known.
        web: a digest of what the app of the HTTP API is deployed with; None where there is none.
        worker: the tags that name the Worker on Cloudflare; None where there is none.
    """
    tags = {**owner_tags(owner, before), DISPATCHER_TAG: tag_value(dispatcher)}
    if generation is not None:
        tags[GENERATION_TAG] = tag_value(generation)
    if secrets is not None:
        tags[SECRETS_TAG] = secrets
    if protected is not None:
        tags[PROTECTED_TAG] = protected
    if volume is not None:
        tags[VOLUME_TAG] = tag_value(volume)
    if web is not None:
        tags[WEB_TAG] = web
    return tags | dict(worker or {})


def target_tags(
    owner: Owner, app: str, record: TargetRecord, variables: Mapping[str, str]
) -> dict[str, str]:
    """The whole set of tags of a code target's app.

    Args:
        app: our app.
        variables: of each environment variable that its Secret holds, a keyed digest of the value.
    """
    return {
        **owner_tags(owner),
        TARGET_OF_TAG: tag_value(app),
        CODE_TAG: record.code_digest,
        IMAGE_TAG: record.image_digest,
        RESOURCES_TAG: record.resources_digest,
        **{variable_tag(name): digest for name, digest in variables.items()},
    }


def variable_tag(name: str) -> str:
    """The key of the tag of a variable; a long name by its digest."""
    if len(VARIABLE_TAG) + len(name) > TAG_LENGTH:
        name = sha256(name.encode()).hexdigest()[:32]
    return f"{VARIABLE_TAG}{name}"


def is_target_of(tags: Mapping[str, str], app: str) -> bool:
    """Whether an app with these tags is a code target of our app."""
    return tags.get(MANAGED_TAG) == MANAGED_BY and tags.get(TARGET_OF_TAG) == tag_value(app)


def protected_digest(names: Iterable[str]) -> str | None:
    """What the app is tagged with for the schedules that are protected; None when none is.

    The tag outlives the Volume and the Dict. It does not hold the names, but it says whether there
    were any, and whether some names are all of them.
    """
    names = sorted(set(names))
    if not names:
        return None
    return f"{len(names)}-{sha256(' '.join(names).encode()).hexdigest()[:12]}"
