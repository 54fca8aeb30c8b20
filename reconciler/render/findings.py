"""What rules find, as lines of text, as Markdown and as the part of a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import Field

from reconciler.plan.finding import ChangedRules, Exemption, Finding, Judgement, Level
from reconciler.render.document_part import Part
from reconciler.render.markdown import code, prose
from reconciler.render.style import Style
from reconciler.words import count


class FindingPart(Part):
    """A manifest that does not satisfy a rule."""

    rule: str
    level: str = Field(description="`deny` or `warn`.")
    schedule: str
    message: str
    file: str
    line: int
    column: int


class ExceptionPart(Part):
    """An exception from a rule that holds."""

    rule: str
    schedule: str
    reason: str
    until: str = Field(description="The last day on which it holds, in UTC.")
    file: str
    line: int


class ChangedRulesPart(Part):
    """What the rules of the base revision find otherwise."""

    base: str
    rules: list[str] = Field(description="Rules that are new, removed or other.")
    lost: list[FindingPart] = Field(description="What the rules of the base alone find.")
    gained: list[FindingPart] = Field(description="What the present rules alone find.")


class RulesPart(Part):
    """What the rules of `rules/` say of the manifests."""

    rules: int = Field(ge=0)
    findings: list[FindingPart]
    exceptions: list[ExceptionPart]
    changed: ChangedRulesPart | None = Field(
        description="With `--against`, where rules differ; else null."
    )


def rules_part(judgement: Judgement) -> RulesPart:
    """What rules say, as the document has it."""
    changed = judgement.changed
    return RulesPart(
        rules=judgement.rules,
        findings=[finding_part(one) for one in judgement.findings],
        exceptions=[
            ExceptionPart(
                rule=one.rule,
                schedule=one.schedule,
                reason=one.reason,
                until=one.until.isoformat(),
                file=one.location.file,
                line=one.location.line,
            )
            for one in judgement.exemptions
        ],
        changed=None
        if changed is None
        else ChangedRulesPart(
            base=changed.base,
            rules=list(changed.changed),
            lost=[finding_part(one) for one in changed.lost],
            gained=[finding_part(one) for one in changed.gained],
        ),
    )


def finding_part(finding: Finding) -> FindingPart:
    """A finding, as documents have it."""
    return FindingPart(
        rule=finding.rule,
        level=finding.level,
        schedule=finding.schedule,
        message=finding.message,
        file=finding.location.file,
        line=finding.location.line,
        column=finding.location.column,
    )


def finding_lines(findings: Iterable[Finding], style: Style) -> Iterator[str]:
    """A line each: place, level, rule, schedule, message."""
    for one in findings:
        mark = style.red if one.level is Level.DENY else style.yellow
        yield f"{one.location}: {mark(f'{one.level} {one.rule}')}: {one.schedule}: {one.message}"


def rules_lines(judgement: Judgement | None, style: Style) -> Iterator[str]:
    """The section of a plan's text; nothing where there is nothing to say."""
    if judgement is None:
        return
    if judgement.findings:
        yield style.bold("Rules")
        yield from (f"  {line}" for line in finding_lines(judgement.findings, style))
    if judgement.exemptions:
        yield style.bold("Exceptions from rules")
        yield from (f"  {one}  {style.dim(str(one.location))}" for one in judgement.exemptions)
    if judgement.changed is not None:
        yield style.bold(_changed_title(judgement.changed))
        for words, findings in _sides(judgement.changed):
            yield f"  {words}"
            yield from (f"    {line}" for line in finding_lines(findings, style))


def rules_markdown(judgement: Judgement | None) -> Iterator[str]:
    """The lines of a comment."""
    if judgement is None:
        return
    for one in judgement.findings:
        yield f"- {_finding_markdown(one)}"
    for exemption in judgement.exemptions:
        yield f"- 🔓 {_exemption_markdown(exemption)}"
    if judgement.changed is not None:
        yield f"- ⚖️ **{prose(_changed_title(judgement.changed))}**"
        for words, findings in _sides(judgement.changed):
            yield f"  - {prose(words)}"
            yield from (f"    - {_finding_markdown(one)}" for one in findings)


def _finding_markdown(one: Finding) -> str:
    sign = "⛔" if one.level is Level.DENY else "⚠️"
    return f"{sign} {code(str(one.location))} {code(one.rule)}: {code(one.schedule)}: " + prose(
        one.message
    )


def _exemption_markdown(one: Exemption) -> str:
    return (
        f"{code(str(one.location))} exception from {code(one.rule)}: {code(one.schedule)} until "
        f"{one.until}: {prose(one.reason)}"
    )


def _changed_title(changed: ChangedRules) -> str:
    return f"Rules changed since commit {changed.base[:12]}: {', '.join(changed.changed)}"


def _sides(changed: ChangedRules) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    for whose, findings in (
        ("rules of the base", changed.lost),
        ("present rules", changed.gained),
    ):
        if findings:
            yield f"the {whose} alone have {count(len(findings), 'finding')}:", findings
    if not changed.lost and not changed.gained:
        yield "both find the same in the manifests of this plan", ()
