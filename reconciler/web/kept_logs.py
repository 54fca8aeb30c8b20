"""Logs of wakes that were decoded before, kept in memory: to decode is most of an answer's work."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from reconciler.model.runs_file import ReadLogs, WakeLog, decode_compacted
from reconciler.query.newest_first import About

LARGEST: Final = 2 * 2**20
"""Bytes of a file that is kept decoded: one of a wake, not one of a whole day."""
MOST: Final = 150_000
"""Lines that are kept, some 60 MB; what was not asked for longest goes first."""


class _Kept(NamedTuple):
    content: bytes
    logs: ReadLogs
    bare: tuple[WakeLog, ...]
    """The logs without their lines: of most days most names have none."""
    lines: int


@dataclass
class KeptLogs:
    """Decodes runs files. Invariant: the answer is that of the content that was given."""

    _kept: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    _lines: int = 0

    def decode(self, content: bytes, path: str, about: About | None = None) -> ReadLogs:
        """See :func:`~reconciler.model.runs_file.decode_compacted`. What cannot be read is named
        whichever names are wanted."""
        if len(content) > LARGEST:
            return decode_compacted(content, path, about)
        kept = self._kept.get(path)
        # The very object, as long as the file itself is kept: nothing is compared then.
        if kept is None or (kept.content is not content and kept.content != content):
            kept = self._decoded(content, path)
        self._kept.move_to_end(path)
        if about is None:
            return kept.logs
        chosen = (_chosen(log, bare, about) for log, bare in zip(kept.logs, kept.bare, strict=True))
        return ReadLogs(chosen, kept.logs.damaged)

    def _decoded(self, content: bytes, path: str) -> _Kept:
        before = self._kept.pop(path, None)
        self._lines -= 0 if before is None else before.lines
        logs = decode_compacted(content, path)
        bare = tuple(replace(log, records=()) if log.records else log for log in logs)
        found = _Kept(content, logs, bare, sum(len(log.records) for log in logs))
        self._kept[path] = found
        self._lines += found.lines
        while self._lines > MOST and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._lines -= gone.lines
        return found


def _chosen(log: WakeLog, bare: WakeLog, about: About) -> WakeLog:
    """The log with the lines of the wanted names."""
    lines = tuple(line for line in log.records if about(line.name))
    if not lines:
        return bare
    return log if len(lines) == len(log.records) else replace(log, records=lines)
