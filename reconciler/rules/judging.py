"""Applies rules to the manifests of an environment, and to their own examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from reconciler.manifest.fault import Fault
from reconciler.manifest.location import Location
from reconciler.manifest.problem import Problem
from reconciler.plan import Plan
from reconciler.plan.finding import ChangedRules, Exemption, Finding, Judgement, Level
from reconciler.plan.safety import Refusal, SafetyRule
from reconciler.rules.kinds import key_of, violations
from reconciler.rules.rule import Example, Rule, Subject, Violation
from reconciler.words import count


def judge(
    rules: Sequence[Rule], subjects: Sequence[Subject], today: date, *, live: bool
) -> Judgement:
    """What rules say of the manifests of one environment.

    Args:
        today: by which exceptions expire, in UTC.
        live: whether the facts that a plan alone knows are there. Without them, a schema that reads
            one is left out, and so is each limit of one.
    """
    findings: list[Finding] = []
    exemptions: list[Exemption] = []
    for rule in rules:
        if not live and rule.needs_plan:
            continue
        concerned = [subject for subject in subjects if rule.is_for(subject)]
        violated = [(one, each) for one in concerned for each in violations(rule, one)]
        violated += _together(rule, concerned)
        excused: set[str] = set()
        for subject, violation in violated:
            allowance = subject.schedule.allow.get(rule.id)
            if allowance is not None and today <= allowance.until:
                excused.add(subject.schedule.name)
                continue
            findings.append(_finding(rule, subject, violation, today))
        for subject in subjects:
            allowance = subject.schedule.allow.get(rule.id)
            if allowance is None:
                continue
            at = _locate(subject, ("allow", rule.id))
            name = subject.schedule.name
            if name in excused:
                exemptions.append(Exemption(rule.id, name, allowance.reason, allowance.until, at))
            elif not any(one is subject for one, _ in violated):
                message = "the exception is not needed: the rule is satisfied; remove it"
                findings.append(Finding(at, rule.id, Level.WARN, name, message))
    return Judgement(tuple(sorted(findings)), tuple(exemptions), len(rules))


def _finding(rule: Rule, subject: Subject, violation: Violation, today: date) -> Finding:
    name = subject.schedule.name
    message = f"{rule.form.message}: {violation.detail}"
    allowance = subject.schedule.allow.get(rule.id)
    if allowance is not None and today > allowance.until:
        message = f"the exception expired on {allowance.until} ({allowance.reason}); {message}"
        return Finding(_locate(subject, ("allow", rule.id)), rule.id, rule.level, name, message)
    return Finding(_locate(subject, key_of(violation, subject)), rule.id, rule.level, name, message)


def _locate(subject: Subject, path: tuple[str | int, ...]) -> Location:
    if subject.document is None:
        return subject.schedule.location
    fault = Fault(path=path, message="", at_key=not isinstance(path[-1], int))
    return subject.document.locate(fault).location


def _together(rule: Rule, subjects: Iterable[Subject]) -> Iterator[tuple[Subject, Violation]]:
    """The limits of all schedules that the rule is for, or of those with one value of a label."""
    limits = rule.limits
    if limits is None or (limits.schedules, limits.wakes, limits.dollars) == (None, None, None):
        return
    groups: dict[str | None, list[Subject]] = {}
    for subject in subjects:
        value = None if limits.per is None else subject.schedule.labels.get(limits.per, "")
        groups.setdefault(value, []).append(subject)
    for value, members in groups.items():
        members.sort(key=lambda one: one.schedule.location)
        of = "" if limits.per is None else f" of {limits.per} `{value}`"
        if limits.schedules is not None and len(members) > limits.schedules:
            text = f"{count(len(members), 'schedule')}{of}, more than {limits.schedules:,}"
            yield members[limits.schedules], Violation(("name",), text)
        for most, fact, unit in (
            (limits.wakes, "wakes_a_month", "wakes"),
            (limits.dollars, "dollars_a_month", "dollars"),
        ):
            known = [one.facts[fact] for one in members if fact in one.facts]
            if most is not None and sum(known) > most:
                dearest = max(members, key=lambda one: one.facts.get(fact, 0))
                text = f"{sum(known):,g} {unit} a month{of}, more than {most:,g}"
                yield dearest, Violation(("facts", fact), text)


def with_judgement(plan: Plan, judgement: Judgement) -> Plan:
    """The plan with what rules say of it; refused when one of them denies it."""
    denied = judgement.denied
    if not denied:
        return replace(plan, judgement=judgement)
    rules = sorted({one.rule for one in denied})
    refusal = Refusal(
        SafetyRule.POLICY,
        f"{count(len(denied), 'finding')} of rules that deny: {', '.join(rules)}",
        "correct the manifests, or write an exception into them: "
        f"`allow: {{{rules[0]}: {{reason: …, until: 2026-12-31}}}}`",
    )
    return replace(plan, judgement=judgement, refusals=(*plan.refusals, refusal))


def compare(
    base: str,
    before: Sequence[Rule],
    after: Sequence[Rule],
    subjects: Sequence[Subject],
    today: date,
    now: Judgement,
) -> ChangedRules | None:
    """What the rules of an earlier revision find otherwise; None when they are the same."""
    old = {rule.id: rule.document.value for rule in before}
    new = {rule.id: rule.document.value for rule in after}
    changed = tuple(sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)))
    if not changed:
        return None
    found = judge(before, subjects, today, live=True).findings
    past = {one.identity for one in found}
    present = {one.identity for one in now.findings}
    return ChangedRules(
        base,
        changed,
        lost=tuple(one for one in found if one.identity not in present),
        gained=tuple(one for one in now.findings if one.identity not in past),
    )


def rule_problems(
    rules: Sequence[Rule], subjects: Callable[[], Iterable[Subject]]
) -> Iterator[Problem]:
    """The rules that contradict their own tests or others, or that are for nothing.

    Args:
        subjects: the manifests of every environment; called when the tests of a rule do not say it.
    """
    for rule in rules:
        yield from example_problems(rule, rules)
        examples = [example.subject for example in (*rule.good, *rule.bad)]
        if not any(map(rule.is_for, examples)) and not any(map(rule.is_for, subjects())):
            yield Problem(
                f"the rule `{rule.id}` is for no manifest of any environment, nor for its own "
                "tests",
                rule.document.locate(Fault(path=("when",), message="", at_key=True)).location,
                "correct `when`, or delete the rule",
            )


def example_problems(rule: Rule, rules: Iterable[Rule]) -> Iterator[Problem]:
    """The examples of a rule that it judges otherwise than they say, or that others refuse."""
    for example in rule.bad:
        if not _refused(rule, example):
            yield Problem(
                f"the rule `{rule.id}` does not refuse its bad example",
                example.location,
                "correct the rule or the example",
            )
    for example in rule.good:
        for other in rules:
            if other is not rule and other.form.name is not None and not example.is_named:
                continue
            for violation in _refused(other, example):
                whose = "its" if other is rule else f"`{rule.id}`'s"
                yield Problem(
                    f"the rule `{other.id}` refuses {whose} good example: {violation.detail}",
                    example.location,
                    "correct one of them",
                )


def _refused(rule: Rule, example: Example) -> list[Violation]:
    subject = example.subject
    if not rule.is_for(subject):
        return []
    return [*violations(rule, subject), *_grouped(rule, subject.facts)]


def _grouped(rule: Rule, facts: Mapping[str, Any]) -> Iterator[Violation]:
    """The limits of several schedules together, of which an example gives the sum."""
    limits = rule.limits
    if limits is None:
        return
    for most, fact in (
        (limits.schedules, "schedules"),
        (limits.wakes, "wakes_a_month"),
        (limits.dollars, "dollars_a_month"),
    ):
        if most is not None and facts.get(fact, 0) > most:
            yield Violation(("facts", fact), f"{facts[fact]:,g} is more than {most:,g}")
