"""Where the keys of a YAML document stand in its text, so that a command can edit the text.

Edits are of whole lines or of single scalars, by the positions that the reader keeps. All other
text, comments above all, stays as people wrote it. An edit is used only if the documents, read
again, have the values that they must have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from reconciler.manifest.document import Document, documents
from reconciler.manifest.problem import ManifestError, Problem
from reconciler.manifest.syntax import decode, with_characters
from reconciler.manifest.values import key_text

BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Text:
    """A manifest file and its documents.

    Attributes:
        bom: whether the file begins with a byte order mark, which is not part of ``text``.
    """

    file: str
    text: str
    documents: tuple[Document, ...]
    bom: bool = False

    @classmethod
    def read(cls, content: bytes, file: str) -> Text:
        """The file as it is.

        Raises:
            ManifestError: it is not the YAML that manifests may use.
        """
        text = decode(content, file)
        if isinstance(text, Problem):
            raise ManifestError([text])
        found = list(documents(content, file))
        read = tuple(one for one in found if isinstance(one, Document))
        problems = [one for one in found if isinstance(one, Problem)]
        problems += [problem for one in read for problem in one.problems]
        if problems:
            raise ManifestError(problems)
        return cls(file, text, read, content.startswith(BOM.encode()))

    def with_text(self, text: str) -> Text | None:
        """The file with another text; None if that is not YAML."""
        try:
            return Text.read(self._encoded(text), self.file)
        except ManifestError:
            return None

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return self._encoded(self.text)

    @property
    def has_positions(self) -> bool:
        """Whether positions are those of the text; JSON's surrogate pairs shift them."""
        return with_characters(self.text) == self.text

    @property
    def line_end(self) -> str:
        """How new lines end: as the first one does."""
        return "\r\n" if self.text.partition("\n")[0].endswith("\r") else "\n"

    @property
    def lines(self) -> list[str]:
        """The lines with their ends, which the last one gets where it has none."""
        lines = self.text.splitlines(keepends=True)
        if lines and lines[-1].splitlines()[0] == lines[-1]:
            lines[-1] += self.line_end
        return lines

    def _encoded(self, text: str) -> bytes:
        return ((BOM if self.bom else "") + text).encode()


@dataclass(frozen=True, slots=True)
class Entry:
    """A top-level key on lines of its own. Lines are counted from 0.

    Attributes:
        lead: the first of the blank and comment lines that stand above the key.
        first: the key's line.
        end: the line after the last one of its value.
    """

    key: str
    lead: int
    first: int
    end: int


def entries_of(root: yaml.Node, lines: Sequence[str]) -> list[Entry] | None:
    """The top-level keys in the order of the text; None if they do not stand on lines of their own.

    Comments above the first key belong to the document and to no key.
    """
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        return None
    found: list[Entry] = []
    for key_node, value in root.value:
        key = key_text(key_node)
        first = key_node.start_mark.line
        if key is None or key_node.start_mark.column or (found and first < found[-1].end):
            return None
        end = max(first, *_last_lines(value)) + 1
        while end < len(lines) and lines[end][:1] in (" ", "\t") and _is_comment(lines[end]):
            end += 1
        found.append(Entry(key, found[-1].end if found else first, first, end))
    return found


def _last_lines(node: yaml.Node) -> Iterator[int]:
    """Lines of a value, the last among them. Of an alias these are lines of its anchor, above."""
    yield node.start_mark.line
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        if node.value:
            last = node.value[-1]
            for one in last if isinstance(last, tuple) else (last,):
                yield from _last_lines(one)
        return
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        # The mark is where the next token begins, so blank lines are part of the value.
        yield node.end_mark.line - (node.end_mark.column == 0)
        return
    yield node.end_mark.line


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")
