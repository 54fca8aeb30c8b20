"""The rules of the repository, read where its manifests are read. Loaded only where rules are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reconciler.cron import instant
from reconciler.manifest import LOCAL, ManifestError, Manifests, Settings
from reconciler.manifest.code_files import CodeFiles
from reconciler.manifest.fault import Fault
from reconciler.manifest.files import read_folder
from reconciler.manifest.problem import Problem
from reconciler.plan import Plan
from reconciler.plan.finding import Judgement
from reconciler.rules.facts import Facts
from reconciler.rules.judging import compare, judge, rule_problems, with_judgement
from reconciler.rules.reading import read_rules
from reconciler.rules.rule import Rule, Subject

CODEOWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in this order."""
Owners = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules, and whom CODEOWNERS names.

    Attributes:
        rules: at least one, or none in a folder without rules.
        owners: of a file; None where no rule asks.
    """

    rules: tuple[Rule, ...]
    owners: Owners | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the rules."""
        return tuple(rule.id for rule in self.rules)

    def check(self, manifests: Manifests, now: int) -> None:
        """Check the rules against their tests and each other.

        Raises:
            ManifestError: a rule contradicts a test, or is for nothing.
        """
        names = sorted({LOCAL, *manifests.settings.declared})

        def everywhere() -> Iterator[Subject]:
            for name in names:
                yield from self._subjects(manifests, name, now)

        problems = list(rule_problems(self.rules, everywhere))
        if problems:
            raise ManifestError(problems)

    def offline(self, manifests: Manifests, now: int) -> Judgement:
        """What the rules say in all environments, but for what a plan alone knows."""
        names = sorted(manifests.settings.declared) or [LOCAL]
        today = instant(now).date()
        found = [
            judge(self.rules, list(self._subjects(manifests, name, now)), today, live=False)
            for name in names
        ]
        return Judgement(
            tuple(sorted({one for each in found for one in each.findings})),
            tuple(dict.fromkeys(one for each in found for one in each.exemptions)),
            len(self.rules),
        )

    def judged(
        self, plan: Plan, manifests: Manifests, before: tuple[str, Policy | None] | None = None
    ) -> Plan:
        """The plan with what the rules say of it.

        Args:
            before: an earlier revision with its rules, to compare with.
        """
        facts = self._facts(plan.now, plan)
        subjects = [
            facts.subject(schedule, plan.environment, manifests.documents[schedule.name])
            for schedule in plan.desired.schedules
        ]
        today = instant(plan.now).date()
        judgement = judge(self.rules, subjects, today, live=True)
        if before is not None:
            base, policy = before
            rules = () if policy is None else policy.rules
            owners = self.owners
            if owners is None and policy is not None:
                owners = policy.owners
            wanted = Policy((*self.rules, *rules), owners)
            facts = wanted._facts(plan.now, plan)
            subjects = [
                facts.subject(one.schedule, plan.environment, one.document)
                for one in subjects
                if one.document is not None
            ]
            changed = compare(base, rules, self.rules, subjects, today, judgement)
            judgement = Judgement(
                judgement.findings, judgement.exemptions, judgement.rules, changed
            )
        return with_judgement(plan, judgement)

    def _subjects(self, manifests: Manifests, environment: str, now: int) -> Iterator[Subject]:
        facts = self._facts(now)
        for schedule in manifests.for_environment(environment):
            document = manifests.documents[schedule.name]
            yield facts.subject(schedule, environment, document)

    def _facts(self, now: int, plan: Plan | None = None) -> Facts:
        wanted = frozenset[str]().union(*(rule.facts for rule in self.rules))
        return Facts(wanted, now, self.owners, plan)


def policy_of_tree(folder: Path, shown: str, settings: Settings, top: Path) -> Policy:
    """The rules of a folder of the work tree.

    Args:
        folder: which exists.
        shown: its path in messages.
        top: the repository's root, where CODEOWNERS is.

    Raises:
        ManifestError: with all that is wrong in them.
    """

    def read(path: str) -> bytes | None:
        found = top / path
        return found.read_bytes() if found.is_file() else None

    return _policy(read_folder(folder, shown), settings, read)


def policy_of_commit(
    contents: Iterable[tuple[str, bytes]], settings: Settings, files: CodeFiles
) -> Policy:
    """The rules of a commit.

    Args:
        contents: the files of `rules/`.
        files: those of the commit, from the repository's root.

    Raises:
        ManifestError: with all that is wrong in them.
    """
    return _policy(sorted(contents), settings, files.read)


def _policy(
    sources: Iterable[tuple[str, bytes] | Problem],
    settings: Settings,
    read: Callable[[str], bytes | None],
) -> Policy:
    rules = read_rules(sources, settings)
    asking = [rule for rule in rules if rule.form.owner is not None]
    if not asking:
        return Policy(rules)
    content = next(filter(None, map(read, CODEOWNERS)), None)
    if content is None:
        raise ManifestError(
            rule.document.locate(
                Fault(
                    path=("owner",),
                    message="there is no CODEOWNERS file",
                    remedy=f"write one of {', '.join(CODEOWNERS)}",
                )
            )
            for rule in asking
        )
    from codeowners import CodeOwners

    parsed = CodeOwners(content.decode("utf-8", "replace"))

    @cache
    def owners(file: str) -> list[str]:
        return [name for _kind, name in parsed.of(file)]

    return Policy(rules, owners)
