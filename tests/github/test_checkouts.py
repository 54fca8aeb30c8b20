"""A checkout that differs from its commit where git does not show it is refused by name."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from shlex import quote

import pytest

from reconciler.deploy.checkout import settle_git_variables
from reconciler.deploy.repository import read_revision
from reconciler.deploy.revisions import read_commit
from reconciler.errors import ReconcileError, RefusedError
from tests.github.checkout_scenario import SETTINGS, refusal, revision
from tests.github.repository import GitRepository


def test_what_a_sparse_checkout_leaves_out_is_named_with_the_way_past(
    repository: GitRepository,
) -> None:
    repository.git("sparse-checkout", "set", "schedules/team1")
    assert repository.git("status", "--short") == ""
    assert refusal(repository) == (
        "schedules/team2/b.yaml: is in commit HEAD and not in this checkout, which is sparse\n"
        "  Check out the whole folder: git sparse-checkout add schedules"
    )
    repository.git("sparse-checkout", "add", "schedules")
    assert not revision(repository).dirty


def test_a_sparse_checkout_with_all_that_is_read_is_whole(repository: GitRepository) -> None:
    repository.write("src/large.py", "x")
    repository.commit()
    repository.git("sparse-checkout", "set", "schedules")
    assert not (repository.root / "src").exists()
    assert not revision(repository).dirty


def test_settings_that_a_sparse_checkout_leaves_out_are_missed(repository: GitRepository) -> None:
    """Without them the defaults would hold, and another app."""
    repository.git("sparse-checkout", "set", "--no-cone", "/schedules/")
    assert refusal(repository) == (
        "reconciler.yaml: is in commit HEAD and not in this checkout, which is sparse\n"
        "  Check out the settings: git sparse-checkout add /reconciler.yaml"
    )


@pytest.mark.parametrize(
    "sparse",
    [
        ("set", "schedules/team1"),
        ("set", "src"),
        ("set", "--no-cone", "/schedules/"),
        ("set", "--no-cone", "/schedules"),
        ("set", "--no-cone", "/src/"),
        ("set", "--no-cone", "/reconciler.yaml"),
        ("set", "--no-cone", "/*", "!/schedules/team2/b.yaml"),
        ("set", "--no-cone", "/*", "!/reconciler.yaml", "!/schedules/"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("here", [".", "src"])
def test_what_is_named_completes_a_sparse_checkout(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch, sparse: tuple[str, ...], here: str
) -> None:
    repository.write("src/large.py", "x")
    repository.commit()
    repository.git("sparse-checkout", *sparse)
    (repository.root / here).mkdir(exist_ok=True)
    monkeypatch.chdir(repository.root / here)
    typed(refusal(repository))
    assert not revision(repository).dirty


@pytest.mark.parametrize("settings", ["below", "beside"])
@pytest.mark.parametrize("sparse", [("set", "src"), ("set", "--no-cone", "/src/")], ids=" ".join)
def test_so_it_does_for_settings_in_a_folder(
    repository: GitRepository,
    monkeypatch: pytest.MonkeyPatch,
    sparse: tuple[str, ...],
    settings: str,
) -> None:
    """Settings of a monorepo's team, whose manifests are below them or elsewhere."""
    repository.write("src/large.py", "x")
    repository.write(f"team/{SETTINGS}", "app: theirs\n")
    repository.write("team/schedules/c.yaml", "name: c\n")
    repository.commit()
    repository.git("sparse-checkout", *sparse)
    monkeypatch.chdir(repository.root)
    folder = "schedules" if settings == "below" else "../schedules"
    (repository.root / "team").mkdir(exist_ok=True)
    typed(refusal(repository, folder, "team"))
    assert not revision(repository, folder, "team").dirty


