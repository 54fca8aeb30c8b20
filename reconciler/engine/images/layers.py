"""Reads an image's layers: what each one installs, and what the engine does not emulate.

The client sends a layer as the lines of a Dockerfile. Those of ``pip_install`` (and its variants
for requirements and pyproject files), ``uv_pip_install`` and ``uv_sync`` are understood, and a
``run_commands`` that is nothing but such a line. All other commands need the Linux image itself, so
they are listed and not run.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from modal_proto import api_pb2

from reconciler.engine.catalog import Catalog

_PYTHON_OF_PATH: Final = "$(command -v python)"
_BASE: Final = re.compile(r"FROM\s+python:(\d+\.\d+)")
_SHELL: Final = frozenset("();<>|&")
_INSTALLERS: Final = (
    ("python", "-m", "pip", "install"),
    ("python3", "-m", "pip", "install"),
    ("pip", "install"),
    ("pip3", "install"),
    ("uv", "pip", "install"),
)
_UV_ONLY: Final = {"--compile-bytecode": 1, "--system": 1, "--python": 2}
"""Options of ``uv pip install`` that say nothing to pip, with how many words they take."""
_AS_PIP: Final = {"--requirements": "--requirement", "--prerelease": "--pre"}
_PINNED: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.+!]+)")


class Tool(Enum):
    """The program that a step runs."""

    PIP = "pip install"
    UV_SYNC = "uv sync"


@dataclass(frozen=True)
class Installation:
    """One installation. ``command``: as the image has it. ``arguments``: those of the tool."""

    command: str
    tool: Tool
    arguments: tuple[str, ...]

    def pins(self) -> Mapping[str, str] | None:
        """The versions by name, if it installs exact versions and has no option; else None."""
        found = [_PINNED.fullmatch(argument) for argument in self.arguments]
        if self.tool is not Tool.PIP or not found:
            return None
        pins = {normal_name(match[1]): match[2] for match in found if match}
        return pins if len(pins) == len(found) else None


@dataclass(frozen=True)
class Layer:
    """One layer of an image.

    ``python``: the version that the layer begins with, such as ``3.12``; None for no statement.
    ``files``: contents by their path in the image. ``ignored``: what the engine does not emulate.
    """

    python: str | None = None
    steps: tuple[Installation, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def layers(catalog: Catalog, image: str) -> list[Layer]:
    """The layers of an image, base first; empty for an unknown one."""
    entry = catalog.get(image)
    if entry is None:
        return []
    definition = api_pb2.Image.FromString(entry.body)
    below = [one for base in definition.base_images for one in layers(catalog, base.image_id)]
    return [*below, read_layer(definition)]


def read_layer(definition: api_pb2.Image) -> Layer:
    """Read one layer. One with a base of its own (a registry's, a Dockerfile) installs nothing."""
    lines = list(_joined(definition.dockerfile_commands))
    first = lines[0] if lines else ""
    base = _BASE.match(first)
    if base is not None:
        return Layer(python=base[1])
    if definition.HasField("build_function"):
        return Layer(ignored=("run_function",))
    if not first.startswith("FROM base"):
        return Layer(ignored=(first.replace("FROM ", "base image ", 1),) if first else ())
    context = {one.filename: one.data for one in definition.context_files}
    files: dict[str, bytes] = {}
    steps: list[Installation] = []
    ignored: list[str] = []
    for line in lines[1:]:
        instruction, _, rest = line.partition(" ")
        if instruction == "COPY":
            source, _, target = rest.partition(" ")
            if source in context:
                files[target.strip()] = context[source]
        elif instruction == "RUN":
            step = _step(rest.strip())
            if step is not None:
                steps.append(step)
            else:
                ignored += _described(rest.strip())
    secrets = tuple(sorted(definition.secret_ids))
    return Layer(None, tuple(steps), files, secrets, tuple(ignored))


def normal_name(name: str) -> str:
    """The name of a package in the one form in which names are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Instructions, each on one line, however many lines it has."""
    so_far = ""
    for line in lines:
        text = line.strip()
        if text.endswith("\\"):
            so_far += text[:-1].strip() + " "
            continue
        yield so_far + text
        so_far = ""
    if so_far:
        yield so_far.strip()


def _step(command: str) -> Installation | None:
    """An installation, if the command is one and needs no shell."""
    try:
        plain = command.replace(_PYTHON_OF_PATH, "python")
        lexer = shlex.shlex(plain, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        return None
    if any(word and _SHELL.issuperset(word) for word in words):
        return None
    if words and words[0].endswith("/uv"):
        words[0] = "uv"
    for installer in _INSTALLERS:
        if tuple(words[: len(installer)]) == installer:
            return Installation(command, Tool.PIP, tuple(_for_pip(words[len(installer) :])))
    if words[:2] == ["uv", "sync"]:
        return Installation(command, Tool.UV_SYNC, tuple(words[2:]))
    return None


def _for_pip(words: list[str]) -> Iterator[str]:
    """The arguments of ``uv pip install`` as pip has them; pip's own stay as they are."""
    position = 0
    while position < len(words):
        word = words[position]
        position += _UV_ONLY.get(word, 1)
        if word in _UV_ONLY:
            continue
        if word == "--prerelease":
            position += 1
        yield _AS_PIP.get(word, word)


def _described(command: str) -> list[str]:
    words = command.split()
    if words[:2] == ["apt-get", "update"]:
        return []
    if words[:2] == ["apt-get", "install"]:
        return ["apt " + " ".join(word for word in words[2:] if not word.startswith("-"))]
    return [f"run {command}"]


def not_emulated(function: api_pb2.Function, image: list[Layer]) -> list[str]:
    """What a function asks for that the engine accepts and does not emulate, in words."""
    found = [one for layer in image for one in layer.ignored]
    gpu = function.resources.gpu_config
    if gpu.gpu_type:
        found.append(f"gpu {gpu.gpu_type}" + (f":{gpu.count}" if gpu.count > 1 else ""))
    regions = function.scheduler_placement.regions
    if regions:
        found.append(f"region {', '.join(regions)}")
    return found
