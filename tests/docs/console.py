"""Runs what a page of the documentation shows, and compares what it says it prints.

In a ``console`` block, lines that begin with ``$`` are commands, and the others are what they
print: ``…`` stands for any text in a line, and on a line of its own for any lines. A command is
expected to succeed unless it ends with ``# exit N``.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^( *)```console\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_EXIT = re.compile(r"#\s*exit (\d+)\s*$")


@dataclass(frozen=True)
class Shown:
    """One command, and what the page says about it."""

    page: str
    command: str
    output: tuple[str, ...]

    @property
    def code(self) -> int:
        """The exit code that is expected."""
        found = _EXIT.search(self.command.splitlines()[0])
        return int(found[1]) if found else 0

    def run(self, root: Path, environment: Mapping[str, str]) -> None:
        """Run it and compare."""
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", self.command],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        about = f"{self.page}: {self.command}\n{done.stdout}"
        assert done.returncode == self.code, f"exit {done.returncode}: {about}"
        actual = iter([line.rstrip() for line in done.stdout.splitlines()])
        for wanted in self.output:
            if wanted.strip() not in {"", "…"}:
                pattern = ".*".join(map(re.escape, wanted.rstrip().split("…")))
                assert any(re.fullmatch(pattern, line) for line in actual), f"{wanted!r}: {about}"


def shown_in(page: Path) -> Iterator[Shown]:
    """The commands of a page, in their order."""
    for indent, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        block = re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)
        command: list[str] = []
        output: list[str] = []
        for line in block.splitlines():
            if _is_open(command):
                command.append(line)
            elif line.startswith("$ "):
                if command:
                    yield Shown(page.name, "\n".join(command), tuple(output))
                command, output = [line[2:]], []
            else:
                output.append(line)
        if command:
            yield Shown(page.name, "\n".join(command), tuple(output))


def _is_open(command: list[str]) -> bool:
    """Whether a command goes on: a backslash at the end, or a document that is not closed."""
    if not command:
        return False
    return command[-1].endswith("\\") or ("<<'EOF'" in command[0] and command[-1] != "EOF")
