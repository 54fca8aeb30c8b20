"""Refuses keys that this version does not implement yet, instead of ignoring them.

The forms still include these keys, so that their values are checked too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from reconciler.manifest.fault import Fault, Path
from reconciler.manifest.manifest_form import ManifestForm

_MANIFEST: Final[tuple[tuple[Path, Callable[[ManifestForm], bool]], ...]] = (
    (("code",), lambda form: form.code is not None),
)


_INSTEAD: Final[dict[Path, str]] = {
    ("code",): "deploy the function to Modal yourself and name it with `function`",
}


def in_manifest(form: ManifestForm) -> Iterator[Fault]:
    """The keys of a manifest that are not implemented yet."""
    for path, is_asked in _MANIFEST:
        if is_asked(form):
            yield not_yet(path, ".".join(map(str, path)))


def not_yet(path: Path, written: str) -> Fault:
    """The fault of an unsupported key at a path."""
    return Fault(
        path=path,
        message=f"`{written}` is not supported by this version yet",
        remedy=_INSTEAD.get(path, "remove it"),
        at_key=True,
    )
