"""The JSON Schemas of manifests and settings, for editors and other tools.

`python -m reconciler.manifest.json_schema` writes them into `schema/` of the current directory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from reconciler.manifest.constraints import Form
from reconciler.manifest.manifest_form import ManifestForm
from reconciler.manifest.settings_form import SettingsForm

_FORMS: Final[Mapping[str, type[Form]]] = {
    "manifest.schema.json": ManifestForm,
    "settings.schema.json": SettingsForm,
}


class Schema(GenerateJsonSchema):
    """A model's JSON Schema. It is stricter than pydantic's own, to accept what the model does."""

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Refuse keys outside the pattern; `patternProperties` alone would accept them."""
        found: JsonSchemaValue = {"type": "object"}
        keys = self.generate_inner(schema["keys_schema"]) if "keys_schema" in schema else {}
        values = self.generate_inner(schema["values_schema"]) if "values_schema" in schema else {}
        keys.pop("type", None)  # keys are always text
        for bound, name in (("min_length", "minProperties"), ("max_length", "maxProperties")):
            if bound in schema:
                found[name] = schema[bound]  # type: ignore[literal-required]  # one of two
        if keys:
            found["propertyNames"] = keys
        if values:
            found["additionalProperties"] = values
        return found

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The inner schema alone if the default means that the key is absent."""
        if schema.get("default") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def schemas() -> dict[str, str]:
    """The content of every schema file, by its name."""
    return {name: schema_of(form) for name, form in _FORMS.items()}


def schema_of(form: type[Form]) -> str:
    """The content of the schema file of a form."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **form.model_json_schema(schema_generator=Schema),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the schema files."""
    folder = Path("schema")
    folder.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
