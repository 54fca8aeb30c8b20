"""Standard output and standard error, through which no foreign text does any harm.

The last line of defence: whatever a command, a library or a traceback prints is made printable, and
nothing in it is a command to the program that reads a CI log. What gives colour, and the workflow
commands that we mean, are written by functions of this module alone.
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
"""Begins a change of colour that is ours: no text from elsewhere can hold what is drawn anew in
each process."""
_OURS: Final = re.compile(rf"{re.escape(_COLOUR)}(\d{{1,2}})m")
_KEPT: Final = 40
"""Characters of an unfinished line that are remembered, more than a command begins with."""
_MENTION: Final = "@\u2060"
"""What keeps Markdown from mentioning a person; see :func:`reconciler.render.markdown.prose`."""


def coloured(code: str, text: str) -> str:
    """The text in a colour of the terminal's; only a :class:`SafeStream` shows it as such.

    Args:
        code: a number of "Select Graphic Rendition" (ECMA-48).
    """
    return f"{_COLOUR}{code}m{text}{_COLOUR}0m"


class OutputClosedError(BrokenPipeError):
    """The reader of what a command prints has read enough, as ``| head`` has: no failure."""


class OutputError(ReconcileError):
    """What a command prints cannot be written, for example because the disk is full."""


class SafeStream(io.TextIOBase):
    """A text stream that makes what is written safe.

    Args:
        stream: where it goes. An absent one is replaced by nowhere, and characters that its
            encoding lacks are written as escapes.
    """

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        if stream is None:  # closed by the caller, as `>&-` does
            stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until we end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        self._stream: TextIO = stream
        self._line = ""  # the end of the line that is not ended yet: commands come in pieces, too

    def write(self, text: str, /) -> int:
        """Write a text of which some may be foreign."""
        safe = self._without_commands(self._printable(text))
        self._line = _end_of_line(self._line, safe)
        with self._failures():
            self._stream.write(safe)
        return len(text)

    def write_bytes(self, content: bytes) -> None:
        """Write what is not for people, such as a calendar, as it is."""
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
        colour = self.isatty()
        parts[1::2] = [f"\033[{code}m" if colour else "" for code in parts[1::2]]
        parts[::2] = map(_readable, parts[::2])
        return "".join(parts)

    def _without_commands(self, text: str) -> str:
        begun = self._line
        if not begun:
            return without_commands(text)
        together = without_commands(begun + text)
        if together.startswith(begun):
            return together[len(begun) :]
        return " " + without_commands(text)  # it began in what is written already

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
                remedy="Free some space, or send it elsewhere.",
            ) from error

    def give_up(self) -> None:
        """Send what is left, and what is still to come, nowhere."""
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
        """Where bytes go that are not for people; they are written as they are."""
        return self._stream.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a property in TextIOWrapper as well
        """Of the stream that this writes to."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # as above
        """Of the stream that this writes to."""
        return self._stream.errors


def guard_streams() -> None:
    """Make standard output and standard error safe, for the rest of the process."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, SafeStream):
            setattr(sys, name, SafeStream(stream))


def write_bytes(content: bytes) -> None:
    """Write to standard output what is not for people, such as a calendar, as it is."""
    if isinstance(sys.stdout, SafeStream):
        sys.stdout.write_bytes(content)
    else:
        sys.stdout.buffer.write(content)


def write_command(command: str) -> None:
    """Write a workflow command of ours to standard error, as a line of its own."""
    if isinstance(sys.stderr, SafeStream):
        sys.stderr.write_command(command)
    else:
        print(command, file=sys.stderr, flush=True)


def _readable(text: str) -> str:
    if _MENTION in text:
        return _MENTION.join(map(printable_lines, text.split(_MENTION)))
    return printable_lines(text)


def _end_of_line(begun: str, more: str) -> str:
    """The end of a line, as much of it as the beginning of a command may need."""
    _, ended, rest = more.rpartition("\n")
    line = rest if ended else begun + rest
    if len(line) <= _KEPT:
        return line
    return " " if line.isspace() else f"…{line[-_KEPT:]}"
