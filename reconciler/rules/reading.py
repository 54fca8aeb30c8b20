"""Reads the files of `rules/`, and reports all that is wrong with them, each at its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from reconciler.manifest import Schedule, Settings
from reconciler.manifest.document import Document, documents
from reconciler.manifest.fault import Fault, Path
from reconciler.manifest.location import Location
from reconciler.manifest.manifest_form import ManifestForm
from reconciler.manifest.problem import ManifestError, Problem
from reconciler.manifest.semantics import read
from reconciler.manifest.validation import check
from reconciler.rules.facts import FACTS, fires_per_day, gpus, normalised, seconds, smallest_gap
from reconciler.rules.facts import most as most_of
from reconciler.rules.form import KINDS, RuleForm
from reconciler.rules.rule import Example, Rule, Subject
from reconciler.words import nearest_name

_COMPLETE: Final[Mapping[str, Any]] = {
    "name": "example",
    "schedule": "0 6 * * *",
    "function": "app/job",
}
"""What completes an example that does not say it."""
_GROUPED: Final = ("schedules", "wakes_a_month", "dollars_a_month")
"""Facts that an example may give for several manifests together."""
_EXAMPLE_DAY: Final = 20_000 * 24 * 60
"""The epoch minute at which examples are judged: always the same, so that tests do not drift."""
_PLACEHOLDER: Final = re.compile(r"\{[A-Za-z][A-Za-z0-9_.-]*\}")


def read_rules(
    sources: Iterable[tuple[str, bytes] | Problem], settings: Settings
) -> tuple[Rule, ...]:
    """The rules of some files, in the order of their ids.

    Args:
        sources: names for messages with contents, sorted.

    Raises:
        ManifestError: with all that is wrong in them.
    """
    rules: dict[str, Rule] = {}
    problems: list[Problem] = []
    for source in sources:
        if isinstance(source, Problem):
            problems.append(source)
            continue
        if not source[0].lower().endswith((".yaml", ".yml")):
            continue
        empty = True
        for document in documents(source[1], source[0]):
            empty = False
            if isinstance(document, Problem):
                problems.append(document)
                continue
            found = _rule(document, settings)
            if not isinstance(found, Rule):
                problems.extend(found)
            elif found.id in rules:
                first = rules[found.id].document.location
                problems.append(
                    Problem(
                        f"duplicate rule `{found.id}`, first in {first}",
                        document.position("id"),
                        "give each rule a unique id",
                    )
                )
            else:
                rules[found.id] = found
        if empty:
            problems.append(
                Problem(
                    "this file contains no rule",
                    Location(source[0], 1, 1),
                    "write one, or delete the file",
                )
            )
    if problems:
        raise ManifestError(problems)
    return tuple(rules[name] for name in sorted(rules))


def _rule(document: Document, settings: Settings) -> Rule | list[Problem]:
    form = check(document.value, RuleForm)
    if not isinstance(form, RuleForm):
        return [*document.problems, *document.locate_all(form)]
    faults = [*_kind_faults(form), *_pattern_faults(form), *_when_faults(form, settings)]
    faults += _schema_faults(form)
    good = _examples(form.tests.good, "good", document, settings, faults)
    bad = _examples(form.tests.bad, "bad", document, settings, faults)
    if faults or document.problems:
        return [*document.problems, *document.locate_all(faults)]
    schema = matches = None
    inner = None if form.when is None else form.when.matches
    if form.json_schema is not None or inner is not None:
        from reconciler.rules.json_schema import CompiledSchema

        schema = None if form.json_schema is None else CompiledSchema(form.json_schema)
        matches = None if inner is None else CompiledSchema(inner)
    facts = _facts(form)
    for compiled in (schema, matches):
        if compiled is not None:
            read_by = compiled.facts
            facts |= FACTS if read_by is None else read_by & FACTS
    return Rule(form, document, facts, schema, matches, good, bad)


def _kind_faults(form: RuleForm) -> Iterator[Fault]:
    given = [kind for kind in KINDS if _of(form, kind) is not None]
    if not given:
        yield Fault(
            path=(),
            message=f"the rule demands nothing: one of {', '.join(KINDS)} is missing",
            remedy="add one",
        )
    for kind in given[1:]:
        yield Fault(
            path=(kind,),
            message=f"both `{given[0]}` and `{kind}` are given",
            remedy="write two rules",
            at_key=True,
        )
    if form.limits is not None and not form.limits.model_dump(exclude={"per"}, exclude_none=True):
        yield Fault(path=("limits",), message="`limits` limits nothing", remedy="add a limit")


def _of(form: RuleForm, kind: str) -> Any:
    return form.json_schema if kind == "schema" else getattr(form, kind)


def _pattern_faults(form: RuleForm) -> Iterator[Fault]:
    if form.name is not None:
        try:
            re.compile(_PLACEHOLDER.sub("x", form.name))
        except re.error as error:
            yield Fault(
                path=("name",),
                message=f"is not a regular expression: {error.msg}",
                offset=error.pos,
            )
    known = ManifestForm.model_fields
    for index, key in enumerate(form.require or ()):
        first = key.partition(".")[0]
        if first not in known:
            near = nearest_name(first, known)
            yield Fault(
                path=("require", index),
                message=f"a manifest has no key `{first}`",
                remedy=None if near is None else f"did you mean `{near}`?",
            )


def _when_faults(form: RuleForm, settings: Settings) -> Iterator[Fault]:
    for index, name in enumerate((form.when and form.when.environments) or ()):
        if not settings.knows(name):
            near = nearest_name(name, settings.declared)
            yield Fault(
                path=("when", "environments", index),
                message=f"there is no environment `{name}`",
                remedy=None if near is None else f"did you mean `{near}`?",
            )


def _schema_faults(form: RuleForm) -> Iterator[Fault]:
    schemas: list[tuple[Path, Mapping[str, Any] | None]] = [
        (("schema",), form.json_schema),
        (("when", "matches"), None if form.when is None else form.when.matches),
    ]
    for path, schema in schemas:
        if schema is None:
            continue
        from reconciler.rules.json_schema import CompiledSchema, schema_fault

        fault = schema_fault(schema)
        if fault is not None:
            message = f"is not a JSON Schema: {fault.message}"
            yield Fault(path=(*path, *fault.path), message=message, remedy="correct it")
            continue
        for name in sorted((CompiledSchema(schema).facts or frozenset()) - FACTS):
            near = nearest_name(name, FACTS)
            known = f"there are {', '.join(sorted(FACTS))}"
            yield Fault(
                path=(*path, "properties", "facts", "properties", name),
                message=f"there is no fact `{name}`",
                remedy=known if near is None else f"did you mean `{near}`?",
                at_key=True,
            )


def _facts(form: RuleForm) -> frozenset[str]:
    if form.owner is not None:
        return frozenset({"code_owners"})
    if form.limits is None:
        return frozenset()
    given = form.limits.model_dump(exclude_none=True).keys()
    names = {"wakes": "wakes_a_month", "dollars": "dollars_a_month"}
    return frozenset(names.get(key, key) for key in given) & FACTS


def _examples(
    written: list[dict[str, Any]],
    kind: str,
    document: Document,
    settings: Settings,
    faults: list[Fault],
) -> tuple[Example, ...]:
    found: list[Example] = []
    for index, item in enumerate(written):
        path: Path = ("tests", kind, index)
        value = {key: inner for key, inner in item.items() if key != "facts"}
        defaults = dict(_COMPLETE)
        if "at" in value:
            defaults.pop("schedule")
        if "code" in value:
            defaults.pop("function")
        value = {**defaults, **value}
        form = check(value, ManifestForm)
        schedule = (
            read(form, document.position(*path), settings)
            if isinstance(form, ManifestForm)
            else form
        )
        given = item.get("facts") or {}
        wrong = _fact_faults(given, path)
        if not isinstance(schedule, Schedule):
            wrong += [_within(path, fault) for fault in schedule]
        if wrong or not isinstance(schedule, Schedule):
            faults.extend(wrong)
            continue
        facts = {**_computed(schedule), **given}
        environment = str(facts.setdefault("environment", "production"))
        subject = Subject(schedule, environment, normalised(value, facts))
        found.append(Example(subject, document.position(*path), "name" in item))
    return tuple(found)


def _fact_faults(given: Any, path: Path) -> list[Fault]:
    if not isinstance(given, dict):
        return [Fault(path=(*path, "facts"), message="`facts` must be a mapping of facts")]
    known = FACTS | set(_GROUPED)
    return [
        Fault(
            path=(*path, "facts", name),
            message=f"there is no fact `{name}`",
            remedy=f"there are {', '.join(sorted(known))}",
            at_key=True,
        )
        for name in given
        if name not in known
    ]


def _computed(schedule: Schedule) -> dict[str, Any]:
    found = {
        "fires_per_day": fires_per_day(schedule, _EXAMPLE_DAY),
        "smallest_gap": smallest_gap(schedule, _EXAMPLE_DAY),
        "cpu": most_of(schedule, "cpu"),
        "memory": most_of(schedule, "memory"),
        "gpu": gpus(schedule),
    } | {name: seconds(schedule, name) for name in ("deadline", "timeout", "tolerance")}
    return {name: value for name, value in found.items() if value is not None}


def _within(path: Path, fault: Fault) -> Fault:
    return Fault(
        path=(*path, *fault.path),
        message=f"the example is not a valid manifest: {fault.message}",
        remedy=fault.remedy,
        at_key=fault.at_key,
    )
