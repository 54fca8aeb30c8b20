"""The reference of manifests and settings, written from their JSON Schemas.

``python -m reconciler.render.key_reference`` writes the pages into ``docs/`` of the current
directory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from reconciler.manifest.json_schema import schemas

_PAGES: Final = {
    "docs/manifest.md": (
        "manifest.schema.json",
        "Manifest",
        """
A manifest is one YAML document in a file below `schedules/`; a file may contain several. Required
are `name`, one of `schedule` and `at`, and one of `function` and `code`. Unknown and duplicate keys
are errors, reported with file, line and column. A key that this version does not support yet is
refused by name.""",
    ),
    "docs/settings.md": (
        "settings.schema.json",
        "Settings",
        """
`reconciler.yaml`, beside the manifests' folder, contains the settings of the whole repository.
Commands look for it in the current folder and its parents, up to the repository's root. The file
and all its keys are optional.""",
    ),
}
_NOTE: Final = "<!-- Written by python -m reconciler.render.key_reference; do not edit. -->"


def pages() -> dict[str, str]:
    """The content of every page, by its path."""
    return {path: _page(*given) for path, given in _PAGES.items()}


def _page(schema_name: str, title: str, introduction: str) -> str:
    schema: Mapping[str, Any] = json.loads(schemas()[schema_name])
    lines = [_NOTE, "", f"# {title}", introduction, "", *_table(schema)]
    for name, form in schema.get("$defs", {}).items():
        lines += ["", f"## {_title(name)}", "", form["description"], "", *_table(form)]
    return "\n".join(lines) + "\n"


def _table(form: Mapping[str, Any]) -> Iterator[str]:
    yield "| key | value | meaning |"
    yield "| --- | --- | --- |"
    for name, schema in form["properties"].items():
        examples = schema.get("examples", ())
        shown = ", ".join(f"`{json.dumps(example, ensure_ascii=False)}`" for example in examples)
        meaning = schema["description"] + (f" For example {shown}." if shown else "")
        yield f"| `{name}` | {_cell(_kind(schema))} | {_cell(meaning)} |"


def _kind(schema: Mapping[str, Any]) -> str:
    """What a value may be, in words."""
    if "$ref" in schema:
        title = _title(schema["$ref"].rpartition("/")[2])
        return f"[{title}](#{title.lower().replace(' ', '-')})"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        constant = schema["const"]
        return f"`{constant if isinstance(constant, str) else json.dumps(constant)}`"
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return " or ".join(_kind(option) for option in schema[choice])
    match schema.get("type"):
        case "array":
            item = _kind(schema["items"])
            return "list of those" if " or " in item else f"list of {item}s"
        case "object":
            inner = schema.get("additionalProperties")
            return f"names to {_kind(inner)}" if isinstance(inner, Mapping) else "keys and values"
        case "boolean":
            return "`true`, `false`"
        case "string":
            return "text"
        case _:
            return "number"


def _title(form: str) -> str:
    return f"{form.removesuffix('Form')} keys"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Writes the pages."""
    for path, content in pages().items():
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
