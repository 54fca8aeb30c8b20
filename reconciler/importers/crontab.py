"""A crontab, of a user or of the system."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from reconciler.importers.draft import Draft, Found, Untranslated

_VARIABLE: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*)")
_ENTRY: Final = re.compile(r"(?P<times>@\w+|(?:\S+\s+){4}\S+)\s+(?P<rest>\S.*)")
_INTERPRETERS: Final = frozenset(
    {"bash", "sh", "env", "nice", "node", "perl", "php", "python", "python3", "ruby", "sudo"}
)


def read_crontab(text: str, *, system: bool, timezone: str) -> Found:
    """Read a crontab.

    Args:
        system: whether a user's name stands before the command, as in ``/etc/crontab``.
        timezone: of the machine that it runs on; crontabs do not say it.
    """
    return Found.of(_entries(text, system, timezone))


def _entries(text: str, system: bool, timezone: str) -> Iterator[Draft | Untranslated]:
    comment: str | None = None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line.startswith("#") or not line:
            comment = line.lstrip("# ").strip() or None
            continue
        variable = _VARIABLE.fullmatch(line)
        if variable and variable["name"] == "CRON_TZ":
            timezone = variable["value"].strip("'\"")
        elif variable:
            reason = "a variable of the machine; give it to the function, as a secret or in its env"
            yield Untranslated(number, line, reason)
        else:
            yield from _entry(number, line, comment, system, timezone)
        comment = None


def _entry(
    number: int, line: str, comment: str | None, system: bool, timezone: str
) -> Iterator[Draft | Untranslated]:
    found = _ENTRY.fullmatch(line)
    if found is None:
        yield Untranslated(number, line, "is no entry of a crontab")
        return
    times, command = found["times"], found["rest"]
    if times == "@reboot":
        yield Untranslated(number, line, "Modal has no boot to run it at")
        return
    if system:
        user, *rest = command.split(maxsplit=1)
        if not rest:
            yield Untranslated(number, line, "has a user and no command")
            return
        command = rest[0]
        yield Untranslated(number, f"user {user}", "a function runs as its container's user")
    if re.search(r"(?<!\\)%", command):
        yield Untranslated(number, line, "what follows % is the command's input; pass it in `args`")
    yield Draft(
        line=number,
        name=_name(command),
        schedule=(" ".join(times.split()),),
        timezone=timezone,
        description=comment,
        origin=line,
    )


def _name(command: str) -> str:
    """The program that is run, without its path, its ending and what runs it."""
    last = command.split("&&")[-1].split("|")[0].split()
    words = [word for word in last if "=" not in word and not word.startswith("-")]
    for word in words:
        program = PurePosixPath(word)
        if program.name not in _INTERPRETERS:
            return program.stem or "job"
    return "job"
