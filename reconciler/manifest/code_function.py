"""What a function of the repository looks like, from its text: nothing is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from reconciler.words import near_names

OCCURRENCE: Final = "occurrence"
"""The parameter that receives which occurrence a run is of, if the function has it."""
Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a function must and may be called with, by name.

    Attributes:
        required: those without a default.
        accepted: all that can be given by name; None for any.
        positional: those without a default that cannot be given by name.
    """

    required: tuple[str, ...]
    accepted: frozenset[str] | None
    positional: tuple[str, ...]

    @property
    def takes_occurrence(self) -> bool:
        """Whether it has the parameter `occurrence`."""
        return self.accepted is not None and OCCURRENCE in self.accepted


@dataclass(frozen=True, slots=True)
class Defect:
    """Why a function cannot be run, at its line and column in the Python file."""

    line: int
    column: int
    message: str
    remedy: str


def find_function(module: ast.Module, name: str) -> Definition | None:
    """The function of that name at the top level of a module; the last, as Python has it."""
    found = [one for one in _definitions(module) if one.name == name]
    return found[-1] if found else None


def near_functions(module: ast.Module, name: str) -> Sequence[str]:
    """The functions of a module with similar names; if there are none, the first ones."""
    known = [one.name for one in _definitions(module)]
    return near_names(name, known) or known[:3]


def parameters_of(definition: Definition) -> Parameters:
    """What a function must and may be called with."""
    args = definition.args
    plain = [*args.posonlyargs, *args.args]
    without_default = plain[: len(plain) - len(args.defaults)]
    required = [one.arg for one in without_default if one not in args.posonlyargs]
    required += [
        one.arg
        for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
        if default is None
    ]
    named = frozenset(one.arg for one in (*args.args, *args.kwonlyargs))
    return Parameters(
        required=tuple(required),
        accepted=named if args.kwarg is None else None,
        positional=tuple(one.arg for one in without_default if one in args.posonlyargs),
    )


def takes_occurrence(definition: Definition) -> bool:
    """Whether a function has a parameter `occurrence`."""
    named = (*definition.args.args, *definition.args.kwonlyargs)
    return any(one.arg == OCCURRENCE for one in named)


def defects_of(module: ast.Module, definition: Definition) -> Iterator[Defect]:
    """Why a function cannot be run by a schedule."""
    column = definition.col_offset + 1
    if _is_generator(definition):
        kind = (
            "an async generator" if isinstance(definition, ast.AsyncFunctionDef) else "a generator"
        )
        yield Defect(
            definition.lineno,
            column,
            f"`{definition.name}` is {kind}: a schedule needs a function that returns",
            "return a value instead of yielding; collect the parts in a list",
        )
    modal_names = _names_of_modal(module)
    for decorator in definition.decorator_list:
        if _root(decorator) in modal_names:
            yield Defect(
                decorator.lineno,
                decorator.col_offset + 1,
                f"`{definition.name}` has a decorator of Modal, which deploys it itself",
                "remove the decorator and say image and resources in the manifest, or deploy it "
                "with Modal and name it with `function`",
            )


def argument_faults(
    definition: Definition, given: Mapping[str, object]
) -> Iterator[tuple[str | None, str, str]]:
    """What is wrong with the arguments that a manifest gives.

    Yields:
        The argument, or None for all; the message; the remedy.
    """
    found = parameters_of(definition)
    name = definition.name
    for parameter in found.positional:
        yield (
            None,
            f"`{name}` takes `{parameter}` by position only, and `args` are given by name",
            "remove the `/` from its parameters, or give it a default",
        )
    filled = {OCCURRENCE} if takes_occurrence(definition) else set()
    for parameter in found.required:
        if parameter not in given and parameter not in filled:
            yield (
                None,
                f"`{name}` needs an argument `{parameter}`, which `args` does not give",
                f"add `{parameter}` to `args`, or give it a default",
            )
    for argument in given if found.accepted is not None else ():
        if argument not in found.accepted:  # type: ignore[operator]  # it is a set here
            near = near_names(argument, found.accepted or (), most=1)
            remedy = f"did you mean `{near[0]}`?" if near else "remove it"
            yield argument, f"`{name}` takes no argument `{argument}`", remedy


def _definitions(module: ast.Module) -> Iterator[Definition]:
    for statement in module.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement


def _is_generator(definition: Definition) -> bool:
    """Whether it yields itself; what functions within it do is theirs."""
    pending: list[ast.AST] = list(definition.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            pending += ast.iter_child_nodes(node)
    return False


def _names_of_modal(module: ast.Module) -> frozenset[str]:
    """The names of a module that come from Modal's client: imports, and what they make."""
    names: set[str] = set()
    for statement in module.body:
        match statement:
            case ast.Import(names=aliases):
                names |= {
                    (one.asname or one.name).partition(".")[0]
                    for one in aliases
                    if one.name.partition(".")[0] == "modal"
                }
            case ast.ImportFrom(module=source, names=aliases, level=0) if (
                source is not None and source.partition(".")[0] == "modal"
            ):
                names |= {one.asname or one.name for one in aliases}
            case ast.Assign(targets=targets, value=ast.Call() as value) if _root(value) in names:
                names |= {one.id for one in targets if isinstance(one, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as value) if (
                _root(value) in names
            ):
                names.add(name)
    return frozenset(names)


def _root(expression: ast.expr) -> str | None:
    """The first name of ``a.b.c(…)``."""
    while isinstance(expression, ast.Call | ast.Attribute):
        expression = expression.func if isinstance(expression, ast.Call) else expression.value
    return expression.id if isinstance(expression, ast.Name) else None
