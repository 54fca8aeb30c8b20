"""Decodes files, and explains the syntax errors of the YAML parser."""

from __future__ import annotations

import codecs
import json
import re

import yaml
from yaml.reader import Reader

from reconciler.manifest.composer import TooDeepError
from reconciler.manifest.location import Location
from reconciler.manifest.problem import Problem
from reconciler.manifest.size_limits import MAX_DEPTH

_PLAIN_SENTENCES: tuple[tuple[str, str, str | None], ...] = (
    (
        "mapping values are not allowed",
        "a `key: value` pair is not allowed here",
        "quote a value that contains `: `, or correct the indentation",
    ),
    (
        "undefined tag handle",
        "YAML tags are not supported",
        "remove the tag, or quote the value if it is text",
    ),
    ("duplicate anchor", "this anchor is already defined above", "give it another name"),
    (
        "<document start>",
        "unexpected text after the end of the document",
        "correct the indentation; a line `---` begins another document",
    ),
    (
        "invalid Unicode character escape",
        "this escape is half of a surrogate pair, or not a character",
        "write the character itself",
    ),
    ("incompatible YAML document", "this version of YAML is not supported", "remove the line"),
)
_ESCAPE = re.compile(
    r"\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def decode(content: bytes, file: str) -> str | Problem:
    """The text of a file, or the problem: not UTF-8, or a control character that YAML forbids."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(errors="replace")
        return Problem(
            f"not UTF-8: invalid byte 0x{content[error.start]:02x}",
            _end_of(before, file),
            "save the file as UTF-8",
        )
    control = Reader.NON_PRINTABLE.search(text)
    if control:
        return Problem(
            f"control character U+{ord(control.group()):04X} is not allowed",
            _end_of(text[: control.start()], file),
            "delete it, or write it as an escape inside double quotes",
        )
    return text


def with_characters(text: str) -> str:
    """A JSON text with its surrogate pairs replaced by characters, because YAML has no such pairs.

    Any other text is returned unchanged.
    """
    if "\\ud" not in text.lower() or text.lstrip()[:1] not in {"{", "["}:
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _ESCAPE.sub(_character, text)


def _character(escape: re.Match[str]) -> str:
    high, low = escape["high"], escape["low"]
    if high is None:
        return escape.group()
    return chr(0x10000 + (int(high, 16) - 0xD800) * 0x400 + int(low, 16) - 0xDC00)


def explain(error: yaml.YAMLError | TooDeepError, text: str, file: str) -> Problem:
    """The problem that stopped the parser, in plain words."""
    if isinstance(error, TooDeepError):
        return Problem(
            f"nested deeper than {MAX_DEPTH} levels",
            _location(error.mark, file),
            "reduce the nesting",
        )
    mark = _mark(error)
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return Problem("not YAML", Location(file))
    said = " ".join(part for part in (error.context, error.problem) if part)
    rest = _rest_of_line(text, mark)
    if "alias" in said:
        mark = error.context_mark or mark
        return _begins_with(_rest_of_line(text, mark), "is read as a YAML alias", mark, file)
    if "cannot start any token" in said:
        if rest.startswith("\t"):
            return Problem(
                "YAML does not allow tabs as indentation",
                _location(mark, file),
                "indent with spaces",
            )
        return _begins_with(rest, "is not valid unquoted text in YAML", mark, file)
    if "quoted scalar" in said and "end of stream" in said:
        opened = error.context_mark or mark
        return Problem("this quote is not closed", _location(opened, file), "close it")
    for words, message, remedy in _PLAIN_SENTENCES:
        if words in said:
            return Problem(message, _location(mark, file), remedy)
    return Problem(f"not YAML: {said}", _location(mark, file))


def _begins_with(rest: str, verdict: str, mark: yaml.Mark, file: str) -> Problem:
    value = re.split(r"\s#", rest, maxsplit=1)[0].strip()
    return Problem(
        f"a value that begins with `{value[:1]}` {verdict}",
        _location(mark, file),
        f"quote it: {json.dumps(value[:100], ensure_ascii=False)}",
    )


def _mark(error: yaml.YAMLError) -> yaml.Mark | None:
    if isinstance(error, yaml.MarkedYAMLError):
        return error.problem_mark or error.context_mark
    return None


def _rest_of_line(text: str, mark: yaml.Mark) -> str:
    lines = text.splitlines()
    return lines[mark.line][mark.column :] if mark.line < len(lines) else ""


def _location(mark: yaml.Mark, file: str) -> Location:
    return Location(file, mark.line + 1, mark.column + 1)


def _end_of(before: str, file: str) -> Location:
    lines = re.split(r"\r\n|\r|\n", before)
    return Location(file, len(lines), len(lines[-1]) + 1)
