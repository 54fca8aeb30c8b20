"""The annotations of a plan, apart: a check of manifests loads nothing of plans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.github.annotations import Annotation, of_findings, with_remedy
from reconciler.plan import Kind, Plan
from reconciler.plan.finding import Level
from reconciler.render.effect_words import lost_or_repeated


def of_plan(plan: Plan) -> Iterator[Annotation]:
    """The errors and warnings of a plan, at their manifests; refusals are about no line."""
    for item in plan.missing:
        place = item.location
        yield Annotation(
            level="error",
            message=with_remedy(item.message, item.remedy),
            file=place.file,
            line=place.line,
            column=place.column,
        )
    if plan.judgement is not None:
        yield from of_findings(plan.judgement.findings)
        if plan.judgement.changed is not None:
            for lost in plan.judgement.changed.lost:
                message = f"the rules of the base alone find this: {lost.message}"
                yield from of_findings([replace(lost, level=Level.WARN, message=message)])
    for refusal in plan.refusals:
        yield Annotation(level="error", message=with_remedy(refusal.message, refusal.remedy))
    for warning in plan.warnings:
        yield Annotation(
            level="warning", message=warning.message, file=warning.file, line=warning.line or 0
        )
    yield from _of_effects(plan)


def _of_effects(plan: Plan) -> Iterator[Annotation]:
    """The runs that changes skip and double, at the manifests that change."""
    places = {change.name: change for change in plan.changes if change.kind is Kind.SCHEDULE}
    for effect in plan.effects:
        place = places.get(effect.name)
        for words in lost_or_repeated(effect):
            yield Annotation(
                level="warning",
                message=f"{effect.name}: {words}",
                file=None if place is None else place.file,
                line=0 if place is None else place.line or 0,
            )
