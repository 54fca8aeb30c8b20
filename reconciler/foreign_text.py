"""Makes untrusted text safe to show. This is the only module that does.

Manifests, commits, results of functions, error messages and files on the Volume hold text that an
attacker may have chosen. Unchanged, it can move the cursor of a terminal, reorder a line (Unicode's
bidirectional controls, "Trojan Source", CVE-2021-42574), imitate a line of ours, or give a command
to the program that reads a CI log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

REPLACEMENT: Final = "\ufffd"
"""Replaces each character that is not printable."""

_COMMAND_ANYWHERE: Final = re.compile(r"#(?=#\w{0,20}\[)")
"""``##[command]`` of GitHub Actions, ``##vso[command]`` of Azure Pipelines: commands anywhere in a
line."""
_COMMAND_AT_START: Final = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
"""``::command::`` of GitHub Actions: a command at the start of a line, also after white space."""

_HIDDEN: Final = re.compile(r"[^\n -~]")
"""Characters that may need an escape in JSON."""


_HIDDEN_SPACE: Final = re.compile(r"[^\S \t\r\n\f\v]|[\u00ad\u200b-\u200f\u2060\ufeff]")
"""Characters that look like a space or are invisible: a no-break space, a soft hyphen, …"""


def hidden_space(text: str) -> tuple[int, str] | None:
    """Position and name of the first character that looks like a space or is invisible.

    Text copied from web pages and word processors often contains such characters.
    """
    found = _HIDDEN_SPACE.search(text)
    if found is None:
        return None
    import unicodedata  # start-up time: only when refusing

    name = unicodedata.name(found.group(), "a control character").lower()
    return found.start(), f"{name} (U+{ord(found.group()):04X})"


def printable(text: str) -> str:
    """The text with each unprintable character replaced.

    These are controls, escapes, lone surrogates, line and paragraph separators, invisible and
    bidirectional marks: all characters for which :meth:`str.isprintable` is false.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else REPLACEMENT for letter in text)


def on_one_line(text: str) -> str:
    """The text as one printable line."""
    return printable(" ".join(text.splitlines()).replace("\t", " "))


def as_lines(lines: Iterable[str]) -> str:
    """The lines joined by line feeds; line breaks inside a line become spaces.

    Colours are kept; a :class:`~reconciler.streams.SafeStream` makes the rest printable.
    """
    return "\n".join(" ".join(line.splitlines()) for line in lines)


def printable_lines(text: str) -> str:
    """:func:`printable` for a text of several lines: line feeds and tabs are kept."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "\n".join(
        "\t".join(printable(part) for part in line.split("\t")) for line in text.split("\n")
    )


def without_commands(text: str) -> str:
    """The text with the workflow commands of GitHub Actions and Azure Pipelines disabled.

    A space is inserted into the beginning of each command; the rest is unchanged.
    """
    if "##" in text:
        text = _COMMAND_ANYWHERE.sub("# ", text)
    return _COMMAND_AT_START.sub(r"\1: ", text) if "::" in text else text


def in_json(text: str) -> str:
    """A JSON text with escapes for the characters that terminals and log readers act on.

    Its value is unchanged: outside of strings, JSON contains no such character but white space.
    """
    if "##" in text:
        text = _COMMAND_ANYWHERE.sub(r"\\u0023", text)
    return text if text.isprintable() else _HIDDEN.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    letter = found.group()
    return letter if letter.isprintable() else json.dumps(letter)[1:-1]
