"""Gives a process its own view of the file system: sources and Volumes at their real paths.

Linux only. A mount namespace (inside a user namespace where the process may not have one of its
own) whose root is an empty tmpfs, into which everything of the host's root is bound again, except
where the container has something of its own. Nothing of it is seen outside, and it goes away with
the process.

Standard library only: runs in the zygote, in whatever Python functions run in.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from pathlib import Path
from typing import Any

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_MS_RDONLY = 1
_MS_NOSUID = 2
_MS_NODEV = 4
_MS_REMOUNT = 32
_MS_BIND = 4096
_MS_REC = 16384
_MS_PRIVATE = 1 << 18
_MNT_DETACH = 2

_HOST = ".host"
"""Where the host's root is seen for the moment of changing over."""


def enter(order: dict[str, Any]) -> None:
    """Move this process (which must have one thread) into the view that ``order`` describes.

    ``root``: an empty folder to build it on. ``overlay``: a folder laid over the host's root.
    ``binds``: ``[target, source, read_only]`` for each Volume. ``network``: in an empty network
    namespace too.

    Raises OSError where namespaces are forbidden.
    """
    _unshare(_CLONE_NEWNS | (_CLONE_NEWNET if order["network"] else 0))
    root = Path(order["root"])
    _mount("none", Path("/"), None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755")
    _lay(Path(), Path(order["overlay"]), _tree(order["binds"]), root)
    old = root / _HOST
    old.mkdir()
    _check(_libc().pivot_root(bytes(root), bytes(old)), "pivot_root")
    os.chdir("/")
    _check(_libc().umount2(bytes(Path("/") / _HOST), _MNT_DETACH), "umount2")
    (Path("/") / _HOST).rmdir()


def probe() -> None:
    """Raises OSError where ``enter`` would, leaving this process fit for nothing but its end."""
    _unshare(_CLONE_NEWNS)
    _mount("none", Path("/"), None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", Path(tempfile.gettempdir()), "tmpfs", _MS_NOSUID | _MS_NODEV)


def _unshare(wanted: int) -> None:
    """Root may have these namespaces; others, and a root without rights, need a user namespace."""
    if os.geteuid() == 0 and _libc().unshare(wanted) == 0:
        return
    user, group = os.geteuid(), os.getegid()
    _check(_libc().unshare(_CLONE_NEWUSER | wanted), "unshare")
    for file, text in (
        ("setgroups", "deny"),
        ("uid_map", f"0 {user} 1"),
        ("gid_map", f"0 {group} 1"),
    ):
        Path("/proc/self", file).write_text(text)


def _tree(binds: list[list[Any]]) -> dict[str, Any]:
    """``/a/b`` and ``/a/c`` become ``{"a": {"b": (source, …), "c": (source, …)}}``."""
    tree: dict[str, Any] = {}
    for target, source, read_only in binds:
        node = tree
        *folders, last = [part for part in target.split("/") if part]
        for folder in folders:
            node = node.setdefault(folder, {})
            if isinstance(node, tuple):
                raise OSError(f"{target} lies inside another Volume's mount")
        node[last] = (source, read_only)
    return tree


def _lay(path: Path, overlay: Path, tree: dict[str, Any], root: Path) -> None:
    """Fill the folder ``path`` of the new root: Volumes, else the overlay, else the host."""
    for name in {*_names("/" / path), *_names(overlay / path), *tree} - {_HOST}:
        child, inner = path / name, tree.get(name)
        target, host, ours = root / child, Path("/") / child, overlay / child
        if isinstance(inner, tuple):
            target.mkdir()
            _bind(Path(inner[0]), target, read_only=inner[1])
        elif inner is not None or (ours.is_dir() and _is_folder(host)):
            target.mkdir()
            _lay(child, overlay, inner or {}, root)
        else:
            _expose(ours if os.path.lexists(ours) else host, target)


def _names(folder: Path) -> list[str]:
    """Nothing for a folder that is not there or must not be read: it is then simply replaced."""
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def _is_folder(path: Path) -> bool:
    """Whether there is a folder that may be looked at; one that may not be is simply replaced."""
    try:
        return path.is_dir()
    except PermissionError:
        return False


def _expose(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    if source.is_dir():
        target.mkdir()
    else:
        target.touch()
    _bind(source, target, read_only=False)


def _bind(source: Path, target: Path, *, read_only: bool) -> None:
    _mount(source, target, None, _MS_BIND | _MS_REC)
    if read_only:
        _mount(source, target, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def _mount(
    source: Path | str, target: Path, kind: str | None, flags: int, options: str = ""
) -> None:
    result = _libc().mount(
        os.fsencode(source),
        bytes(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _check(result, f"mount {source} at {target}")


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
