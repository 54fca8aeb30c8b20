"""The tags by which our app says that it is ours."""

from __future__ import annotations

import re
from typing import Final

MANAGED_TAG: Final = "managed-by"
MANAGED_BY: Final = "schedule-reconciler"
REPOSITORY_TAG: Final = "repository"
GENERATION_TAG: Final = "generation"
DISPATCHER_TAG: Final = "dispatcher"
SECRETS_TAG: Final = "secrets"

TAG_LENGTH: Final = 63
"""Modal's limit; values are made of letters, digits and ``._-``."""

_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9._-]+")


def tag_value(text: str) -> str:
    """The text as a tag's value can hold it: other characters become ``-``, the rest is cut."""
    return _FORBIDDEN.sub("-", text).strip("-")[:TAG_LENGTH]


def own_tags(
    *, repository: str, generation: str | None, dispatcher: str, secrets: str | None
) -> dict[str, str]:
    """The whole set of tags of our app.

    Args:
        generation: None until one was applied.
        secrets: a digest of the Secrets that its functions carry; None for none.
    """
    tags = {
        MANAGED_TAG: MANAGED_BY,
        REPOSITORY_TAG: tag_value(repository),
        DISPATCHER_TAG: tag_value(dispatcher),
    }
    if generation is not None:
        tags[GENERATION_TAG] = tag_value(generation)
    if secrets is not None:
        tags[SECRETS_TAG] = secrets
    return tags
