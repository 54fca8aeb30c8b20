"""Text that others wrote, made safe to show. Every such text goes through here, and only here.

Manifests, commits, results of functions, error messages and files on the Volume hold text that a
stranger may have chosen. Shown as it is, it can move the cursor of a terminal, reorder a line
(Unicode's bidirectional controls, "Trojan Source", CVE-2021-42574), begin a line that looks like
one of ours, or give a command to the program that reads a CI log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

REPLACEMENT: Final = "\ufffd"
"""Stands for each character that would not show as itself."""

_COMMAND_ANYWHERE: Final = re.compile(r"#(?=#\w{0,20}\[)")
"""``##[command]`` of GitHub Actions, ``##vso[command]`` of Azure Pipelines and their like: they are
commands wherever in a line they stand."""
_COMMAND_AT_START: Final = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
"""``::command::`` of GitHub Actions, a command at the start of a line, after white space too."""

_HIDDEN: Final = re.compile(r"[^\n -~]")
"""What may have to be escaped in JSON."""


_HIDDEN_SPACE: Final = re.compile(r"[^\S \t\r\n\f\v]|[\u00ad\u200b-\u200f\u2060\ufeff]")
"""What looks like a space or like nothing and is neither: a no-break space, a soft hyphen, …"""


def hidden_space(text: str) -> tuple[int, str] | None:
    """Where a text holds a character that looks like a space or like nothing, and its name.

    Such characters come with text that is copied from web pages and word processors.
    """
    found = _HIDDEN_SPACE.search(text)
    if found is None:
        return None
    import unicodedata  # start-up time: only when refusing

    name = unicodedata.name(found.group(), "a control character").lower()
    return found.start(), f"{name} (U+{ord(found.group()):04X})"


def printable(text: str) -> str:
    """The text with a replacement character for each that would not show as itself.

    Those are controls, escapes, lone surrogates, line and paragraph separators, invisible and
    bidirectional marks: everything that :meth:`str.isprintable` refuses.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else REPLACEMENT for letter in text)


def on_one_line(text: str) -> str:
    """The text as one line that does nothing to the terminal in which it is read."""
    return printable(" ".join(text.splitlines()).replace("\t", " "))


def as_lines(lines: Iterable[str]) -> str:
    """The lines under one another, each of them one line, whatever it quotes.

    What colours them stays; a :class:`~reconciler.streams.SafeStream` deals with the rest.
    """
    return "\n".join(" ".join(line.splitlines()) for line in lines)


def printable_lines(text: str) -> str:
    """The text line by line: its line feeds and tabs stay, everything else is as in printable."""
    if text.isprintable():
        return text
    return "\n".join(
        "\t".join(printable(part) for part in line.split("\t")) for line in text.split("\n")
    )


def without_commands(text: str) -> str:
    """The text so that no reader of a CI log takes a part of it for a command.

    The readers are those of GitHub Actions and of Azure Pipelines. A space is put into what would
    begin a command; the rest stays.
    """
    if "##" in text:
        text = _COMMAND_ANYWHERE.sub("# ", text)
    return _COMMAND_AT_START.sub(r"\1: ", text) if "::" in text else text


def in_json(text: str) -> str:
    """A JSON text with escapes in place of what terminals and readers of logs act on.

    It says the same: outside its strings JSON has no such character but its white space.
    """
    if "##" in text:
        text = _COMMAND_ANYWHERE.sub(r"\\u0023", text)
    return text if text.isprintable() else _HIDDEN.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    letter = found.group()
    return letter if letter.isprintable() else json.dumps(letter)[1:-1]
