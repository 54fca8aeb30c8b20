"""Commands in a folder of a larger repository: files are named from the repository's root."""

from __future__ import annotations

from tests.forked import Done, Forked
from tests.github.team import Team

ODD = 'name: {name}\nschedule: "*/7 * * * *"\nfunction: shop/sync\n'


def called(team: Team, folder: str, *arguments: str, **variables: str) -> Done:
    environment = team.project.environment(**variables)
    return Forked(team.git.root / folder, environment).reconcile(*arguments)


def test_settings_above_the_current_folder_count_up_to_the_root(team: Team) -> None:
    team.commit("a")
    team.git.write("reconciler.yaml", "environments: {production: {modal: main}}\n")
    team.git.write("schedules/deep/more.yaml", ODD.format(name="b"))
    team.git.commit()
    applied = called(team, "schedules/deep", "--yes")
    assert applied.code == 0, applied.out + applied.err
    assert "b  is new in git  schedules/deep/more.yaml:1" in applied.out
    assert "Nothing to do" in team.project.reconcile("--dry-run").out
    only = called(team, "schedules", "validate", "--schedules", "deep")
    assert only.out.startswith("1 schedule in 1 file of schedules/deep")


def test_annotations_and_plans_name_files_from_the_root_of_the_repository(team: Team) -> None:
    team.git.write("team-a/reconciler.yaml", "app: team-a\n")
    team.git.write("team-a/schedules/a.yaml", ODD.format(name="a"))
    base = team.git.commit()
    team.git.write("team-a/schedules/b.yaml", ODD.format(name="b"))
    team.git.commit()
    offline = ("--against", base, "--format")
    planned = called(team, "team-a", *offline, "json", GITHUB_ACTIONS="true")
    assert planned.code == 0, planned.err
    assert [change["file"] for change in planned.json["changes"] if change["file"]] == [
        "team-a/schedules/b.yaml"
    ]
    assert "file=team-a/schedules/b.yaml,line=1" in planned.err
    assert "team-a/schedules/b.yaml" in called(team, "team-a", *offline, "markdown").out
    at_base = called(team, "team-a", "--at", base, "--against", base, "--format", "json")
    assert at_base.json["warnings"] == []
    team.git.write("team-a/schedules/b.yaml", "name: b\n")
    wrong = called(team, "team-a/schedules", "validate", "--format", "json")
    assert {problem["file"] for problem in wrong.json["problems"]} == {"team-a/schedules/b.yaml"}
    team.git.write("team-a/reconciler.yaml", "crons: none\n")
    assert "team-a/reconciler.yaml:1:8" in called(team, "team-a", "validate").err


def test_two_settings_files_that_name_one_app_are_an_error_everywhere(team: Team) -> None:
    for name in ("team-a", "team-b"):
        team.git.write(f"{name}/reconciler.yaml", "crons: 3\n")
        team.git.write(f"{name}/schedules/a.yaml", ODD.format(name=name))
    commit = team.git.commit()
    said = "names the same app as team-b/reconciler.yaml, schedule-reconciler in any Modal"
    for arguments in (
        ("validate",),
        ("--dry-run",),
        ("--yes",),
        ("--at", commit, "--dry-run"),
        ("--against", commit),
        ("adopt", "--yes"),
    ):
        done = called(team, "team-a", *arguments)
        assert done.code == 1, done.out
        assert f"team-a/reconciler.yaml: {said}" in done.err
    team.git.write("team-a/reconciler.yaml", "app: team-a\n")
    assert called(team, "team-a", "validate").code == 0
