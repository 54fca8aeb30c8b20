"""The JSON Schema of what ``--format json`` prints.

`python -m reconciler.render.output_schema` writes it into `schema/` of the current directory.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from reconciler.render.plan_document import PlanDocument

FILE: Final = "plan.schema.json"


def plan_schema() -> str:
    """The content of the schema file."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **PlanDocument.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (Path("schema") / FILE).write_text(plan_schema())
