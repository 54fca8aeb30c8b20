"""No secret that a command is given appears in what it prints, writes or stores."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.project import Project
from tests.forked import Done

GITHUB = "ghp_plantedgithubtoken0123456789"
REMOTE = "planted-remote-password"
ADDRESS = "plantedalertaddress"
LITERAL = "plantedliteralalert"
PING = "plantedliteralping"

SETTINGS = """
environments:
  production: {modal: main}
alerts:
  to:
    - {secret: alerting, key: URL}
    - {url: "http://127.0.0.1:9/plantedliteralalert", format: json}
"""


@pytest.fixture
def planted(make_project: Callable[..., Project]) -> Project:
    """A repository with a remote that holds a password, an alert address and schedules."""
    project = make_project()
    project.engine.modal("secret", "create", "alerting", f"URL=http://127.0.0.1:9/{ADDRESS}")
    (project.root / "reconciler.yaml").write_text(SETTINGS)
    project.hourly("a", "b")
    project.write(
        "pinged.yaml",
        f"""
        name: pinged
        schedule: "0 * * * *"
        function: shop/fail
        ping: http://127.0.0.1:9/{PING}
        """,
    )
    (project.root / ".gitignore").write_text(".reconciler/\n")
    git(project, "init", "-q", "-b", "main")
    git(project, "remote", "add", "origin", f"https://ada:{REMOTE}@github.com/acme/jobs.git")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "Schedules")
    return project


def git(project: Project, *arguments: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=project.root, check=True)


def secrets_of(project: Project) -> dict[str, str]:
    record = project.engine.record
    return {
        "MODAL_TOKEN_ID": record.token_id,
        "MODAL_TOKEN_SECRET": record.token_secret,
        "GITHUB_TOKEN": GITHUB,
        "the remote's password": REMOTE,
        "the alert's address": ADDRESS,
        "the alert's URL": LITERAL,
        "the ping's URL": PING,
    }


def call(project: Project, command: str, **variables: str) -> Done:
    """Run a command against the engine as if it were the real Modal."""
    given = {**project.engine.record.variables, "GITHUB_TOKEN": GITHUB, **variables}
    return project.reconcile(*command.split(), "--env", "production", **given)


def fresh(project: Project, **variables: str) -> Done:
    """A plan in an interpreter of its own: the client reads its file when it is imported."""
    done = subprocess.run(
        project.command("--dry-run", "--env", "production"),
        cwd=project.root,
        env=project.environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def leaks(project: Project, *texts: str) -> list[str]:
    """Names of the secrets that stand in a text, in a file or on Modal."""
    found = [("output", text) for text in texts]
    for path in project.root.rglob("*"):
        inside = path.relative_to(project.root).parts
        # git's configuration holds the remote, and the engine's state is what holds the secrets.
        if path.is_file() and inside[0] != ".git" and inside[:2] != (".reconciler", "engine"):
            found.append(("/".join(inside), path.read_text(errors="replace")))
    for log in ("output.log", "engine.log"):
        path = project.engine.state / log
        if path.exists():
            found.append((log, path.read_text(errors="replace")))
    found += stored(project)
    return [
        f"{name} in {where}"
        for where, text in found
        for name, secret in secrets_of(project).items()
        if secret in text and not (secret in WRITTEN and where.startswith(WRITTEN[secret]))
    ]


WRITTEN = {
    LITERAL: ("reconciler.yaml", "generations/"),
    PING: ("schedules/", "generations/"),
}
"""Where an address stands that a person has written as a URL: there, and for the dispatcher."""


def stored(project: Project) -> list[tuple[str, str]]:
    """The files of our Volume, the entries of our Dict and the tags of our app."""
    found = project.in_modal(
        """
        import modal
        answer = []
        try:
            volume = modal.Volume.from_name("schedule-reconciler")
            for entry in volume.listdir("/", recursive=True):
                if entry.type == modal.types.FileEntryType.FILE:
                    content = b"".join(volume.read_file(entry.path))
                    answer.append([entry.path, content.decode(errors="replace")])
            entries = modal.Dict.from_name("schedule-reconciler")
            answer += [["Dict entry " + key, repr(value)] for key, value in entries.items()]
            tags = modal.App.lookup("schedule-reconciler").get_tags()
            answer += [["tag " + name, tag] for name, tag in tags.items()]
        except modal.exception.NotFoundError:
            pass
        """
    )
    return [(f"{where}", f"{where} {text}") for where, text in found]


COMMANDS = (
    "--dry-run",
    "--dry-run --format json",
    "--dry-run --format markdown",
    "--out plan.json",
    "--yes",
    "status",
    "status --format json",
    "runs",
    "history",
    "history --format json",
    "explain a 2026-11-20T06:00Z",
    "wake --dry-run",
    "trigger a --wait",
    "trigger pinged --wait",
    "wake",
    "tasks",
    'submit shop/sync --args {"occurrence":"x"}',
    "result fc-0123456789abcdefABCDEF",
    "import modal",
    "validate",
    "lint",
    "next",
    "unlock 7",
    "adopt --yes",
)


def test_no_command_shows_or_stores_a_secret(planted: Project) -> None:
    outputs = [call(planted, command) for command in COMMANDS]
    assert [done.code for done in outputs[:5]] == [0] * 5, [done.err for done in outputs[:5]]
    assert "Traceback" not in "".join(done.err for done in outputs)
    assert leaks(planted, *(text for done in outputs for text in (done.out, done.err))) == []


def test_a_credential_with_a_line_end_works(planted: Project) -> None:
    variables = planted.engine.record.variables
    for damage in ("{}\n", "{}\r\n", "\ufeff{}"):
        damaged = {
            name: damage.format(variables[name])
            for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_SERVER_URL")
        }
        done = call(planted, "--dry-run", **damaged)
        assert done.code == 0, done.err


def test_a_credential_that_is_refused_is_not_shown(planted: Project) -> None:
    outputs = []
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        value = planted.engine.record.variables[name]
        for damage in ("{0}\n{0}", "'{}'", "{}ä", "{}\x1b", "not-{}"):
            outputs += [
                call(planted, command, **{name: damage.format(value)})
                for command in ("--yes", "status", "submit shop/sync", "tasks")
            ]
    assert {done.code for done in outputs} == {1}
    assert "defect" not in "".join(done.err for done in outputs)
    assert leaks(planted, *(text for done in outputs for text in (done.out, done.err))) == []


def test_a_profile_with_a_damaged_secret_is_named_without_it(
    planted: Project, tmp_path: Path
) -> None:
    variables = dict(planted.engine.record.variables)
    del variables["MODAL_CONFIG_PATH"]
    token, secret = variables.pop("MODAL_TOKEN_ID"), variables.pop("MODAL_TOKEN_SECRET")
    profile = tmp_path / "modal.toml"
    profile.write_text(f'[default]\ntoken_id = "{token}"\ntoken_secret = "{secret}\\n"\n')
    done = fresh(planted, **variables, MODAL_CONFIG_PATH=str(profile))
    assert done.code == 1
    assert done.err.startswith(
        f"reconcile: token_secret in {profile} begins or ends with white space\n"
    )
    profile.write_text(f'[default]\ntoken_secret = "{secret}\n')
    broken = fresh(planted, **variables, MODAL_CONFIG_PATH=str(profile))
    assert broken.code == 1
    assert broken.err.startswith(
        f"reconcile: {profile}: the configuration of Modal's client cannot be read: "
    )
    assert leaks(planted, done.out, done.err, broken.out, broken.err) == []
