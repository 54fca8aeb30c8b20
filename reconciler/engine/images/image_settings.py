"""The parts of an image that take effect without a build: ENV, WORKDIR and copied files."""

from __future__ import annotations

import shlex

from modal_proto import api_pb2

from reconciler.engine.catalog import Catalog


class ImageChain:
    """The settings of images, base layer first."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def settings(self, image: str) -> tuple[dict[str, str], str]:
        """The environment variables and the working folder (empty if none was set)."""
        entry = self._catalog.get(image)
        if entry is None:
            return {}, ""
        definition = api_pb2.Image.FromString(entry.body)
        variables: dict[str, str] = {}
        workdir = ""
        for base in definition.base_images:
            inherited, folder = self.settings(base.image_id)
            variables.update(inherited)
            workdir = folder or workdir
        for command in definition.dockerfile_commands:
            instruction, _, rest = command.strip().partition(" ")
            if instruction.upper() == "ENV":
                # PATH names programs that only the built image would contain.
                variables.update({k: v for k, v in _assignments(rest).items() if k != "PATH"})
            elif instruction.upper() == "WORKDIR":
                workdir = rest.strip().strip("\"'")
        return variables, workdir

    def copies(self, image: str) -> list[tuple[str, str]]:
        """Mounts that layers copy whole (``copy=True``) and where to, base layer first."""
        entry = self._catalog.get(image)
        if entry is None:
            return []
        definition = api_pb2.Image.FromString(entry.body)
        copied = [copy for base in definition.base_images for copy in self.copies(base.image_id)]
        for command in definition.dockerfile_commands:
            instruction, _, target = command.strip().partition(" . ")
            if instruction == "COPY" and definition.context_mount_id:
                copied.append((definition.context_mount_id, target.strip()))
        return copied


def _assignments(text: str) -> dict[str, str]:
    """``A=1 B='two words'``, or the old form ``A value``."""
    words = shlex.split(text)
    if words and "=" not in words[0]:
        return {words[0]: " ".join(words[1:])}
    return dict(word.split("=", 1) for word in words if "=" in word)
