"""YAML to nodes with positions: by libyaml where PyYAML has it, else by PyYAML's own parser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import yaml

from reconciler.manifest.size_limits import MAX_DEPTH

PLAIN: Final = ""
"""Tag of what is written without a tag and without quotes."""

QUOTED: Final = '"'
"""Tag of what is written without a tag, and is text, a list or a mapping for certain."""


class TooDeepError(Exception):
    """Nesting beyond the bound, found while composing: before any recursion limit is near."""

    def __init__(self, mark: yaml.Mark) -> None:
        super().__init__()
        self.mark = mark


class _Bounded:
    """Keeps tags as written instead of resolving them, and counts the depth."""

    _depth = 0

    def resolve(self, kind: type[yaml.Node], _value: Any, implicit: Any) -> str:
        return PLAIN if kind is yaml.ScalarNode and implicit[0] else QUOTED

    def descend_resolver(self, parent: yaml.Node | None, _index: Any) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH and parent is not None:
            raise TooDeepError(parent.start_mark)

    def ascend_resolver(self) -> None:
        self._depth -= 1


class PurePythonComposer(_Bounded, yaml.BaseLoader):
    """About fifteen times slower; for a PyYAML without libyaml."""


if yaml.__with_libyaml__:

    class LibyamlComposer(_Bounded, yaml.CBaseLoader):
        """The fast one."""


def compose(text: str, *, pure_python: bool = False) -> Iterator[yaml.Node]:
    """The document nodes of a text, one after the other, as far as it is YAML.

    Raises:
        yaml.YAMLError: it is not YAML from some point on.
        TooDeepError: it is nested beyond the bound.
    """
    use_pure = pure_python or not yaml.__with_libyaml__
    composer = PurePythonComposer(text) if use_pure else LibyamlComposer(text)
    while composer.check_node():
        node = composer.get_node()
        if node is not None:
            yield node
