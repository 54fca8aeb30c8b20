"""Manifest files as people write them, in any order, with comments everywhere."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from reconciler.manifest.document import Document, documents

ENTRIES = {
    "name": ["name: job", 'name: "job"', "name: 'job'  # in quotes"],
    "schedule": ["schedule: 0 6 * * *", "schedule: '@daily'", 'schedule: ["0 6 * * *", 10m]'],
    "timezone": ["timezone: 'Europe/Paris'", "timezone: Europe/Paris # not London"],
    "function": ["function: app/job", 'function: "app/job"'],
    "args": [
        "args: {window: '24h', \"id\": 'it\"s', n: 1}",
        "args:\n  a: 'x'\n  # inside\n  b:\n    - 'yes'\n    - \"07:50\"   # at the end\n  # below",
        "args:\n  text: |\n    # no comment\n\n    'x'",
        "args:\n  text: >+\n    folded\n\n",
        "args: &shared {a: 'b'}",
    ],
    "description": ["description: 'several\n  lines'", 'description: "a # b"', "description: it's"],
    "suspend": [
        "suspend: true",
        "suspend: {until: 2036-01-01, reason: moving}  # ticket 12",
        "suspend:  # ticket 12\n  until: '2036-01-01'\n  # call Ann\n  reason: \"moving # house\"",
        "suspend: false",
    ],
    "labels": ["labels:\n  tier: '1'", "labels: {}", 'labels: {team: "data"}'],
    "owner": ["owner: data", "owner: 'data'\n  # of last year"],
}
BETWEEN = st.sampled_from(["", "", "# a comment\n", "\n", "\n# another one\n\n", "  # indented\n"])


@st.composite
def manifest(draw: st.DrawFn, *, name: str | None = None) -> str:
    """The text of one document."""
    keys = draw(st.permutations(sorted(ENTRIES)))
    chosen = [key for key in keys if key == "name" or draw(st.booleans())]
    parts = [draw(BETWEEN)]
    for key in chosen:
        text = draw(st.sampled_from(ENTRIES[key]))
        if key == "name" and name is not None:
            text = text.replace("job", name)
        parts += [f"{text}\n", draw(BETWEEN)]
    return "".join(parts)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """One to three documents, `job-0` and so on, with the line ends of one system or another."""
    number = draw(st.integers(1, 3))
    flow = draw(st.booleans())
    parts = [draw(manifest(name=f"job-{place}")) for place in range(number)]
    if flow:
        parts.append(f'{{"name": "job-{number}", "function": "app/job"}}\n')
    text = "---\n".join(parts)
    if draw(st.booleans()):
        text = text.rstrip("\n") if "+" not in text else text
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))).encode()


def values(content: bytes) -> list[object]:
    """What the documents say."""
    found = list(documents(content, "job.yaml"))
    assert all(isinstance(one, Document) for one in found), found
    return [one.value for one in found if isinstance(one, Document)]


def comments(content: bytes) -> list[str]:
    """The comments that :data:`ENTRIES` and :data:`BETWEEN` may hold, sorted."""
    known = (
        r"# (?:a comment|another one|indented|in quotes|not London|inside|at the end|below"
        r"|ticket 12|call Ann|of last year)"
    )
    return sorted(re.findall(known, content.decode()))
