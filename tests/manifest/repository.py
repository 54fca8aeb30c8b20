"""A repository in memory, and what is wrong with the code targets of a manifest in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.manifest import ManifestError, Manifests, Settings, load_contents


@dataclass
class MemoryFiles:
    """Files by path; counts how often each is read."""

    files: Mapping[str, str | bytes]
    year: int = 2026
    reads: dict[str, int] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return "the work tree"

    def read(self, path: str) -> bytes | None:
        self.reads[path] = self.reads.get(path, 0) + 1
        content = self.files.get(path)
        return content.encode() if isinstance(content, str) else content

    def paths(self) -> Iterable[str]:
        return tuple(self.files)


def load_code(
    manifest: str, files: Mapping[str, str | bytes], settings: Settings | None = None
) -> Manifests:
    return load_contents(
        [("schedules/job.yaml", manifest.encode())],
        settings=settings or Settings(),
        code=MemoryFiles(files),
    )


def code_problems(
    manifest: str, files: Mapping[str, str | bytes], settings: Settings | None = None
) -> list[str]:
    """Every problem as `file:line:column: message`, without its remedy; none if all is well."""
    try:
        load_code(manifest, files, settings)
    except ManifestError as error:
        return [str(problem).partition("\n")[0] for problem in error.problems]
    return []
