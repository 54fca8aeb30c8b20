"""Which Modal app each code target has.

A name is kept as long as a target can keep it. An app that was deployed for some code is never
given to other code: a wake that still reads the schedules of before would start the wrong function.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from reconciler.manifest import CodeTarget
from reconciler.model.target_record import TargetRecord

LONGEST_NAME: Final = 63
"""Characters of the name of a Modal app."""
_LONGEST_BEGINNING: Final = 40
"""Characters of our app's name that the names of its targets begin with."""
_SHORT_DIGEST: Final = 6
_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9.-]+")


def name_targets(
    targets: Iterable[CodeTarget],
    app: str,
    known: Mapping[str, TargetRecord],
    retired: Mapping[str, str],
    taken: Iterable[str],
) -> Mapping[str, str]:
    """The app of each target, by its key.

    In this order: the app that has the same code and options; one that has the same code, which is
    then changed in place; a retired one of the same code; a new one.

    Args:
        targets: different ones, in a stable order.
        app: our app.
        known: the targets that are or were live, by their apps.
        retired: the apps of retiring targets, to their code.
        taken: the names of all other apps.
    """
    wanted = {target.key: target for target in targets}
    named: dict[str, str] = {}
    free = dict(known)
    for is_one in (_is_same, _has_code):
        for key, target in wanted.items():
            found = (name for name, record in free.items() if is_one(record, target))
            if key not in named and (name := next(found, None)) is not None:
                named[key] = name
                del free[name]
    back = dict(retired)
    used = {*known, *retired, *taken}
    for key, target in wanted.items():
        if key in named:
            continue
        returning = (name for name, code in back.items() if code == str(target))
        named[key] = next(returning, None) or _new_name(target, app, used)
        back.pop(named[key], None)
        used.add(named[key])
    return named


def _is_same(record: TargetRecord, target: CodeTarget) -> bool:
    return _has_code(record, target) and record.options == target.options.shown


def _has_code(record: TargetRecord, target: CodeTarget) -> bool:
    return record.code == str(target)


def beginning(app: str) -> str:
    """How the names of the apps of our app's targets begin."""
    return f"{app[:_LONGEST_BEGINNING]}-"


def _new_name(target: CodeTarget, app: str, taken: Iterable[str]) -> str:
    *folders, file = target.path.split("/")
    stem = file.removesuffix(".py")
    if stem == "__init__" and folders:
        stem = folders[-1]
    parts = (stem, target.function.replace("_", "-"))
    plain = beginning(app) + "-".join(_FORBIDDEN.sub("-", part).strip("-") for part in parts)
    if len(plain) <= LONGEST_NAME and plain not in taken:
        return plain
    digest = sha256(target.key.encode()).hexdigest()
    for length in range(_SHORT_DIGEST, len(digest)):
        name = f"{plain[: LONGEST_NAME - length - 1].rstrip('-')}-{digest[:length]}"
        if name not in taken:
            return name
    raise AssertionError("a digest distinguishes targets")
