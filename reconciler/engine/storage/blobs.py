"""Contents, stored once under their SHA-256: sources, Volume files, large arguments and results."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from reconciler.errors import ReconcileError

_PIECE = 1 << 20


class Blobs:
    """A folder of immutable files. Each appears whole or not at all (written aside, renamed)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = folder / "aside"
        self._aside.mkdir(parents=True, exist_ok=True)
        for leftover in self._aside.iterdir():
            leftover.unlink()

    def path(self, sha256: str) -> Path:
        """Where the content with this digest is, or would be."""
        return self._folder / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        return self.path(sha256).exists()

    def copy(self, sha256: str, target: Path) -> None:
        """Copy a content to a file.

        Raises:
            ReconcileError: it is gone, or not what was stored: it is dropped, so that it can be
                stored again.
            OSError: it cannot be copied; there is no half file.
        """
        source = self.path(sha256)
        digest = hashlib.sha256()
        try:
            with source.open("rb") as read, target.open("wb") as write:
                while piece := read.read(_PIECE):
                    digest.update(piece)
                    write.write(piece)
        except FileNotFoundError as error:
            raise _damaged(source, "is gone") from error
        except OSError:
            target.unlink(missing_ok=True)
            raise
        if digest.hexdigest() != sha256:
            target.unlink(missing_ok=True)
            source.unlink(missing_ok=True)
            raise _damaged(source, "is damaged")

    def put(self, data: bytes) -> str:
        """Store and return the digest."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.has(sha256):
            with self.aside() as writer:
                writer.write(data)
                writer.keep()
        return sha256

    def put_file(self, source: Path) -> tuple[str, int]:
        """Store a copy of a file; returns the digest and the size of what was read."""
        size = 0
        with source.open("rb") as file, self.aside() as writer:
            while piece := file.read(_PIECE):
                writer.write(piece)
                size += len(piece)
            return writer.keep(), size

    def aside(self) -> Writer:
        """Begin a content whose digest is known only once it is complete."""
        return Writer(self, self._aside)


def _damaged(path: Path, what: str) -> ReconcileError:
    return ReconcileError(
        f"a stored content {what}", where=str(path), remedy="Deploy the app again, which stores it."
    )


class Writer:
    """A content being written; discarded unless ``keep`` is reached."""

    def __init__(self, blobs: Blobs, aside: Path) -> None:
        self._blobs = blobs
        descriptor, name = tempfile.mkstemp(dir=aside)
        self._file = os.fdopen(descriptor, "wb")
        self._path = Path(name)
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            # Closing writes the rest of the buffer, which may not fit on the disk.
            self._file.close()
        finally:
            self._path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        self._sha256.update(data)
        self._md5.update(data)
        self._file.write(data)

    @property
    def md5(self) -> str:
        """The digest that an uploading client compares with the ETag."""
        return self._md5.hexdigest()

    def keep(self) -> str:
        """Make the content part of the store; returns its digest."""
        self._file.close()
        sha256 = self._sha256.hexdigest()
        target = self._blobs.path(sha256)
        target.parent.mkdir(exist_ok=True)
        self._path.replace(target)
        return sha256
