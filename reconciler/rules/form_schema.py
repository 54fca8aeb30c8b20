"""The JSON Schema of a document in ``rules/``, for editors and other tools."""

from __future__ import annotations

from typing import Final

from reconciler.manifest.json_schema import schema_of
from reconciler.rules.form import RuleForm

RULES_FILE: Final = "rules.schema.json"


def rules_schema() -> str:
    """The content of the schema file."""
    return schema_of(RuleForm)
