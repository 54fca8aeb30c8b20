"""What this version refuses by name, because it cannot do it yet: never accepted and ignored.

The forms are parsed and checked like all others, so that a manifest is judged in full; a line goes
from here when what it names is built.
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
    """What a manifest asks for that cannot be done yet."""
    for path, is_asked in _MANIFEST:
        if is_asked(form):
            yield not_yet(path, ".".join(map(str, path)))


def not_yet(path: Path, written: str) -> Fault:
    """The refusal of what is written at a path."""
    return Fault(
        path=path,
        message=f"`{written}` is not supported by this version yet",
        remedy=_INSTEAD.get(path, "leave it out"),
        at_key=True,
    )
