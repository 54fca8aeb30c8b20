"""``reconcile doctor --probe``: what Modal does not document, measured and written to a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from reconciler.cli.inputs import Inputs
from reconciler.cli.probe_file import FILE
from reconciler.cli.signals import run
from reconciler.cli.terminal import say
from reconciler.deploy.probe import Probe
from reconciler.disk import write_whole
from reconciler.foreign_text import in_json
from reconciler.query.checks import Check, CheckVerdict
from reconciler.render.json_format import OUTPUT_FORMAT


def probed(inputs: Inputs, out: str | None) -> list[Check]:
    """Probe, write the file, and say what was found.

    Args:
        out: the file; None for the usual one beside the settings.
    """
    environment = inputs.environment
    name = f"{environment.app}-probe-{uuid4().hex[:8]}"[:64]
    say(f"probing with the scratch app {name} in {environment.modal} …")
    probe = Probe(name, environment.modal)
    found = run(probe.run(lambda question: say(f"{question} …")))
    path = inputs.root / FILE if out is None else Path(out)
    document = {"format": OUTPUT_FORMAT, "environment": environment.name, **found}
    write_whole(path, (in_json(json.dumps(document, indent=2)) + "\n").encode())
    checks = [_check(question, answer) for question, answer in found.items() if _is_answer(answer)]
    return [*checks, Check("probe", CheckVerdict.OK, f"written to {path}")]


def _is_answer(answer: Any) -> bool:
    return isinstance(answer, dict)


def _check(question: str, answer: dict[str, Any]) -> Check:
    words = "; ".join(
        f"{key.replace('_', ' ')} {json.dumps(value)}" for key, value in answer.items()
    )
    verdict = CheckVerdict.NOTE if "not_measured" in answer else CheckVerdict.OK
    return Check(question.replace("_", " "), verdict, words)
