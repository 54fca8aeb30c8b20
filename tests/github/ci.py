"""A team on GitHub: its repository, its Modal, and machines that run its workflows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tests.end_to_end.project import Done
from tests.github.fake_github import FakeGitHub
from tests.github.runner import Runner
from tests.github.team import Team


@dataclass(frozen=True)
class Ci:
    """A team on GitHub."""

    team: Team
    github: FakeGitHub
    temporary: Path

    def runner(self, event: str, **payload: object) -> Runner:
        """A machine for one run of a workflow, on what is checked out."""
        variables = self.team.project.engine.record.variables
        secrets = {name: variables[name] for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET")}
        return Runner(
            clone=self.team.project.root,
            temporary=self.temporary,
            event=payload,
            github={
                "event_name": event,
                "repository": "acme/jobs",
                "server_url": "https://git.example",
                "api_url": self.github.url,
                "sha": self.team.git.git("rev-parse", "HEAD"),
                "run_id": "77",
                "actor": "ada",
            },
            variables={k: v for k, v in variables.items() if k not in secrets},
            secrets=secrets,
        )

    def pull_request(self, *, head: str = "acme/jobs") -> Runner:
        """A pull request number 7 from the branch that is checked out to main."""
        base = self.team.git.git("rev-parse", "main")
        change = {"number": 7, "base": {"sha": base}, "head": {"repo": {"full_name": head}}}
        return self.runner("pull_request", pull_request=change)

    def live(self, environment: str = "production", folder: str = ".") -> list[str]:
        """The names of the schedules that are live."""
        variables = self.team.project.engine.record.variables
        place = replace(self.team.project, root=self.team.project.root / folder)
        status = place.reconcile("--env", environment, "status", "--format", "json", **variables)
        return [schedule["name"] for schedule in status.json["schedules"]]

    def by_hand(self, *arguments: str) -> Done:
        """Somebody with Modal's token calls the command line for production."""
        variables = self.team.project.engine.record.variables
        return self.team.project.reconcile("--env", "production", *arguments, **variables)

    def branch(self, *names: str) -> None:
        """Commit hourly schedules on a branch."""
        self.team.git.git("checkout", "-q", "-B", "feature")
        self.team.commit(*names)

    def merge(self) -> None:
        """Merge the branch, which is pull request number 7."""
        self.team.git.git("checkout", "-q", "main")
        self.team.git.git("merge", "-q", "--no-ff", "-m", "merge", "feature")
        self.github.pulls[self.team.git.git("rev-parse", "HEAD")] = [7]
