"""A git repository that a test commits to."""

from __future__ import annotations

import os
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


@dataclass(frozen=True)
class GitRepository:
    """A work tree and its history."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> GitRepository:
        """An empty repository on branch main."""
        root.mkdir(parents=True, exist_ok=True)
        made = cls(root)
        made.git("init", "-q", "-b", "main")
        return made

    def git(self, *arguments: str, author: str | None = None) -> str:
        """Run git; returns its output."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), **IDENTITY}
        if author is not None:
            environment["GIT_AUTHOR_NAME"] = author
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def hourly(self, *names: str) -> None:
        """Make the repository's schedules these, and no others."""
        documents = [
            f'name: {name}\nschedule: "{number % 60} * * * *"\nfunction: shop/sync\n'
            f'args: {{occurrence: "${{occurrence.id}}"}}\n'
            for number, name in enumerate(names)
        ]
        self.write("schedules/hourly.yaml", "---\n".join(documents))

    def commit(self, message: str = "change", author: str | None = None) -> str:
        """Commit everything; returns the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, author=author)
        return self.git("rev-parse", "HEAD")
