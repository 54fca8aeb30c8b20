"""Parses YAML into nodes with positions, with libyaml if PyYAML has it, else in pure Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import yaml

from reconciler.manifest.size_limits import MAX_DEPTH

PLAIN: Final = ""
"""Tag of an unquoted scalar without a tag."""

QUOTED: Final = '"'
"""Tag of a quoted scalar, list or mapping without a tag."""


class TooDeepError(Exception):
    """Nesting beyond the limit. It is found while composing, before Python's recursion limit."""

    def __init__(self, mark: yaml.Mark) -> None:
        super().__init__()
        self.mark = mark


class _Bounded:
    """Keeps tags as written instead of resolving them, and limits the depth."""

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
        """The fast composer."""


def compose(text: str, *, pure_python: bool = False) -> Iterator[yaml.Node]:
    """The document nodes of a text, in order, up to the first syntax error.

    Raises:
        yaml.YAMLError: a syntax error.
        TooDeepError: nesting beyond the limit.
    """
    use_pure = pure_python or not yaml.__with_libyaml__
    composer = PurePythonComposer(text) if use_pure else LibyamlComposer(text)
    while composer.check_node():
        node = composer.get_node()
        if node is not None:
            yield node
