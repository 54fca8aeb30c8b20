"""The expressions of GitHub Actions, as far as our workflows use them.

``||``, ``&&``, ``==``, ``!=``, quoted texts, paths into contexts, ``always()``. Anything else
fails: a workflow that needs more is not covered by this runner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SPAN = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_PATH = re.compile(r"[a-z_]+(\.[A-Za-z_-]+)+")


def interpolate(text: str, contexts: Mapping[str, Any]) -> str:
    """A text with its ``${{ }}`` filled in."""
    return _SPAN.sub(lambda found: shown(evaluate(found[1], contexts)), text)


def is_met(condition: str | None, contexts: Mapping[str, Any], *, failed: bool) -> bool:
    """Whether a step runs: after a failure only if its condition says ``always()``."""
    if condition is None:
        return not failed
    met = bool(evaluate(condition, contexts))
    return met and (not failed or "always()" in condition)


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    """The value; what is not there is None."""
    expression = " ".join(expression.split())
    for operator in ("||", "&&"):
        left, found, right = expression.partition(f" {operator} ")
        if found:
            first = evaluate(left, contexts)
            settled = bool(first) == (operator == "||")
            return first if settled else evaluate(right, contexts)
    for operator in ("==", "!="):
        left, found, right = expression.partition(f" {operator} ")
        if found:
            same = evaluate(left, contexts) == evaluate(right, contexts)
            return same == (operator == "==")
    if expression == "always()":
        return True
    if expression.startswith("'") and expression.endswith("'"):
        return expression[1:-1]
    assert _PATH.fullmatch(expression), f"not understood: {expression}"
    value: Any = contexts
    for name in expression.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def shown(value: Any) -> str:
    """A value as it is filled into a text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
