"""Rules: a plan with 12 rules over 2,000 manifests, beside the same plan without rules."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.processes import measure
from benchmarks.project import manifest, reconcile, start_engine, write_manifests
from benchmarks.rows import Row, run

SCHEDULES: Final = 2_000
SECONDS: Final = 0.4
"""What the rules may add to the plan."""
KINDS: Final = (
    "require: [owner, deadline]",
    'name: "job-[0-9]+"',
    "owner: codeowners",
    "image: pinned",
    "limits: {fires_per_day: 24, smallest_gap: 5m}",
    "limits: {cpu: 8, memory: 32768, gpu: 1}",
    "limits: {schedules: 5000, wakes: 1000000, dollars: 1000, per: team}",
    "schema: {properties: {overlap: {enum: [allow, skip]}, retries: {required: [max]}}}",
    "schema: {properties: {facts: {properties: {deadline: {maximum: 7200}}}}}",
    "schema: {properties: {facts: {properties: {dollars_a_month: {maximum: 50}}}}}",
    "schema: {not: {required: [ping, protect]}, properties: {labels: {type: object}}}",
    "schema: {if: {properties: {protect: {const: true}}}, then: {required: [description]}}",
)
"""One rule each, which every manifest satisfies."""
BAD: Final = (
    "{owner: data}",
    "{name: x}",
    "{owner: other, facts: {code_owners: ['@acme/data']}}",
    "{code: a.py::b, image: {pip: [x]}}",
    "{schedule: 1m}",
    "{code: a.py::b, gpu: 'T4:2'}",
    "{facts: {schedules: 5001}}",
    "{overlap: queue}",
    "{deadline: 3h}",
    "{facts: {dollars_a_month: 51}}",
    "{ping: 'https://example.com/x', protect: true, description: x}",
    "{protect: true}",
)


def rows() -> Iterator[Row]:
    """The seconds that rules add."""
    with tempfile.TemporaryDirectory() as folder:
        bare, ruled = Path(folder) / "bare", Path(folder) / "ruled"
        write_manifests(bare, [manifest(number) for number in range(SCHEDULES)])
        engine = start_engine(bare)
        try:
            shutil.copytree(bare, ruled, ignore=shutil.ignore_patterns(".reconciler"))
            (ruled / ".reconciler").symlink_to(bare / ".reconciler")
            (ruled / "CODEOWNERS").write_text("* @acme/data\n")
            (ruled / "rules").mkdir()
            (ruled / "rules" / "all.yaml").write_text("---\n".join(map(rule, range(len(KINDS)))))
            arguments = ("--dry-run", "--format", "json")
            without, within = measure(
                reconcile(bare, *arguments), reconcile(ruled, *arguments), rounds=5
            )
            yield Row(
                f"{len(KINDS)} rules over {SCHEDULES:,} manifests",
                within.seconds - without.seconds,
                "s",
                "the plan without rules",
                without.seconds,
                at_most=SECONDS,
                mebibytes=within.mebibytes,
            )
        finally:
            engine.stop()


def rule(number: int) -> str:
    """A rule of each kind, with a good and a bad example."""
    good = f"{{name: job-{number}, owner: data, deadline: 1h, overlap: skip}}"
    return (
        f"id: rule-{number}\nlevel: deny\nmessage: because\n{KINDS[number]}\n"
        f"tests:\n  good: [{good}]\n  bad: [{BAD[number]}]\n"
    )


if __name__ == "__main__":
    run(rows)
