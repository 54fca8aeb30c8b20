"""The generation files on the Volume, read whole."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from reconciler.deploy.ports import Files
from reconciler.model.formats import Damaged, FormatError, NewerFormatError
from reconciler.model.generation import Generation, generation_path
from reconciler.model.stored_generation import decode_readable


async def read_generation(files: Files, digest: str) -> tuple[Generation | None, str | None]:
    """The generation with this digest as far as it can be read, and what is wrong with its file.

    Raises:
        NewerFormatError: a newer version wrote it.
        UnavailableError: it could not be read.
    """
    content = await files.read(generation_path(digest))
    if content is None:
        return None, "was removed: no schedule runs"
    edited = sha256(content).hexdigest() != digest
    try:
        generation, damaged = _decoded(content, generation_path(digest))
    except NewerFormatError:
        raise
    except FormatError as error:
        return None, f"{error.what}: no schedule runs"
    if edited:
        return generation, (
            "was edited by hand: its content does not match its name, so no schedule runs"
        )
    if not damaged:
        return generation, None
    more = f"; and {len(damaged) - 1} more" if len(damaged) > 1 else ""
    place = damaged[0].where.removeprefix(f"{generation_path(digest)} ")
    return generation, f"{place} cannot be read: {damaged[0].why}{more}"


@lru_cache(maxsize=2)
def _decoded(content: bytes, where: str) -> tuple[Generation, tuple[Damaged, ...]]:
    """The same bytes are the same generation: a server decodes what is live once."""
    return decode_readable(content, where)
