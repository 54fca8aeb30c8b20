"""Rules and manifests as a person writes them, and what comes of them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import date
from typing import Any

from reconciler.manifest import ManifestError, Settings, load_contents, parse_settings
from reconciler.plan.finding import Judgement
from reconciler.rules.facts import Facts
from reconciler.rules.judging import judge, rule_problems
from reconciler.rules.reading import read_rules
from reconciler.rules.rule import Rule, Subject

NOW = 29_893_680  # 2026-11-02T10:00Z
TODAY = date(2026, 11, 2)
TESTS = "tests: {good: [{}], bad: [{}]}\n"


def rules(*texts: str, settings: Settings | None = None) -> tuple[Rule, ...]:
    """Read rules, each in a file of its own; without `tests:` they get meaningless ones."""
    files = []
    for index, text in enumerate(texts):
        written = textwrap.dedent(text).lstrip("\n")
        if "tests:" not in written:
            written += TESTS
        files.append((f"rules/{index}.yaml", written.encode()))
    return read_rules(files, settings or Settings())


def rule(lines: str, *, id: str = "policy", level: str = "deny") -> Rule:  # noqa: A002 - its key
    """One rule with these lines beside its first three."""
    text = f"id: {id}\nlevel: {level}\nmessage: because\n{textwrap.dedent(lines).strip()}\n"
    (found,) = rules(text)
    return found


def subjects(
    text: str,
    wanted: frozenset[str],
    *,
    settings: Settings | None = None,
    environment: str = "local",
    owners: Mapping[str, list[str]] | None = None,
) -> list[Subject]:
    """The manifests of one file, with the facts that are wanted."""
    content = textwrap.dedent(text).lstrip("\n").encode()
    found = load_contents(
        [("schedules/all.yaml", content)], settings=settings or Settings(), keep=True
    )
    known = None if owners is None else (lambda file: owners.get(file, []))
    facts = Facts(wanted, NOW, known)
    return [
        facts.subject(schedule, environment, found.documents[schedule.name])
        for schedule in found.for_environment(environment)
    ]


def judged(
    given: Rule | tuple[Rule, ...], manifests: str, *, today: date = TODAY, **options: Any
) -> Judgement:
    """What rules say of manifests."""
    listed = given if isinstance(given, tuple) else (given,)
    wanted = frozenset[str]().union(*(one.facts for one in listed))
    return judge(listed, subjects(manifests, wanted, **options), today, live=False)


def findings(given: Rule | tuple[Rule, ...], manifests: str, **options: Any) -> list[str]:
    """The findings as `line:column detail`."""
    return [
        f"{one.location.line}:{one.location.column} {one.message.removeprefix('because: ')}"
        for one in judged(given, manifests, **options).findings
    ]


def reading_problems(text: str, settings: Settings | None = None) -> list[str]:
    """What is wrong with a file of rules, as `line:column: message`."""
    try:
        found = read_rules(
            [("rules/a.yaml", textwrap.dedent(text).lstrip("\n").encode())],
            settings or Settings(),
        )
    except ManifestError as error:
        return [str(one).removeprefix("rules/a.yaml:") for one in error.problems]
    return [str(one).removeprefix("rules/a.yaml:") for one in rule_problems(found, lambda: ())]


def environments(*names: str) -> Settings:
    """Settings with these environments."""
    text = "environments:\n" + "".join(f"  {name}: {{}}\n" for name in names)
    return parse_settings(text.encode(), file="reconciler.yaml")
