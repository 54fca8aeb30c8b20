"""A crontab, of a user or of the system."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.cron import CronError, parse
from reconciler.errors import ReconcileError
from reconciler.foreign_text import hidden_space
from reconciler.importers.commands import command_name
from reconciler.importers.draft import Draft, ImportedFile, Remark, RemarkKind

_VARIABLE: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*(?P<value>.*)")
_OF_THE_MACHINE: Final = "a variable of the machine: give it to the function, in its env or secrets"
_MAIL: Final = "cron mails the output: say who is notified of failures as `alerts`"
_NO_MAIL: Final = "cron mails nothing: write `alerts: false` if failures are not to be notified"
_VARIABLES: Final = {
    "MAILTO": _MAIL,
    "MAILFROM": _MAIL,
    "RANDOM_DELAY": "cron starts each line up to so many minutes late; a manifest is on time",
    "SHELL": "a function needs no shell",
    "START_HOURS_RANGE": "of anacron: write the hours into the schedule",
}
_ENTRY: Final = re.compile(
    r"-?(?P<times>@\w+|(?:[^ \t]+[ \t]+){4}[^ \t]+)[ \t]+(?P<rest>[^ \t].*)", re.DOTALL
)
_FIELD: Final = re.compile(r"[*?]|[0-9*][0-9*,/-]*")
"""What is a time and not a program."""
_LEGEND: Final = re.compile(
    r"\bm(in(ute)?)?s?\s+h(ou)?r?s?\b|\bdom\b|day[- ]of[- ](the[- ])?(month|week)|[┌│└─]"
    r"|\(0 ?- ?\d+|DO NOT EDIT|\binstalled on\b|Cron version|Edit this file|crontab\(5\)"
    r"|Begin Whenever|^[-=*~_]{2}|[-=*~_]{2}$",
    re.IGNORECASE,
)
"""Lines of the explanations that cron and its editors put above the entries."""
_ACCOUNTS: Final = frozenset(
    {"root", "daemon", "nobody", "www-data", "apache", "nginx", "postgres", "ubuntu", "ec2-user"}
)
"""Accounts that are not programs."""
_ACCOUNT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?")
_PROGRAMS: Final = frozenset(
    {"ansible-playbook", "awk", "bash", "borg", "cat", "cd", "chmod", "chown", "cp", "curl", "df"}
    | {"du", "echo", "exec", "find", "flock", "go", "gzip", "java", "kill", "ln", "logrotate", "ls"}
    | {"mkdir", "mv", "nice", "nohup", "node", "perl", "php", "python", "python2", "python3"}
    | {"rclone", "restic", "rm", "rsync", "ruby", "run-parts", "scp", "sed", "sh", "source", "ssh"}
    | {"sudo", "tar", "tee", "test", "timeout", "touch", "truncate", "zip", "zsh"}
)
"""Programs that are often followed by a path, so no account is meant."""


@dataclass(frozen=True, slots=True)
class _User:
    """The first word of a command, which seems to be a user.

    Attributes:
        line: of the entry, from 1.
        is_certain: no program has this name.
    """

    line: int
    name: str
    is_certain: bool


def read_crontab(text: str, *, system: bool | None, timezone: str | None) -> ImportedFile:
    """Read a crontab.

    Args:
        system: whether a user stands before the command, as in ``/etc/crontab``. None: not known.
        timezone: of the machine that it runs on, where that is known; crontabs do not say it.

    Raises:
        ReconcileError: ``system`` is None, and users seem to stand before the commands.
    """
    # Lines end at a line feed alone, as cron reads them: a comment may hold a U+2028.
    lines = [line.rstrip("\r").strip(" \t") for line in text.split("\n")]
    if system is None:
        _refuse_users(lines)
    return ImportedFile.of(_entries(lines, bool(system), timezone))


def _entries(lines: Sequence[str], system: bool, timezone: str | None) -> Iterator[Draft | Remark]:
    comments: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line:
            comments.clear()
        elif line.startswith("#"):
            comments.append(line)
        elif variable := _VARIABLE.fullmatch(line):
            comments.clear()
            if variable["name"] == "CRON_TZ":
                timezone = variable["value"].strip("'\"")
            else:
                reason = _VARIABLES.get(variable["name"], _OF_THE_MACHINE)
                if reason == _MAIL and not variable["value"].strip("'\""):
                    reason = _NO_MAIL
                is_delay = variable["name"] == "RANDOM_DELAY"
                yield Remark(
                    number,
                    line,
                    reason,
                    RemarkKind.DIFFERS if is_delay else RemarkKind.NOT_TRANSLATED,
                )
        else:
            at_top = number == len(comments) + 1
            description = _description(comments, at_top=at_top)
            comments.clear()
            yield from _entry(number, line, description, system, timezone)


def _entry(
    number: int, line: str, description: str | None, system: bool, timezone: str | None
) -> Iterator[Draft | Remark]:
    found = _ENTRY.fullmatch(line)
    if found is None:
        reason = "not an entry of a crontab: five times and a command"
        hidden = hidden_space(line)
        yield Remark(number, line, f"{reason}; it holds a {hidden[1]}" if hidden else reason)
        return
    times, command = found["times"], found["rest"]
    if times == "@reboot":
        yield Remark(number, line, "a Modal app does not boot: run it by hand, or give it times")
        return
    if system:
        user, *rest = command.split(maxsplit=1)
        if not _ACCOUNT.fullmatch(user):
            reason = f"{user} is not the name of a user, as --system expects one before the command"
            yield Remark(number, line, reason)
            return
        if not rest:
            yield Remark(number, line, "names a user and no command")
            return
        command = rest[0]
        yield Remark(number, f"user {user}", "a function runs as its container's user")
    if _FIELD.fullmatch(command.split(maxsplit=1)[0]):
        yield Remark(number, line, "has more than five times: cron knows no seconds and no years")
        return
    if re.search(r"(?<!\\)%", command):
        reason = "the text after % is the command's input: pass it in `args`"
        yield Remark(number, line, reason)
    yield Draft(
        line=number,
        name=command_name(command),
        schedule=(" ".join(times.split()),),
        timezone=timezone,
        description=description,
        origin=line,
    )


def _description(comments: Sequence[str], *, at_top: bool) -> str | None:
    """The comment directly above an entry, unless it is a header or a commented-out line."""
    paragraph: list[str] = []
    for comment in reversed(comments):
        text = comment.strip("# \t")
        if not re.search(r"\w", text) or _LEGEND.search(text) or _is_commented_out(text):
            at_top = False
            break
        paragraph.insert(0, text)
    # Several lines at the top of the file are about the file.
    return None if at_top and len(paragraph) > 1 else " ".join(paragraph) or None


def _is_commented_out(text: str) -> bool:
    variable = _VARIABLE.fullmatch(text)
    if variable is not None:
        return variable["name"].isupper()
    found = _ENTRY.fullmatch(text)
    if found is None:
        return False
    try:
        parse(found["times"])
    except CronError:
        return found["times"] == "@reboot"
    return True


def _refuse_users(lines: Sequence[str]) -> None:
    """Refuse a crontab whose commands seem to begin with a user."""
    entries = [
        (number, entry["rest"])
        for number, line in enumerate(lines, start=1)
        if not line.startswith("#")
        # A variable such as `A = b c d e f` looks like an entry.
        and not _VARIABLE.fullmatch(line)
        and (entry := _ENTRY.fullmatch(line))
    ]
    users = [user for number, command in entries if (user := _user(number, command))]
    first = next((user for user in users if user.is_certain), users[0] if users else None)
    if first is None or not (first.is_certain or len(users) == len(entries)):
        return
    raise ReconcileError(
        f"line {first.line}: `{first.name}` stands between the times and the command, as the user "
        "of a system crontab does",
        remedy=f"Pass --system if {first.name} is a user, or --no-system if it is the command.",
    )


def _user(line: int, command: str) -> _User | None:
    first, *rest = command.split(maxsplit=1)
    if not rest or not _ACCOUNT.fullmatch(first) or first in _PROGRAMS:
        return None
    second = rest[0].split(maxsplit=1)[0]
    is_certain = first in _ACCOUNTS
    if is_certain or second.startswith(("/", "[")) or second in _PROGRAMS:
        return _User(line, first, is_certain)
    return None
