"""Volumes: from outside, and in containers, which see a state of their own until they reload."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.engine_fixture import RunningEngine, until

BLOCK = 8 << 20


def function(name: str) -> Any:
    import modal

    return modal.Function.from_name("sample", name)


def shelf() -> Any:
    import modal

    return modal.Volume.from_name("files", create_if_missing=True)


@pytest.fixture(params=[1, 2])
def volume(request: pytest.FixtureRequest, client: RunningEngine) -> Any:
    import modal

    name = f"v{request.param}-{request.node.name[:20].strip('[')}"
    return modal.Volume.from_name(name, create_if_missing=True, version=request.param)


def put(volume: Any, files: dict[str, bytes], *, force: bool = False) -> None:
    with TemporaryDirectory() as folder, volume.batch_upload(force=force) as batch:
        for number, (path, content) in enumerate(files.items()):
            local = Path(folder, str(number))
            local.write_bytes(content)
            batch.put_file(local, path)


def content(volume: Any, path: str) -> bytes:
    return b"".join(volume.read_file(path))


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 3])
def test_an_uploaded_file_is_read_back(volume: Any, size: int) -> None:
    data = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    put(volume, {"/a/b.bin": data}, force=True)
    assert content(volume, "a/b.bin") == data


def test_a_file_that_ends_in_zeros_keeps_them(volume: Any) -> None:
    put(volume, {"/zeros": b"x" + bytes(BLOCK + 5)}, force=True)
    assert content(volume, "/zeros") == b"x" + bytes(BLOCK + 5)


def test_listing_goes_one_level_down_or_all(volume: Any) -> None:
    put(volume, {"/top": b"", "/d/e/deep": b"12"}, force=True)
    assert sorted(entry.path for entry in volume.listdir("/")) == ["d", "top"]
    deep = {entry.path: entry.size for entry in volume.listdir("/", recursive=True)}
    assert deep == {"top": 0, "d": 0, "d/e": 0, "d/e/deep": 2}
    assert [entry.path for entry in volume.listdir("/d/e")] == ["d/e/deep"]


def test_an_existing_file_is_not_overwritten_without_force(volume: Any) -> None:
    put(volume, {"/kept": b"old"}, force=True)
    with pytest.raises(FileExistsError):
        put(volume, {"/kept": b"new", "/other": b"new"})
    assert content(volume, "/kept") == b"old"
    assert [entry.path for entry in volume.listdir("/")] == ["kept"]


def test_removing_and_copying(volume: Any) -> None:
    put(volume, {"/x/one": b"1", "/x/two": b"2"}, force=True)
    volume.copy_files(["/x/one"], "/three")
    volume.remove_file("/x", recursive=True)
    assert {entry.path for entry in volume.listdir("/", recursive=True)} == {"three"}
    with pytest.raises(FileNotFoundError):
        volume.remove_file("/x/one")
    with pytest.raises(FileNotFoundError):
        content(volume, "/x/one")


def test_a_container_publishes_by_committing(sample: str) -> None:
    function("write").remote("committed", "text")
    assert content(shelf(), "committed") == b"text"


@pytest.mark.parametrize("window", [2, 600])
def test_what_was_not_committed_is_published_when_the_container_ends_or_in_the_background(
    sample: str, window: int
) -> None:
    late = function("write").with_options(scaledown_window=window)
    late.remote(f"late-{window}", "text", commit=False)
    until(lambda: f"late-{window}" in {entry.path for entry in shelf().listdir("/")})


def test_a_container_sees_others_changes_when_it_reloads(sample: str) -> None:
    put(shelf(), {"/news": b"first"}, force=True)
    assert function("read").remote("news", reload=True) == "first"
    put(shelf(), {"/news": b"second"}, force=True)
    assert function("read").remote("news", reload=False) == "first"
    assert function("read").remote("news", reload=True) == "second"


def test_a_deletion_is_published_too(sample: str) -> None:
    put(shelf(), {"/doomed": b""}, force=True)
    function("remove").remote("doomed")
    assert function("read").remote("doomed", reload=True) is None


def test_a_reload_is_refused_while_a_file_is_open(sample: str) -> None:
    message = function("reload_with_open_file").remote("held")
    assert message.startswith("there are open files preventing the operation")


def test_a_volume_by_command_line(client: RunningEngine, tmp_path: Path) -> None:
    (tmp_path / "local.txt").write_text("hello")
    client.modal("volume", "create", "by-hand")
    client.modal("volume", "put", "by-hand", "local.txt", "/in/remote.txt", cwd=tmp_path)
    assert "in" in client.modal("volume", "ls", "by-hand")
    client.modal("volume", "get", "by-hand", "/in/remote.txt", "back.txt", cwd=tmp_path)
    assert (tmp_path / "back.txt").read_text() == "hello"
    client.modal("volume", "rm", "-r", "by-hand", "/in")
    client.modal("volume", "delete", "--yes", "by-hand")
    assert "by-hand" not in client.modal("volume", "list")
