"""Folders of manifests: what is read, what is passed over, and what stops everything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.manifest import ManifestError, Settings, is_manifest, load, load_contents


def write(folder: Path, file: str, name: str) -> None:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"name: {name}\nschedule: 1d\nfunction: a/b\n", encoding="utf-8")


def refusals(root: Path) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load(root / "schedules", settings=Settings(), root=root)
    return [str(problem) for problem in caught.value.problems]


def test_yaml_files_are_read_at_every_depth_and_sorted_by_name(tmp_path: Path) -> None:
    for file, name in [("z.yaml", "a"), ("a/b/c.yml", "c"), ("a.YAML", "b")]:
        write(tmp_path / "schedules", file, name)
    found = load(tmp_path / "schedules", settings=Settings(), root=tmp_path)
    assert [(s.name, s.location.file) for s in found.schedules] == [
        ("a", "schedules/z.yaml"),
        ("b", "schedules/a.YAML"),
        ("c", "schedules/a/b/c.yml"),
    ]
    assert found.files == 3


def test_dot_files_and_other_files_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "schedules", "job.yaml", "job")
    for file in [".hidden.yaml", ".git/x.yaml", "README.md", "job.json", "yaml"]:
        write(tmp_path / "schedules", file, "job")
    assert load(tmp_path / "schedules", settings=Settings()).files == 1


def test_without_a_root_files_are_named_as_the_folder_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "mine", "job.yaml", "job")
    monkeypatch.chdir(tmp_path)
    (schedule,) = load(Path("mine"), settings=Settings()).schedules
    assert str(schedule.location) == "mine/job.yaml:1:1"


def test_the_same_bytes_give_the_same_schedules_wherever_they_come_from(tmp_path: Path) -> None:
    write(tmp_path / "schedules", "b.yaml", "b")
    write(tmp_path / "schedules", "a.yaml", "a")
    contents = [
        (f"schedules/{name}", (tmp_path / "schedules" / name).read_bytes())
        for name in ("b.yaml", "a.yaml")
    ]
    assert load_contents(contents, settings=Settings()) == load(
        tmp_path / "schedules", settings=Settings(), root=tmp_path
    )


def test_the_current_folder_needs_no_prefix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "job.yaml", "job")
    monkeypatch.chdir(tmp_path)
    (schedule,) = load(Path(), settings=Settings()).schedules
    assert str(schedule.location) == "job.yaml:1:1"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("job.yaml", True),
        ("a/b/job.yml", True),
        ("job.YAML", True),
        ("README.md", False),
        (".job.yaml", False),
        (".git/job.yaml", False),
        ("a/.b/job.yaml", False),
        ("yaml", False),
    ],
)
def test_readers_of_a_revision_choose_files_by_the_same_rule(path: str, expected: bool) -> None:
    assert is_manifest(path) is expected


def test_an_empty_folder_is_an_error_and_deletes_nothing(tmp_path: Path) -> None:
    (tmp_path / "schedules").mkdir()
    assert refusals(tmp_path) == [
        (
            "schedules: this folder contains no manifest; no schedule is deleted because of this\n"
            "  check the path and the checkout; names of manifests end in .yaml or .yml"
        )
    ]


def test_an_empty_revision_is_an_error_too() -> None:
    with pytest.raises(ManifestError, match="this folder contains no manifest"):
        load_contents([], settings=Settings())


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    (refused,) = refusals(tmp_path)
    assert refused == (
        "schedules: there is no such folder\n"
        "  run it in the repository's root, or create the folder: reconcile init"
    )


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "schedules").touch()
    assert refusals(tmp_path) == ["schedules: expected a folder, found a file\n  name a folder"]


def test_a_folder_in_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "schedules" / "job.yaml").mkdir(parents=True)
    assert refusals(tmp_path) == [
        "schedules/job.yaml: expected a file, found a folder\n  rename or move the folder"
    ]


def test_a_pipe_in_place_of_a_file_is_an_error_and_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "schedules").mkdir()
    os.mkfifo(tmp_path / "schedules" / "job.yaml")
    assert refusals(tmp_path) == [
        "schedules/job.yaml: not a regular file\n  replace it with a file"
    ]


def test_a_file_of_ten_megabytes_is_refused_with_the_bound(tmp_path: Path) -> None:
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "job.yaml").write_bytes(b"#" * 10_000_000)
    expected = (
        "schedules/job.yaml: larger than 4 MiB, the limit for one file\n"
        "  split it, or move it out of this folder if it contains no manifests"
    )
    assert refusals(tmp_path) == [expected]
    with pytest.raises(ManifestError) as caught:
        load_contents([("schedules/job.yaml", b"#" * 10_000_000)], settings=Settings())
    assert [str(problem) for problem in caught.value.problems] == [expected]


@pytest.mark.parametrize("target", ["outside", "inside"])
def test_symbolic_links_are_refused_since_git_does_not_follow_them(
    tmp_path: Path, target: str
) -> None:
    write(tmp_path / "outside", "x.yaml", "x")
    write(tmp_path / "schedules/inside", "y.yaml", "y")
    base = tmp_path / "outside" if target == "outside" else tmp_path / "schedules/inside"
    (tmp_path / "schedules" / "link").symlink_to(base)
    (tmp_path / "schedules" / "link.yaml").symlink_to(next(base.iterdir()))
    assert refusals(tmp_path) == [
        f"schedules/{name}: a symbolic link is not followed, "
        "because git stores only its target path\n"
        f"  replace it with the {what} itself"
        for name, what in (("link", "folder"), ("link.yaml", "file"))
    ]


def test_a_link_that_leads_nowhere_and_is_no_manifest_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "schedules", "job.yaml", "job")
    (tmp_path / "schedules" / "loop").symlink_to(tmp_path / "schedules" / "loop")
    assert load(tmp_path / "schedules", settings=Settings()).files == 1


@pytest.mark.parametrize("unreadable", ["folder", "file"])
def test_no_permission_is_an_error_and_never_an_empty_folder(
    tmp_path: Path, unreadable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "schedules", "a/job.yaml", "job")
    write(tmp_path / "schedules", "b.yaml", "b")

    # Permission bits do not hold for root, as which containers run tests.
    def denied(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    if unreadable == "folder":
        monkeypatch.setattr(os, "scandir", denied)
        assert refusals(tmp_path) == [
            "schedules: no permission to read this folder\n  give yourself read access"
        ]
    else:
        monkeypatch.setattr("reconciler.manifest.files.open", denied, raising=False)
        assert refusals(tmp_path) == [
            f"schedules/{file}: no permission to read this file\n  give yourself read access"
            for file in ("a/job.yaml", "b.yaml")
        ]


def test_a_name_that_is_not_utf_8_can_be_read_and_printed(tmp_path: Path) -> None:
    (tmp_path / "schedules").mkdir()
    path = os.fsencode(tmp_path / "schedules") + b"/caf\xe9.yaml"
    Path(os.fsdecode(path)).write_text("name: job\nschedule: 1d\nfunction: a/b\n")
    (schedule,) = load(tmp_path / "schedules", settings=Settings(), root=tmp_path).schedules
    assert str(schedule.location) == "schedules/caf\\xe9.yaml:1:1"


def test_schedules_of_an_environment_are_its_own_and_those_of_all(tmp_path: Path) -> None:
    contents = [
        (f"{name}.yaml", f"name: {name}\nschedule: 1d\nfunction: a/b\n{rest}\n".encode())
        for name, rest in [
            ("all", ""),
            ("prod", "environments: [prod]"),
            ("x", "environments: [x]"),
        ]
    ]
    manifests = load_contents(contents, settings=Settings())
    assert [s.name for s in manifests.for_environment("prod")] == ["all", "prod"]
