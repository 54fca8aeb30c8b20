"""The single changes of a module that a test should notice.

A change replaces one syntax node and leaves the rest of the file as it is. Left out are
annotations, texts (golden files are for what messages say), ``assert`` statements and what
``strict=`` of ``zip`` asserts, what only a type checker reads, and the decorators of classes:
frozen and slots keep people from mistakes, not code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
_CALLS: Final = {"min": "max", "max": "min", "sorted": "list", "any": "all", "all": "any"}
_FALSE: Final = ast.Constant(value=False)
_TRUE: Final = ast.Constant(value=True)
_NONE: Final = ast.Constant(value=None)

Replacement = tuple[str, ast.expr | ast.stmt, ast.expr | ast.stmt]
"""What sort of change it is, the node, and what takes its place."""


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One change of one module.

    Attributes:
        path: of the module, from the repository's root.
        line: the first line that the change touches, from 1.
        kind: what sort of change it is.
        before, after: the code of the node, each on one line; of a constant, which tells little,
            the code of the expression, the item of a dict or the simple statement that it stands
            in.
        start, end: the bytes of the file that ``text`` replaces.
    """

    path: str
    line: int
    kind: str
    before: str
    after: str
    start: int
    end: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} [{self.kind}] `{self.before}` -> `{self.after}`"

    def applied(self, source: bytes) -> bytes:
        """The module's bytes with the change made."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def changes_of(path: str, source: bytes) -> tuple[Change, ...]:
    """Every change of a module, sorted."""
    offsets = [0]
    for line in source.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))

    def place(node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = offsets[node.lineno - 1] + node.col_offset
        return start, offsets[node.end_lineno - 1] + node.end_col_offset

    def change(kind: str, node: ast.expr | ast.stmt, new: ast.expr | ast.stmt) -> Change:
        start, end = place(node)
        text = ast.unparse(new)
        before, after = (" ".join(ast.unparse(side).split()) for side in (node, new))
        if isinstance(node, ast.Constant) and (around := holders.get(node)) is not None:
            first, last = place(around[0])[0], place(around[-1])[1]
            code = source[first:start], source[end:last]
            before, after = (
                " ".join(side.encode().join(code).decode().split()) for side in (before, after)
            )
        if isinstance(new, ast.expr):
            text = f"({text})"
        return Change(path, node.lineno, kind, before, after, start, end, text)

    module = ast.parse(source)
    holders = _holders(module)
    found = {change(*replacement) for replacement in _replacements(module)}
    return tuple(sorted(found))


def _holders(module: ast.Module) -> dict[ast.AST, Sequence[ast.expr | ast.stmt]]:
    """For each node, the expression or the simple statement that it stands in; the key and the
    value of what stands in a dict.
    """
    simple = ast.expr | ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return
    found: dict[ast.AST, Sequence[ast.expr | ast.stmt]] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Dict):
            items = ((key, value) for key, value in zip(node.keys, node.values, strict=True) if key)
            found.update({child: item for item in items for child in item})
        elif isinstance(node, simple):
            children = ast.iter_child_nodes(node)
            values = (each.value if isinstance(each, ast.keyword) else each for each in children)
            found.update(dict.fromkeys(values, (node,)))
    return found


def _replacements(node: ast.AST) -> Iterator[Replacement]:
    """The changes of a node and of all below it."""
    if isinstance(node, ast.stmt):
        yield from _of_statement(node)
    elif isinstance(node, ast.expr):
        yield from _of_expression(node)
    elif isinstance(node, ast.comprehension):
        yield from (("filter", test, _TRUE) for test in node.ifs)
    for child in _children(node):
        yield from _replacements(child)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """What is below a node and is executed."""
    match node:
        case ast.Assert() | ast.JoinedStr() | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from node.args.defaults
            yield from (default for default in node.args.kw_defaults if default is not None)
            yield from node.body
        case ast.ClassDef():
            yield from node.body
        case ast.AnnAssign():
            yield from () if node.value is None else (node.value,)
        case ast.Call(func=ast.Name(id="zip")):
            yield from node.args
        case _:
            yield from ast.iter_child_nodes(node)


def _of_statement(node: ast.stmt) -> Iterator[Replacement]:
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.If():
            yield from _of_condition(node.test)
        case ast.While() if not isinstance(node.test, ast.Constant):
            yield "condition", node.test, _FALSE
        case ast.For():
            first = ast.Slice(upper=ast.Constant(value=1))
            every = ast.List([ast.Starred(node.iter, ast.Load())], ast.Load())
            yield "loop-once", node.iter, ast.Subscript(every, first, ast.Load())
        case ast.Raise() if node.exc is not None:
            yield "raise-removed", node, ast.Pass()
        case ast.AugAssign() | ast.Expr(value=ast.Call() | ast.Await()):
            yield "statement-removed", node, ast.Pass()
        case ast.Return() if node.value is not None and not isinstance(node.value, ast.Constant):
            yield "returns-none", node.value, _NONE


def _of_condition(test: ast.expr) -> Iterator[Replacement]:
    if not isinstance(test, ast.Constant):
        yield "condition", test, _FALSE
        yield "condition", test, _TRUE


def _of_expression(node: ast.expr) -> Iterator[Replacement]:
    match node:
        case ast.IfExp():
            yield from _of_condition(node.test)
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield "and-or", node, ast.BoolOp(other, node.values)
            for dropped in node.values:
                rest = [value for value in node.values if value is not dropped]
                kept = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
                yield "clause-dropped", node, kept
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield "operator-dropped", node, node.operand
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                signs = [*node.ops[:index], _COMPARISONS[type(operator)](), *node.ops[index + 1 :]]
                yield "comparison", node, ast.Compare(node.left, signs, node.comparators)
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            if not (_is_text(node.left) or _is_text(node.right)):
                sign = _ARITHMETIC[type(node.op)]()
                yield "arithmetic", node, ast.BinOp(node.left, sign, node.right)
        case ast.Constant(value=bool()):
            yield "boolean", node, ast.Constant(value=not node.value)
        case ast.Constant(value=int(number)):
            yield from (("number", node, ast.Constant(number + step)) for step in (1, -1))
        case ast.Call():
            yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[Replacement]:
    match node.func:
        case ast.Name(id=name) if name in _CALLS:
            yield "call", node.func, ast.Name(_CALLS[name])
    match node.args:
        case [ast.Starred(), *_] | [_, ast.Starred(), *_]:
            return
        case _ if isinstance(node.func, ast.Name) and node.func.id in {"min", "max"}:
            return  # the order does not count
        case [one, other, *rest] if not (_is_text(one) or _is_text(other)):
            if ast.dump(one) != ast.dump(other):
                swapped = ast.Call(node.func, [other, one, *rest], node.keywords)
                yield "arguments-swapped", node, swapped


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )
