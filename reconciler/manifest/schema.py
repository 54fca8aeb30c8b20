"""The JSON Schemas of manifests and settings, for editors and other tools.

`python -m reconciler.manifest.schema` writes them into `schema/` of the current directory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from reconciler.manifest.expected import Form, Schema
from reconciler.manifest.manifest_form import ManifestForm
from reconciler.manifest.settings_form import SettingsForm

_FORMS: Final[Mapping[str, type[Form]]] = {
    "manifest.schema.json": ManifestForm,
    "settings.schema.json": SettingsForm,
}


def schemas() -> dict[str, str]:
    """The content of every schema file, by its name."""
    return {name: _text(form) for name, form in _FORMS.items()}


def _text(form: type[Form]) -> str:
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **form.model_json_schema(schema_generator=Schema),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Writes the files."""
    folder = Path("schema")
    folder.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
