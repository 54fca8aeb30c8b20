"""What each kind of rule demands of one manifest, but for the limits of several together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from reconciler.durations import format_seconds, parse_duration
from reconciler.manifest import CodeTarget
from reconciler.rules.facts import position
from reconciler.rules.form import LimitsForm
from reconciler.rules.rule import Rule, Subject, Violation
from reconciler.words import count

_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9_.-]*)\}")
_PINNED: Final = re.compile(r"[^=!<>~\[\]@ ]+(\[[^\]]*\])?\s*(==\s*[^,*\s]+(\s*;.*)?$|@\s*\S+)")


def violations(rule: Rule, subject: Subject) -> Iterator[Violation]:
    """Why a manifest that the rule is for does not satisfy it."""
    form = rule.form
    if rule.schema is not None:
        yield from _schema(rule, subject)
    elif form.require is not None:
        yield from _require(form.require, subject)
    elif form.name is not None:
        yield from _name(form.name, subject)
    elif form.owner is not None:
        yield from _owner(subject)
    elif form.limits is not None:
        yield from _limits(form.limits, subject.facts)
    else:
        yield from _image(subject)


def _schema(rule: Rule, subject: Subject) -> Iterator[Violation]:
    assert rule.schema is not None
    error = rule.schema.first_error(subject.value)
    if error is not None:
        where = ".".join(map(str, error.path))
        yield Violation(error.path, f"{f'`{where}`: ' if where else ''}{error.message}")


def _require(keys: list[str], subject: Subject) -> Iterator[Violation]:
    for key in keys:
        value: Any = subject.value
        path: list[str | int] = []
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
            if value is None:
                yield Violation(tuple(path), f"`{key}` is missing")
                break
            path.append(part)


def _name(pattern: str, subject: Subject) -> Iterator[Violation]:
    labels = subject.schedule.labels
    missing = [label for label in _PLACEHOLDER.findall(pattern) if label not in labels]
    if missing:
        yield Violation(("labels",), f"the name needs the label `{missing[0]}`")
        return
    filled = _PLACEHOLDER.sub(lambda found: re.escape(labels[found[1]]), pattern)
    if not _compiled(filled).fullmatch(subject.schedule.name):
        yield Violation(("name",), f"`{subject.schedule.name}` is not like `{pattern}`")


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _owner(subject: Subject) -> Iterator[Violation]:
    owner = subject.schedule.owner
    if owner is None:
        yield Violation((), "`owner` is missing")
        return
    allowed = subject.facts.get("code_owners")
    if allowed is None:
        return
    written = owner.lower().removeprefix("@")
    names = {one.lower().removeprefix("@") for one in allowed}
    if written not in names | {name.rpartition("/")[2] for name in names}:
        whose = f"those of its file are {', '.join(allowed)}" if allowed else "its file has none"
        yield Violation(("owner",), f"`{owner}` is not a code owner: {whose}")


def _limits(limits: LimitsForm, facts: Mapping[str, Any]) -> Iterator[Violation]:
    fires, gap = facts.get("fires_per_day"), facts.get("smallest_gap")
    if limits.fires_per_day is not None and fires is not None and fires > limits.fires_per_day:
        yield Violation(
            ("facts", "fires_per_day"),
            f"it runs {count(fires, 'time')} a day, more than {limits.fires_per_day:,}",
        )
    if limits.smallest_gap is not None and gap is not None:
        least = parse_duration(limits.smallest_gap).total_seconds()
        if gap < least:
            yield Violation(
                ("facts", "smallest_gap"),
                f"it runs every {format_seconds(gap)}, less than {limits.smallest_gap} apart",
            )
    for key, unit in (("cpu", "cores"), ("memory", "MiB of memory"), ("gpu", "GPUs")):
        most, found = getattr(limits, key), facts.get(key)
        if most is not None and found is not None and found > most:
            yield Violation(("facts", key), f"it has {found:,g} {unit}, more than {most:,g}")


def _image(subject: Subject) -> Iterator[Violation]:
    target = subject.schedule.target
    image = target.options.image if isinstance(target, CodeTarget) else None
    if image is None:
        return
    for index, package in enumerate(image.pip):
        if not _PINNED.match(package.strip()):
            yield Violation(("image", "pip", index), f"`{package}` has no pinned version (`==`)")
    for key in ("registry", "name"):
        base = getattr(image, key)
        if base is None or "@sha256:" in base:
            continue
        tag = base.rpartition("/")[2].partition(":")[2]
        if tag in {"", "latest"}:
            what = "the tag `latest`" if tag else "no tag"
            yield Violation(("image", key), f"`{base}` has {what}")


def key_of(violation: Violation, subject: Subject) -> tuple[str | int, ...]:
    """The key of the manifest to which a violation belongs."""
    return position(violation.path, subject.value)