def test_a_folder_whose_name_is_no_plain_pattern_needs_the_whole_repository(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("jobs [new]/c.yaml", "name: c\n")
    repository.commit()
    repository.git("sparse-checkout", "set", "--no-cone", "/reconciler.yaml")
    monkeypatch.chdir(repository.root)
    message = refusal(repository, "jobs [new]")
    assert message.endswith("\n  Check out the whole repository: git sparse-checkout disable")
    typed(message)
    assert not revision(repository, "jobs [new]").dirty


def typed(message: str) -> None:
    """Type the command that a refusal names, in the current folder."""
    command = message.splitlines()[1].partition(": ")[2]
    assert command.partition(" ")[0] in {"git", "touch"}, message
    subprocess.run(command, shell=True, check=True, capture_output=True)


@pytest.mark.parametrize("flag", ["skip-worktree", "assume-unchanged"])
@pytest.mark.parametrize("name", ["schedules/team1/a.yaml", SETTINGS])
def test_a_hidden_edit_is_named_with_the_way_past(
    repository: GitRepository, flag: str, name: str
) -> None:
    repository.git("update-index", f"--{flag}", name)
    assert not revision(repository).dirty, "as long as nothing differs, nothing is hidden"
    repository.write(name, "name: other\n")
    assert repository.git("status", "--short") == ""
    assert refusal(repository) == (
        f"{name}: differs from commit HEAD, and git does not show it: {flag} is set\n"
        f"  Let git see it: git update-index --no-{flag} {name}"
    )
    repository.git("update-index", f"--no-{flag}", name)
    assert revision(repository).dirty


@pytest.mark.parametrize("flag", ["skip-worktree", "assume-unchanged"])
@pytest.mark.parametrize("name", ["schedules/team1/a.yaml", "schedules/team2/it's.yaml", SETTINGS])
def test_a_hidden_deletion_is_named_with_the_way_back(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch, flag: str, name: str
) -> None:
    repository.write(name, "crons: 3\n")
    repository.commit()
    repository.git("update-index", f"--{flag}", name)
    (repository.root / name).unlink()
    file = quote(name)
    message = refusal(repository)
    assert message == (
        f"{name}: is in commit HEAD and not in this checkout, and git does not show it: {flag} is "
        f"set\n  Bring it back: git update-index --no-{flag} {file} && git checkout -- {file}"
    )
    monkeypatch.chdir(repository.root)
    typed(message)
    assert not revision(repository).dirty


@pytest.mark.parametrize("absent", [True, False])
def test_commands_that_are_named_hold_in_the_folder_in_which_they_are_read(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch, absent: bool
) -> None:
    name = "schedules/team1/a.yaml"
    repository.git("update-index", "--skip-worktree", name)
    if absent:
        (repository.root / name).unlink()
    else:
        repository.write(name, "name: other\n")
    monkeypatch.chdir(repository.root / "schedules" / "team2")
    message = refusal(repository)
    assert f"git -C ../.. update-index --no-skip-worktree {name}" in message
    typed(message)
    assert revision(repository).dirty is not absent


def test_of_several_hidden_files_the_others_are_counted(repository: GitRepository) -> None:
    repository.write("schedules/team2/c.yaml", "name: c\n")
    repository.commit()
    repository.git("sparse-checkout", "set", "schedules/team1")
    assert "which is sparse; 1 more differs" in refusal(repository)


def test_a_file_that_git_takes_for_unchanged_by_its_time_and_size_is_noticed(
    repository: GitRepository,
) -> None:
    name = "schedules/team1/a.yaml"
    path = repository.root / name
    repository.git("config", "core.trustctime", "false")
    repository.git("config", "core.checkStat", "minimal")
    os.utime(path, (1e9, 1e9))
    repository.git("update-index", "--refresh")
    path.write_text("name: z\n")
    os.utime(path, (1e9, 1e9))
    assert repository.git("status", "--short") == ""
    assert refusal(repository) == (
        f"{name}: differs from commit HEAD, and git does not report it\n"
        f"  Have git read it again: touch {name}"
    )


def test_a_file_in_place_of_the_folder_holds_no_manifests(repository: GitRepository) -> None:
    """That is an error of the manifests, which are read next."""
    repository.write("jobs.yaml", "name: c\n")
    repository.commit()
    assert not revision(repository, "jobs.yaml").dirty


def test_manifests_in_the_root_are_compared_as_well(repository: GitRepository) -> None:
    repository.write("c.yaml", "name: c\n")
    repository.commit()
    assert not revision(repository, ".").dirty
    repository.git("update-index", "--skip-worktree", "c.yaml")
    repository.write("c.yaml", "name: d\n")
    assert "c.yaml: differs from commit HEAD" in refusal(repository, ".")
    repository.git("update-index", "--no-skip-worktree", "c.yaml")
    assert revision(repository, ".").dirty


def test_what_git_shows_is_a_change_and_no_refusal(repository: GitRepository) -> None:
    repository.write("schedules/team1/a.yaml", "name: z\n")
    (repository.root / "schedules/team2/b.yaml").unlink()
    assert revision(repository).dirty
    repository.git("add", "-A")
    assert revision(repository).dirty


def test_a_file_that_is_only_announced_is_a_change(repository: GitRepository) -> None:
    repository.write("schedules/new.yaml", "name: new\n")
    repository.git("add", "-N", "schedules/new.yaml")
    assert revision(repository).dirty


def test_an_unmerged_index_is_a_change(repository: GitRepository) -> None:
    name = "schedules/team1/a.yaml"
    repository.git("checkout", "-q", "-b", "other")
    repository.write(name, "name: x\n")
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write(name, "name: y\n")
    repository.commit()
    with pytest.raises(AssertionError):
        repository.git("merge", "other")
    repository.write(name, "name: y\n")
    assert repository.git("ls-files", "--unmerged") != ""
    assert revision(repository).dirty


def test_a_stop_in_the_middle_of_a_rebase_is_the_commit_that_is_checked_out(
    repository: GitRepository,
) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.write("schedules/team1/a.yaml", "name: y\n")
    repository.commit()
    with pytest.raises(AssertionError):
        repository.git("rebase", "--force-rebase", "--exec", "false", f"{first}")
    found = revision(repository)
    assert found.commit == repository.git("rev-parse", "HEAD")
    assert not found.dirty


def test_line_ends_make_no_difference(repository: GitRepository) -> None:
    repository.write(".gitattributes", "*.yaml text eol=crlf\n")
    repository.commit()
    repository.git("rm", "-q", "--cached", "-r", ".")
    repository.git("reset", "-q", "--hard")
    assert b"\r\n" in (repository.root / "schedules/team1/a.yaml").read_bytes()
    assert not revision(repository).dirty


@pytest.mark.parametrize(
    ("attribute", "value", "committed"),
    [
        ("filter", "=upper", b"name: q\n"),
        ("ident", "", b"name: q # $Id$\n"),
        ("working-tree-encoding", "=UTF-16", b"name: q\n"),
    ],
)
def test_a_filter_that_writes_other_bytes_than_the_commit_has_is_named(
    repository: GitRepository, attribute: str, value: str, committed: bytes
) -> None:
    """As git-lfs does: a rollback would read what the commit has, a pointer."""
    repository.git("config", "filter.upper.smudge", "tr a-z A-Z")
    repository.git("config", "filter.upper.clean", "tr A-Z a-z")
    repository.write(".gitattributes", f"q.yaml {attribute}{value}\n")
    path = repository.root / "schedules/q.yaml"
    encoded = committed.decode().encode("utf-16") if value == "=UTF-16" else committed
    path.write_bytes(encoded)
    repository.commit()
    path.unlink()
    repository.git("checkout", "--", "schedules/q.yaml")
    assert path.read_bytes() != committed
    assert repository.git("status", "--short") == ""
    assert refusal(repository) == (
        f"schedules/q.yaml: differs from commit HEAD: the attribute `{attribute}` makes the "
        "checkout differ from the commit\n  Remove the attribute from .gitattributes, and commit "
        "the file as it should be read."
    )


def test_names_with_any_characters_are_compared(repository: GitRepository) -> None:
    for name in ("é", "with space", "quote\"'", "tab\there"):
        repository.write(f"schedules/{name}.yaml", "name: c\n")
    repository.commit()
    assert not revision(repository).dirty
    repository.git("update-index", "--assume-unchanged", "schedules/é.yaml")
    repository.write("schedules/é.yaml", "name: d\n")
    assert refusal(repository).startswith("schedules/é.yaml: differs from commit HEAD")


def test_a_folder_of_a_larger_repository_is_compared_by_itself(repository: GitRepository) -> None:
    repository.write("team/schedules/a.yaml", "name: a\n")
    repository.write("team/reconciler.yaml", "app: team\n")
    repository.commit()
    repository.git("update-index", "--assume-unchanged", SETTINGS, "schedules/team1/a.yaml")
    repository.write(SETTINGS, "app: other\n")
    assert not revision(repository, below="team").dirty
    repository.git("update-index", "--assume-unchanged", "team/reconciler.yaml")
    repository.write("team/reconciler.yaml", "app: other\n")
    assert refusal(repository, below="team").startswith("team/reconciler.yaml: differs from")


def test_the_whole_repository_as_the_folder_of_the_manifests(repository: GitRepository) -> None:
    assert not revision(repository, ".").dirty
    repository.git("update-index", "--assume-unchanged", "schedules/team1/a.yaml")
    repository.write("schedules/team1/a.yaml", "name: z\n")
    assert refusal(repository, ".").startswith("schedules/team1/a.yaml: differs from commit HEAD")


@pytest.mark.parametrize("options", [["--depth", "1"], ["--filter=blob:none"]])
def test_a_shallow_or_partial_clone_has_all_of_its_commit(
    repository: GitRepository, tmp_path: Path, options: list[str]
) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    repository.git("clone", "-q", *options, f"file://{repository.root}", str(clone))
    assert not read_revision(clone, clone / "schedules").dirty


def test_a_bare_repository_has_no_checkout_to_plan_from(
    repository: GitRepository, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.git"
    repository.git("clone", "-q", "--bare", str(repository.root), str(bare))
    with pytest.raises(ReconcileError, match="bare"):
        read_revision(bare, bare / "schedules")
    assert len(read_commit(bare, "HEAD", SETTINGS).manifests("schedules")) == 2


def test_variables_of_a_hook_name_this_repository_and_are_left_out(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    settle_git_variables(repository.root)
    assert "GIT_DIR" not in os.environ
    assert not revision(repository).dirty


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE"])
def test_variables_that_name_another_repository_are_refused(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    other = GitRepository.create(tmp_path / "other")
    value = other.root / ".git" if name == "GIT_DIR" else other.root
    monkeypatch.setenv(name, str(value))
    with pytest.raises(RefusedError) as caught:
        settle_git_variables(repository.root)
    assert str(caught.value) == (
        f"{value}: the variable {name} names another repository than that of this folder\n"
        "  Unset it: env -u GIT_DIR -u GIT_WORK_TREE reconcile …"
    )


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE"])
def test_a_variable_that_names_a_repository_is_refused_outside_one(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    monkeypatch.setenv(name, str(repository.root))
    with pytest.raises(RefusedError, match=f"the variable {name} names another repository"):
        settle_git_variables(outside)
