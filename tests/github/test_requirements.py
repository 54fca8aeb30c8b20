"""What the action installs: every file by its hash, in the versions that the tests ran with."""

from __future__ import annotations

import re

from tests.github.runner import ROOT

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?: ;.*)? \\$", re.MULTILINE)


def named(text: str) -> dict[str, str]:
    return {name.lower().replace("_", "-"): version for name, version in PINNED.findall(text)}


def test_the_versions_are_those_of_the_constraints() -> None:
    installed = named((ROOT / "requirements.txt").read_text())
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    tested = named("".join(f"{line} \\\n" for line in lines))
    assert {"modal", "pydantic", "httpx", "tzdata"} <= installed.keys()
    others = installed.keys() - tested.keys()
    assert others <= {"setuptools", "colorama", "pywin32"}, "what builds, and what Windows needs"
    assert {name: installed[name] for name in installed.keys() & tested.keys()}.items() <= (
        tested.items()
    )


def test_each_has_a_hash_and_no_address() -> None:
    text = (ROOT / "requirements.txt").read_text()
    for block in re.split(r"\n(?=[A-Za-z])", text):
        if "==" in block:
            assert "--hash=sha256:" in block, block
    assert "://" not in text
    assert "--index" not in text
