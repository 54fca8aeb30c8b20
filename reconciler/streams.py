"""Safe standard output and standard error.

The last line of defence against hostile text: all output of commands, libraries and tracebacks is
made printable, and nothing in it is a command to the program that reads a CI log. Only functions of
this module write colours and our own workflow commands.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from reconciler.errors import ReconcileError
from reconciler.foreign_text import printable_lines, without_commands

_COLOUR: Final = f"\033[{secrets.token_hex(8)}:"
"""Marks a change of colour as ours. It is random in each process, so that foreign text cannot
contain it."""
_OURS: Final = re.compile(rf"{re.escape(_COLOUR)}(\d{{1,2}})m")
_KEPT: Final = 40
"""Characters kept of an unfinished line: more than the beginning of a workflow command has."""
_MENTION: Final = "@\u2060"
"""Keeps Markdown from mentioning a person; see :func:`reconciler.render.markdown.prose`."""


def coloured(code: str, text: str) -> str:
    """The text with a terminal colour. Only a :class:`SafeStream` renders it.

    Args:
        code: a parameter of "Select Graphic Rendition" (ECMA-48).
    """
    return f"{_COLOUR}{code}m{text}{_COLOUR}0m"


def without_colour(text: str) -> str:
    """The text as a terminal shows it, without the changes of colour of :func:`coloured`."""
    return _OURS.sub("", text) if _COLOUR in text else text


class OutputClosedError(BrokenPipeError):
    """The reader of the output has closed it, as ``| head`` does. This is not a failure."""


class OutputError(ReconcileError):
    """The output of a command cannot be written, for example because the disk is full."""


class SafeStream(io.TextIOBase):
    """A text stream that makes everything written to it safe.

    Args:
        stream: the underlying stream. None discards the output. Characters that the encoding lacks
            are written as escapes.
    """

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        if stream is None:  # closed by the caller, as `>&-` does
            stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until we end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        self._stream: TextIO = stream
        self.colour: bool | None = None
        """Whether changes of colour are written; None: on a terminal, unless ``NO_COLOR`` is set to
        anything (no-color.org)."""
        self._line = ""  # the unfinished line: a command may be written in pieces

    def write(self, text: str, /) -> int:
        """Write a text, parts of which may be foreign."""
        safe = self._without_commands(self._printable(text))
        self._line = _end_of_line(self._line, safe)
        with self._failures():
            self._stream.write(safe)
        return len(text)

    def write_bytes(self, content: bytes) -> None:
        """Write bytes without change, such as a calendar file."""
        with self._failures():
            self._stream.buffer.write(content)

    def write_command(self, command: str) -> None:
        """Write a workflow command of ours, on a line of its own."""
        with self._failures():
            self._stream.write(f"\n{command}\n" if self._line else f"{command}\n")
        self._line = ""
        self.flush()

    def _printable(self, text: str) -> str:
        if _COLOUR not in text:
            return _readable(text)
        parts = _OURS.split(text)
        colour = self.shows_colour()
        parts[1::2] = [f"\033[{code}m" if colour else "" for code in parts[1::2]]
        parts[::2] = map(_readable, parts[::2])
        return "".join(parts)

    def shows_colour(self) -> bool:
        """Whether colours of ours reach the reader."""
        if self.colour is not None:
            return self.colour
        return self.isatty() and not os.environ.get("NO_COLOR")

    def _without_commands(self, text: str) -> str:
        begun = self._line
        if not begun:
            return without_commands(text)
        together = without_commands(begun + text)
        if together.startswith(begun):
            return together[len(begun) :]
        return " " + without_commands(text)  # the command began in the text written before

    def flush(self) -> None:
        """See :class:`io.TextIOBase`."""
        with self._failures():
            self._stream.flush()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError as error:
            self.give_up()
            raise OutputClosedError(*error.args) from None
        except OSError as error:
            self.give_up()
            raise OutputError(
                f"standard output cannot be written: {(error.strerror or str(error)).lower()}",
                remedy="Free some disk space, or send the output elsewhere.",
            ) from error

    def give_up(self) -> None:
        """Discard the buffered output and all later output."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)

    def writable(self) -> bool:
        """See :class:`io.TextIOBase`."""
        return True

    def isatty(self) -> bool:
        """See :class:`io.TextIOBase`."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """See :class:`io.TextIOBase`."""
        return self._stream.fileno()

    @property
    def buffer(self) -> BinaryIO:
        """The underlying binary stream, which does not change what is written."""
        return self._stream.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a property in TextIOWrapper as well
        """That of the underlying stream."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # as above
        """That of the underlying stream."""
        return self._stream.errors


def guard_streams() -> None:
    """Make standard output and standard error safe, for the rest of the process."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, SafeStream):
            setattr(sys, name, SafeStream(stream))


def choose_colour(when: str) -> None:
    """Settle for the rest of the process whether output is coloured.

    Args:
        when: ``always``, ``never``, or ``auto``; see :attr:`SafeStream.colour`.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, SafeStream):
            stream.colour = {"always": True, "never": False}.get(when)


def write_bytes(content: bytes) -> None:
    """Write bytes to standard output without change, such as a calendar file."""
    if isinstance(sys.stdout, SafeStream):
        sys.stdout.write_bytes(content)
    else:
        sys.stdout.buffer.write(content)


def write_command(command: str) -> None:
    """Write a workflow command of ours to standard error, on a line of its own."""
    if isinstance(sys.stderr, SafeStream):
        sys.stderr.write_command(command)
    else:
        print(command, file=sys.stderr, flush=True)


def _readable(text: str) -> str:
    if _MENTION in text:
        return _MENTION.join(map(printable_lines, text.split(_MENTION)))
    return printable_lines(text)


def _end_of_line(begun: str, more: str) -> str:
    """The end of an unfinished line, long enough to recognise the beginning of a command."""
    _, ended, rest = more.rpartition("\n")
    line = rest if ended else begun + rest
    if len(line) <= _KEPT:
        return line
    return " " if line.isspace() else f"…{line[-_KEPT:]}"
