"""The name of what a shell command runs, such as `job-a` for `flock -n /tmp/a.lock /opt/job-a.sh`.

Programs that only start another one (`timeout`, `sudo`, `bash -c`, `docker exec`) are looked
through, and preparations (`cd`, `test`, `sleep`) are passed over. Nothing is run.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Final, NamedTuple
from urllib.parse import urlsplit

FALLBACK: Final = "job"
"""The name of a command in which no program can be found."""
DEEPEST: Final = 8
"""Commands inside one another, as in `bash -c "su -c '…'"`, that are looked through."""


class _Wrapper(NamedTuple):
    """A program that starts the rest of its command line.

    Attributes:
        valued: its options that take the next word as their value.
        operands: words of its own between its options and the command.
    """

    valued: frozenset[str] = frozenset()
    operands: int = 0


_PLAIN: Final = _Wrapper()
_WRAPPERS: Final = {
    **dict.fromkeys(
        ("caffeinate", "chronic", "command", "cronic", "exec", "nohup", "run-one", "setsid"),
        _PLAIN,
    ),
    "chrt": _Wrapper(operands=1),
    "doas": _Wrapper(frozenset({"-u", "-C"})),
    "env": _Wrapper(frozenset({"-u", "-C", "--unset", "--chdir"})),
    "flock": _Wrapper(frozenset({"-w", "-E", "--timeout", "--wait", "--conflict-exit-code"}), 1),
    "ionice": _Wrapper(frozenset({"-c", "-n", "--class", "--classdata"})),
    "lckdo": _Wrapper(operands=1),
    "nice": _Wrapper(frozenset({"-n", "--adjustment"})),
    "setlock": _Wrapper(operands=1),
    "sshpass": _Wrapper(frozenset({"-p", "-f", "-d"})),
    "stdbuf": _Wrapper(frozenset({"-i", "-o", "-e"})),
    "sudo": _Wrapper(frozenset({"-u", "-g", "-h", "-p", "-C", "-U", "--user", "--group"})),
    "systemd-cat": _Wrapper(frozenset({"-t", "-p", "--identifier", "--priority"})),
    "taskset": _Wrapper(operands=1),
    "time": _PLAIN,
    "timeout": _Wrapper(frozenset({"-s", "-k", "--signal", "--kill-after"}), 1),
}
_SHELLS: Final = frozenset({"ash", "bash", "dash", "ksh", "sh", "zsh"})
_INTERPRETER: Final = re.compile(r"(python|php|perl|ruby|node|bun|deno|java|Rscript)[\d.]*")
_RUNNERS: Final = {
    "bundle": {"exec"},
    "docker-compose": {"exec", "run"},
    "npm": {"run"},
    "pipenv": {"run"},
    "pnpm": {"run", "exec"},
    "poetry": {"run"},
    "uv": {"run"},
    "yarn": {"run"},
}
"""Programs that start another one by a word of theirs."""
_MULTIPLEXERS: Final = frozenset(
    {"artisan", "console", "django-admin", "drush", "flask", "invoke", "just", "make", "manage.py"}
    | {"npx", "occ", "rails", "rake", "task", "wp"}
)
"""Programs that do many things, of which the next word names one."""
_KUBECTL: Final = frozenset(
    {"-n", "--namespace", "-c", "--container", "--context", "--kubeconfig", "--cluster", "-s"}
    | {"--server", "--user", "--token", "--as", "--request-timeout", "--pod-running-timeout"}
)
_SSH: Final = frozenset(
    {"-b", "-c", "-D", "-E", "-e", "-F", "-I", "-i", "-J", "-L", "-l", "-m", "-o", "-p", "-R", "-S"}
)
"""The options of `kubectl` and of `ssh` that take the next word as their value."""
_PREPARATIONS: Final = frozenset(
    {
        ".",
        ":",
        "[",
        "[[",
        "cd",
        "echo",
        "export",
        "false",
        "mkdir",
        "printf",
        "pushd",
        "read",
        "set",
    }
    | {"sleep", "source", "test", "touch", "trap", "true", "ulimit", "umask", "unset", "wait"}
)
_WORDS_OF_SHELL: Final = frozenset(
    {"!", "{", "}", "do", "done", "else", "fi", "if", "then", "until", "while"}
)
_LOOPS: Final = frozenset({"case", "for", "select"})
"""They begin words that are no command."""
_SEPARATORS: Final = frozenset(";&|()")
"""Characters of the words between two commands."""
_SUBSTITUTED: Final = re.compile(r"\$\(\(.*?\)\)|\$\([^()]*\)|`[^`]*`")
"""What the shell replaces by the output of another command, or by a number."""
_INPUT: Final = re.compile(r"(?<!\\)%.*", re.DOTALL)
"""What cron passes to a command on its standard input."""
_PIPE: Final = "|"
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)


def command_name(command: str) -> str:
    """The name of the program that a command is about, without its path and its ending."""
    found = list(_names(_SUBSTITUTED.sub("0", _INPUT.sub("", command)), DEEPEST))
    strong = next((name for name, is_request in found if not is_request), None)
    return strong or next((name for name, _ in found), FALLBACK)


def _names(command: str, depth: int) -> Iterator[tuple[str, bool]]:
    """The name of each simple command, and whether it is an HTTP request: often only a ping."""
    for words in _simple_commands(command) if depth else ():
        yield from _name(words, depth)


def _simple_commands(command: str) -> Iterator[list[str]]:
    """The words of each command of a list; of a pipeline only the first."""
    words: list[str] = []
    piped = False
    parts = iter(_parts(command))
    for part in parts:
        if part and set(part) <= _SEPARATORS:
            if words and not piped:
                yield words
            words, piped = [], part == _PIPE
        elif part and set(part) <= set("<>&"):
            if words and words[-1].isdigit():
                words.pop()  # the number of a stream, as in 2>&1
            next(parts, None)
        else:
            words.append(part)
    if words and not piped:
        yield words


def _parts(command: str) -> Sequence[str]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:  # a quote that is never closed
        return command.split()


def _name(words: Sequence[str], depth: int) -> Iterator[tuple[str, bool]]:
    if words[0] in _LOOPS:
        return
    while words and (words[0] in _WORDS_OF_SHELL or _ASSIGNMENT.fullmatch(words[0])):
        words = words[1:]
    if not words or depth == 0:
        return
    program, rest = PurePosixPath(words[0]).name or words[0], words[1:]
    wrapper = _WRAPPERS.get(program)
    if program in _PREPARATIONS:
        return
    if program in _SHELLS or program in {"su", "runuser"}:
        yield from _shell(program, rest, depth)
    elif wrapper is not None:
        inner = _after_options(rest, wrapper.valued)[wrapper.operands :]
        if inner[:1] == ["-c"]:  # flock FILE -c COMMAND
            yield from _names(" ".join(inner[1:2]), depth - 1)
        else:
            yield from _name(inner, depth - 1)
    elif program in _ELSEWHERE:
        yield from _ELSEWHERE[program](program, rest, depth)
    elif program in _RUNNERS and _RUNNERS[program] & set(rest[:1]):
        yield from _name(_after_options(rest[1:], frozenset()), depth - 1)
    elif program in {"curl", "wget"}:
        yield _address(rest) or program, True
    else:
        yield from _program(words[0], program, rest, depth)


def _program(
    path: str, program: str, rest: Sequence[str], depth: int
) -> Iterator[tuple[str, bool]]:
    if _INTERPRETER.fullmatch(program):
        yield from _script(program, rest, depth)
    elif program == "run-parts":
        folders = (word.rstrip("/") for word in rest if not word.startswith("-"))
        yield PurePosixPath(next(folders, program)).name, False
    elif program in _MULTIPLEXERS:
        yield next((word for word in rest if not word.startswith("-")), _stem(program)), False
    else:
        yield _stem(path), False


def _shell(program: str, rest: Sequence[str], depth: int) -> Iterator[tuple[str, bool]]:
    """`sh script`, `bash -lc "…"`, `su - web -c "…"`, `runuser -u web -- program`."""
    for number, word in enumerate(rest):
        if re.fullmatch(r"-[a-z]*c|--command", word):
            yield from _names(" ".join(rest[number + 1 : number + 2]), depth - 1)
            return
    if program in _SHELLS:
        yield from _name(_after_options(rest, frozenset({"-o", "-O"}))[:1], depth - 1)
    elif program == "runuser":
        yield from _name(_after_options(rest, frozenset({"-u", "--user"})), depth - 1)


def _container(program: str, rest: Sequence[str], depth: int) -> Iterator[tuple[str, bool]]:
    """`docker exec NAME program`, `docker run IMAGE`, `docker compose exec SERVICE program`."""
    if rest[:1] == ["compose"]:
        rest = _after_options(rest[1:], frozenset({"-f", "-p", "--file", "--project-name"}))
    verb, valued = rest[:1], frozenset({"-u", "-e", "-w", "-v", "--user", "--env", "--workdir"})
    valued |= {"--name", "--network", "--volume", "--entrypoint", "--env-file", "-p", "--mount"}
    operands = _after_options(rest[1:], valued)
    if verb == ["exec"] and operands[1:]:
        yield from _name(operands[1:], depth - 1)
    elif verb in (["run"], ["exec"], ["start"]) and operands:
        yield PurePosixPath(operands[0].partition(":")[0]).name, False
    else:
        yield program, False


def _cluster(program: str, rest: Sequence[str], depth: int) -> Iterator[tuple[str, bool]]:
    """`kubectl -n shop exec deploy/web -- program`, `kubectl create job --from=cronjob/NAME`."""
    words = _after_options(rest, _KUBECTL)
    if words[:1] == ["exec"]:
        if "--" in words:
            inner = words[words.index("--") + 1 :]
        else:
            inner = _after_options(_after_options(words[1:], _KUBECTL)[1:], _KUBECTL)
        found = list(_name(inner, depth - 1)) if inner else []
        yield from found or [(program, False)]
        return
    origin = next((word for word in words if word.startswith("--from=cronjob/")), None)
    if origin is not None:
        yield origin.rpartition("/")[2], False
        return
    verbs = list(takewhile(lambda word: re.fullmatch(r"[a-z-]*[a-z]", word), words[:2]))
    yield "-".join(verbs) or program, False


def _remote(program: str, rest: Sequence[str], depth: int) -> Iterator[tuple[str, bool]]:
    """`ssh HOST program`."""
    found = list(_names(" ".join(_after_options(rest, _SSH)[1:]), depth - 1))
    yield from found or [(program, False)]


_ELSEWHERE: Final[Mapping[str, Callable[[str, Sequence[str], int], Iterator[tuple[str, bool]]]]] = {
    **dict.fromkeys(("docker", "docker-compose", "podman"), _container),
    **dict.fromkeys(("kubectl", "oc"), _cluster),
    "ssh": _remote,
}
"""Programs that start another one in a container or on another machine."""


def _script(program: str, rest: Sequence[str], depth: int) -> Iterator[tuple[str, bool]]:
    """`python3 job.py`, `python -m package.job`, `php artisan task`, `java -jar job.jar`."""
    for option in ("-m", "-jar"):
        if option in rest[:-1]:
            named = rest[rest.index(option) + 1]
            last = named.rpartition(".")[2] if option == "-m" else _stem(named)
            yield last or program, False
            return
    operands = _after_options(rest, frozenset({"-c", "-r", "-e", "-W", "-X", "-d", "-I"}))
    if not operands:
        yield program, False
    else:
        yield from _name(operands, depth - 1)


def _after_options(words: Sequence[str], valued: frozenset[str]) -> list[str]:
    number = 0
    while number < len(words) and (word := words[number]).startswith("-") and word != "-":
        number += 1
        if word == "--":
            break
        if word in valued:
            number += 1
    rest = list(words[number:])
    while rest and _ASSIGNMENT.fullmatch(rest[0]):
        rest.pop(0)
    return rest


def _address(words: Sequence[str]) -> str | None:
    """Host and path of the URL that is requested, without what may be a password or a key."""
    for word in words:
        if word.startswith(("http://", "https://")):
            try:
                parts = urlsplit(word)
            except ValueError:
                return None
            return f"{parts.hostname or ''}{parts.path}"
    return None


def _stem(word: str) -> str:
    return PurePosixPath(word.rstrip("/")).stem or FALLBACK
