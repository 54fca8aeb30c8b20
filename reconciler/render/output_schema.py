"""The JSON Schemas of what ``--format json`` prints, and of rules.

`python -m reconciler.render.output_schema` writes them into `schema/` of the current directory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from reconciler.render.doctor import DoctorDocument
from reconciler.render.document_part import Part
from reconciler.render.listing import ListDocument
from reconciler.render.plan_document import PlanDocument
from reconciler.render.show import ShowDocument
from reconciler.rules.form_schema import RULES_FILE, rules_schema

DOCUMENTS: Final[Mapping[str, type[Part]]] = {
    "doctor.schema.json": DoctorDocument,
    "list.schema.json": ListDocument,
    "plan.schema.json": PlanDocument,
    "show.schema.json": ShowDocument,
}


def output_schemas() -> dict[str, str]:
    """The files' names and contents."""
    found = {file: _schema(document) for file, document in DOCUMENTS.items()}
    return {**found, RULES_FILE: rules_schema()}


def _schema(document: type[Part]) -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, content in output_schemas().items():
        (Path("schema") / name).write_text(content)
