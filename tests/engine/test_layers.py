"""What the engine reads from the lines of an image's layer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from modal_proto import api_pb2

from reconciler.engine.images.builds import Build
from reconciler.engine.images.interpreter import ask, find
from reconciler.engine.images.layers import Tool, read_layer
from reconciler.errors import ReconcileError


def layer(*lines: str) -> api_pb2.Image:
    return api_pb2.Image(dockerfile_commands=lines)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("python -m pip install 'requests>=2' --pre", ("requests>=2", "--pre")),
        ("pip install requests", ("requests",)),
        (
            "/.uv/uv pip install --python $(command -v python) --prerelease allow 'a[b]>1'",
            ("--pre", "a[b]>1"),
        ),
        (
            "/.uv/uv pip install --compile-bytecode --requirements /.uv/0/r.txt",
            ("--requirement", "/.uv/0/r.txt"),
        ),
    ],
)
def test_an_installation_is_a_step_of_pip(command: str, arguments: tuple[str, ...]) -> None:
    (step,) = read_layer(layer("FROM base", f"RUN {command}")).steps
    assert (step.tool, step.arguments, step.command) == (Tool.PIP, arguments, command)


@pytest.mark.parametrize(
    ("lines", "ignored"),
    [
        (("RUN apt-get update", "RUN apt-get install -y git curl"), ("apt git curl",)),
        (("RUN cd /x && pip install y",), ("run cd /x && pip install y",)),
        (("RUN echo $(date)",), ("run echo $(date)",)),
        (("RUN pip install x | tee log",), ("run pip install x | tee log",)),
        (("RUN echo 'not closed",), ("run echo 'not closed",)),
        (
            (
                "RUN cd /p && \\ ",
                "  poetry install",
            ),
            ("run cd /p && poetry install",),
        ),
        (("ENV A=1", "WORKDIR /x", 'CMD ["sleep"]'), ()),
    ],
)
def test_a_command_that_needs_the_image_is_listed(
    lines: tuple[str, ...], ignored: tuple[str, ...]
) -> None:
    read = read_layer(layer("FROM base", *lines))
    assert (read.ignored, read.steps) == (ignored, ())


def test_a_base_says_its_python_and_installs_nothing() -> None:
    base = layer("FROM python:3.12.6-slim-bookworm", "RUN pip install --upgrade pip wheel uv")
    read = read_layer(base)
    assert (read.python, read.steps, read.ignored) == ("3.12", (), ())
    foreign = read_layer(layer("FROM nvidia/cuda:12", "RUN pip install x"))
    assert (foreign.steps, foreign.ignored) == ((), ("base image nvidia/cuda:12",))


def test_the_value_of_a_secret_is_hidden_in_the_output() -> None:
    build = Build(["swordfish", "x"])
    build.say("Looking in indexes: https://u:swordfish@host/x")
    assert build.lines == ["Looking in indexes: https://u:***@host/x"]


def test_a_python_that_the_machine_does_not_have_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    own = ask(sys.executable)
    with pytest.raises(ReconcileError) as refused:
        find("3.99", own)
    assert f"asks for Python 3.99, and this machine has Python {own.minor}" in str(refused.value)
    assert "Put `python3.99` on the PATH of the engine" in str(refused.value)
