"""What a Python says of itself, as JSON: run as a script, in the Python that is asked.

Standard library only.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Any

RUNTIME = ("modal", "tzdata")
"""What every container has, with all that these need."""

_LEAST_PIP = (22, 3)
"""The first pip that installs for another Python (``--python``)."""


def facts() -> dict[str, Any]:
    """The fields of ``interpreter.Interpreter``."""
    return {
        "version": list(sys.version_info[:3]),
        "has_pip": _has_pip(),
        "wheel": _pip_wheel(),
        "runtime": {
            name: {
                "version": one.version,
                "files": [str(file) for file in one.files or ()],
                "root": str(one.locate_file("")),
            }
            for name, one in _with_dependencies(list(RUNTIME)).items()
        },
    }


def _with_dependencies(names: list[str]) -> dict[str, metadata.Distribution]:
    found: dict[str, metadata.Distribution] = {}
    while names:
        try:
            one = metadata.distribution(names.pop())
        except metadata.PackageNotFoundError:
            continue
        name = re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower()
        if name not in found:
            found[name] = one
            needed = [text for text in one.requires or () if "extra ==" not in text]
            names += re.findall(r"^[A-Za-z0-9._-]+", "\n".join(needed), re.MULTILINE)
    return found


def _has_pip() -> bool:
    try:
        release = metadata.version("pip").split(".")
    except metadata.PackageNotFoundError:
        return False
    return (int(release[0]), int(release[1])) >= _LEAST_PIP


def _pip_wheel() -> str | None:
    """Pip as the file that ``ensurepip`` would install; a zip that can be run."""
    folders = [Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or "/usr/share/python-wheels")]
    ensurepip = importlib.util.find_spec("ensurepip")
    if ensurepip is not None and ensurepip.origin is not None:
        folders.append(Path(ensurepip.origin).with_name("_bundled"))
    wheels = [path for folder in folders for path in sorted(folder.glob("pip-*.whl"))]
    return str(wheels[-1]) if wheels else None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(facts()))
