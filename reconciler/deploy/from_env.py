"""Variables of the apply's environment that code targets take as secrets.

Whether a value differs from what is deployed is seen by a keyed digest: scrypt with a random salt
that is kept on our Volume. Values and digests are in no plan and no output.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from hashlib import scrypt
from typing import Final

from reconciler.deploy.ports import Files
from reconciler.errors import ReconcileError
from reconciler.plan.code_targets import PlannedTarget

SALT_PATH: Final = "secrets/salt"
_SALT_BYTES: Final = 16
_DIGEST_BYTES: Final = 20
_COST: Final = {"n": 2**14, "r": 8, "p": 1}
"""Some 16 MiB and 50 ms for a value."""


class MissingVariableError(ReconcileError):
    """A variable that a code target takes is not set, and none was deployed before."""


async def read_salt(files: Files) -> bytes | None:
    """The salt; None before the first apply that needs one."""
    return await files.read(SALT_PATH)


async def made_salt(files: Files) -> bytes:
    """The salt, made if there is none."""
    salt = await read_salt(files)
    if salt is None:
        salt = secrets.token_hex(_SALT_BYTES).encode()
        await files.write(SALT_PATH, salt)
    return salt


async def digests(values: Mapping[str, str], salt: bytes) -> Mapping[str, str]:
    """The keyed digest of each variable's value, for a tag."""
    found = {}
    for name, value in values.items():
        found[name] = await asyncio.to_thread(_digest, f"{name}={value}", salt)
    return found


def taken(names: Iterable[str], environ: Mapping[str, str]) -> Mapping[str, str]:
    """Those variables that are set, with their values."""
    return {name: environ[name] for name in sorted(set(names)) if name in environ}


def require_variables(
    planned: PlannedTarget, deployed: Iterable[str], values: Mapping[str, str], where: str
) -> None:
    """Raise if a target takes a variable of which neither a value nor a deployed one is known.

    Args:
        deployed: the variables that the target's Secret holds.

    Raises:
        MissingVariableError: it does.
    """
    for name in planned.target.options.from_env:
        if name not in values and name not in set(deployed):
            raise MissingVariableError(
                f"{planned.record.code} takes the variable {name}, which is not set here, and no "
                "value of it was deployed before",
                where=where,
                remedy=f"Set {name} in the environment of this apply.",
            )


def _digest(text: str, salt: bytes) -> str:
    return scrypt(text.encode(), salt=salt, dklen=_DIGEST_BYTES, **_COST).hex()
