"""An app that bears our name and not our tags is left alone until it is adopted on purpose."""

from __future__ import annotations

from tests.end_to_end.project import Done
from tests.github.team import Team

THEIRS = """
import modal
app = modal.App("schedule-reconciler")

@app.function(schedule=modal.Cron("0 4 * * *"), serialized=True)
def by_hand() -> None:
    pass
"""


def retagged(team: Team, repository: str) -> None:
    """Tag the app as version 0.1.0 does for a repository of that name."""
    team.project.in_modal(
        f"""
        import modal
        app = modal.App.lookup("schedule-reconciler")
        tags = {{key: value for key, value in app.get_tags().items() if key != "identity"}}
        app.set_tags({{**tags, "repository": {repository!r}}})
        answer = None
        """
    )


def remote(team: Team, address: str) -> None:
    """Make that the clone's only remote."""
    if "origin" in team.git.git("remote"):
        team.git.git("remote", "remove", "origin")
    team.git.git("remote", "add", "origin", address)


def refused(done: Done, *messages: str) -> None:
    assert done.code == 3, done.out + done.err
    for message in messages:
        assert message in done.err


def test_an_untagged_app_of_our_name_is_adopted_and_then_replaced(team: Team) -> None:
    team.commit("a")
    source = team.project.root.parent / "theirs.py"
    source.write_text(THEIRS)
    team.project.engine.modal("deploy", str(source))
    refused(
        team.project.reconcile("--yes"),
        "the app schedule-reconciler is not managed by schedule-reconciler",
        "reconcile adopt",
    )
    adopted = team.project.reconcile("adopt", "--yes")
    assert adopted.code == 0, adopted.err
    assert "by_hand  0 4 * * * (UTC)" in adopted.out
    team.project.applied()
    assert "Nothing to do" in team.project.reconcile("--dry-run").out


def test_an_app_of_another_repository_is_adopted_only_when_that_is_named(team: Team) -> None:
    team.commit("a")
    remote(team, "https://gitlab.com/acme/payments/prod/jobs.git")
    team.project.applied()
    remote(team, "https://gitlab.com/acme/search/prod/jobs.git")
    theirs = "gitlab.com/acme/payments/prod/jobs//schedules"
    refused(
        team.project.reconcile("--yes"),
        f"is managed from {theirs}, and this is gitlab.com/acme/search/prod/jobs//schedules",
        f"reconcile adopt --from {theirs}",
    )
    refused(team.project.reconcile("adopt", "--yes"), f"reconcile adopt --from {theirs}")
    for other in ("prod/jobs", "gitlab.com/acme/search/prod/jobs"):
        refused(team.project.reconcile("adopt", "--yes", "--from", other), "adopt --from")
    adopted = team.project.reconcile("adopt", "--yes", "--from", theirs)
    assert adopted.code == 0, adopted.err
    assert "Nothing to do" in team.project.reconcile("--dry-run").out
    remote(team, "https://gitlab.com/acme/payments/prod/jobs.git")
    refused(
        team.project.reconcile("--dry-run"),
        "is managed from gitlab.com/acme/search/prod/jobs//schedules",
    )


def test_an_app_that_version_0_1_0_tagged_is_adopted_by_its_tag(team: Team) -> None:
    team.commit("a")
    team.project.applied()
    retagged(team, "acme-old")
    refused(
        team.project.reconcile("--yes"),
        "is managed from acme-old, and this is local:",
        "reconcile adopt --from acme-old",
    )
    assert team.project.reconcile("adopt", "--yes", "--from", "acme/old").code == 0
    assert "Nothing to do" in team.project.reconcile("--dry-run").out


def test_the_clone_that_holds_the_id_upgrades_when_it_gets_a_remote(team: Team) -> None:
    team.commit("a")
    team.project.applied()
    remote(team, "git@github.com:acme/jobs.git")
    planned = team.project.reconcile("--dry-run")
    assert "its owner is local:" in planned.out
    assert "now github.com/acme/jobs//schedules: this clone holds that id" in planned.out
    team.project.applied()
    assert "Nothing to do" in team.project.reconcile("--dry-run").out
    team.git.git("config", "--unset", "reconciler.id")
    remote(team, "https://github.com/Acme/Jobs")
    assert "Nothing to do" in team.project.reconcile("--dry-run").out


def test_a_folder_that_has_moved_takes_its_schedules_along(team: Team) -> None:
    first = team.commit("a")
    team.project.applied()
    (team.git.root / "ops").mkdir()
    team.git.git("mv", "schedules", "ops/crons")
    team.git.write("reconciler.yaml", "schedules: ops/crons\n")
    refused(team.project.reconcile("--yes"), "the folder schedules still holds manifests")
    team.git.commit()
    moved = team.project.applied().out
    assert "the manifests have moved from schedules" in moved
    assert "delete" not in moved
    assert "Nothing to do" in team.project.reconcile("--dry-run").out
    back = team.project.applied("--at", first).out
    assert "the manifests have moved from ops/crons" in back, "a rollback across the move"


def test_there_must_be_something_to_adopt(team: Team) -> None:
    team.commit("a")
    done = team.project.reconcile("adopt", "--yes")
    assert done.code == 1
    assert "there is no app schedule-reconciler to adopt" in done.err


def test_the_history_is_shown_with_who_did_what(team: Team) -> None:
    first = team.commit("a")
    team.project.applied(
        GITHUB_ACTOR="ada",
        GITHUB_SERVER_URL="https://git.example",
        GITHUB_REPOSITORY="acme/jobs",
        GITHUB_RUN_ID="77",
    )
    second = team.commit("a", "b")
    team.project.applied(
        GITHUB_SERVER_URL="https://git.example",
        GITHUB_REPOSITORY="acme/jobs",
    )
    shown = team.project.reconcile("history").out
    assert f"commit {second[:12]} by Ada  1 to create" in shown
    newer, older = team.project.reconcile("history", "--format", "json").json["applies"]
    assert (newer["commit"], newer["author"], newer["link"]) == (second, "Ada", None)
    assert older["by"] == "ada (GitHub Actions)"
    assert older["link"] == "https://git.example/acme/jobs/actions/runs/77"
    status = team.project.reconcile("status", "--format", "json").json
    assert {item["name"]: item["commit"] for item in status["schedules"]} == {
        "a": first,
        "b": second,
    }
    assert f"from commit {first[:12]} by Ada" in team.project.reconcile("show", "a").out
    why = team.project.reconcile("explain", "a", "2036-12-01T09:00Z").out
    assert f"The schedule was last changed by commit {first[:12]} by Ada, applied at" in why
