"""Packages for tests of images, made on the spot: pip needs no network for them."""

from __future__ import annotations

import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_BACKEND = """
import pathlib, time, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open({started!r}, "a") as file:
        file.write("x")
    while not pathlib.Path({go!r}).exists():
        time.sleep(0.02)
    name = "{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        for path, text in {files!r}.items():
            wheel.writestr(path, text)
    return name
"""


def wheel(folder: Path, name: str, version: str, *requires: str) -> None:
    """A wheel of one module with a ``VERSION``."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        for path, text in _files(name, version, *requires).items():
            file.writestr(path, text)


def slow_sdist(folder: Path, name: str, started: Path, go: Path) -> None:
    """A source distribution whose build adds to ``started`` and waits for ``go``."""
    folder.mkdir(exist_ok=True)
    backend = _BACKEND.format(
        started=str(started), go=str(go), name=name, files=_files(name, "1.0")
    )
    system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    with tarfile.open(folder / f"{name}-1.0.tar.gz", "w:gz") as file:
        contents = {"PKG-INFO": metadata, "pyproject.toml": system, "backend.py": backend}
        for path, text in contents.items():
            member = tarfile.TarInfo(f"{name}-1.0/{path}")
            member.size = len(text.encode())
            file.addfile(member, BytesIO(text.encode()))


def _files(name: str, version: str, *requires: str) -> dict[str, str]:
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    return {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": _WHEEL,
        f"{info}/RECORD": "",
    }
