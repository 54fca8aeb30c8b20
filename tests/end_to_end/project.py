"""A repository with schedules, an engine of its own, and the real command line in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine_fixture import RunningEngine
from tests.forked import Done, Forked

__all__ = ["FIRING", "SHOP", "Done", "Project"]

FIRING = ("--firing", "request")
"""Crons fire only when a test asks for it: no test depends on the time of day."""
SHOP = Path(__file__).with_name("shop.py")


@dataclass(frozen=True)
class Project:
    """A folder in which ``reconcile`` is called, and the engine that its ``local`` is."""

    root: Path
    engine: RunningEngine

    @classmethod
    def create(cls, root: Path, engine: RunningEngine | None = None, shop: Path = SHOP) -> Project:
        """Put an engine where ``--env local`` looks for it, with the shop deployed.

        Args:
            engine: that runs already; by default the project starts one of its own.
            shop: the app's file.
        """
        (root / "schedules").mkdir(parents=True)
        state = root / ".reconciler" / "engine"
        if engine is None:
            engine = RunningEngine(state, FIRING).start()
        else:
            state.parent.mkdir()
            state.symlink_to(engine.state)
        engine.modal("deploy", str(shop))
        return cls(root, engine)

    def write(self, name: str, text: str) -> Path:
        """Write a manifest file."""
        path = self.root / "schedules" / name
        path.write_text(textwrap.dedent(text))
        return path

    def hourly(self, *names: str, minute: int = 0, **keys: str) -> None:
        """One file of hourly schedules that pass their occurrence's id on."""
        given = {"function": "shop/sync", **keys}
        more = "".join(f"{key}: {value}\n" for key, value in given.items())
        documents = [
            f'name: {name}\nschedule: "{minute} * * * *"\n'
            f'args: {{occurrence: "${{occurrence.id}}"}}\n{more}'
            for name in names
        ]
        self.write("hourly.yaml", "---\n".join(documents))

    def reconcile(self, *arguments: str, **variables: str) -> Done:
        """Run the command line to its end."""
        return Forked(self.root, self.environment(**variables)).reconcile(*arguments)

    def applied(self, *arguments: str, **variables: str) -> Done:
        """Apply, which has to go well."""
        done = self.reconcile("--yes", *arguments, **variables)
        assert done.code == 0, done.out + done.err
        return done

    def start(
        self, *arguments: str, ignoring: signal.Signals | None = None
    ) -> subprocess.Popen[str]:
        """Start the command line and go on.

        Args:
            ignoring: a signal that the command's parent has set to be ignored.
        """

        def settle_signals() -> None:
            # Where the tests themselves are run in the background, Ctrl-C may be ignored.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN if number == ignoring else signal.SIG_DFL)

        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.root,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=settle_signals,
        )

    def command(self, *arguments: str) -> list[str]:
        """How the command line is called."""
        return [sys.executable, "-m", "reconciler", *arguments]

    def environment(self, **variables: str) -> dict[str, str]:
        """The variables of a developer's shell, and nothing of this one's."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.root), "USER": "dev", **variables}

    def in_modal(self, code: str) -> Any:
        """Run code as somebody with Modal's client; what it leaves in ``answer`` comes back."""
        script = f"import json\n{textwrap.dedent(code)}\nprint(json.dumps(answer))"
        return json.loads(self.engine.python("-c", script))

    def marks(self) -> list[str]:
        """The occurrences whose function really ran, once for each time that it ran, sorted."""
        found = self.in_modal(
            """
            import modal
            marks = modal.Dict.from_name("marks", create_if_missing=True)
            answer = sorted(marks.values())
            """
        )
        return [str(mark) for mark in found]

    def age(self, prefix: str) -> None:
        """Let the leases of our Dict's entries with this prefix run out, as time would."""
        self.in_modal(
            f"""
            import modal
            entries = modal.Dict.from_name("schedule-reconciler")
            for key, entry in list(entries.items()):
                if key.startswith({prefix!r}) and "until" in entry:
                    entries[key] = {{**entry, "until": "2020-01-01T00:00:00Z"}}
            answer = None
            """
        )
