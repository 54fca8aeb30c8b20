"""What git changes of code targets, what of them has drifted, and which retire.

What the last apply deployed is in the generation; what is deployed is in the tags of each app,
which its deploy sends, and in what Modal reads back of its function.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from reconciler.cron import minute
from reconciler.foreign_text import on_one_line
from reconciler.manifest import Location
from reconciler.manifest.regions import is_known_region
from reconciler.manifest.sizes import KNOWN_AS_OF, is_known_gpu
from reconciler.model.generation import Generation, Retired
from reconciler.model.target_record import TargetRecord
from reconciler.plan.change import Action, Change, Kind
from reconciler.plan.code_targets import SUPERVISED, PlannedTarget
from reconciler.plan.foreign import Warned
from reconciler.plan.read_back import asked_for, differing
from reconciler.plan.state import Actual, Desired, LiveTarget
from reconciler.plan.tags import CODE_TAG, IMAGE_TAG, RESOURCES_TAG, is_target_of, variable_tag
from reconciler.words import count, rough_duration

LISTED: Final = 3
"""Files and schedules that a reason names."""
_ASPECTS: Final = (
    (CODE_TAG, "code", "code_digest"),
    (IMAGE_TAG, "image", "image_digest"),
    (RESOURCES_TAG, "resources", "resources_digest"),
)
"""The tag of each aspect of a target, what a reason calls it, and the record's attribute."""


@dataclass(frozen=True, slots=True)
class Retiring:
    """The app of a code target that no schedule names any more.

    Attributes:
        retired: from when it may be removed, once no call of it is open.
    """

    live: LiveTarget
    retired: Retired

    def is_ripe(self, now: int) -> bool:
        """Whether it can be removed."""
        return self.retired.since <= now and self.live.busy is False

    def why(self, now: int) -> str:
        """Why it is still there."""
        if self.retired.since > now:
            left = rough_duration((self.retired.since - now) * 60)
            return f"a wake or a retry may still start it; it may be removed in {left}"
        return "calls of it are open" if self.live.busy else "it may be removed by the next apply"


def target_changes(
    applied: Generation | None, planned: Iterable[PlannedTarget]
) -> Iterator[Change]:
    """What git changes, sorted by app: code, image and resources each on their own."""
    before = {} if applied is None else {one.app: one for one in applied.targets}
    for one in sorted(planned, key=lambda target: target.record.app):
        record = one.record
        old = before.get(record.app)
        if old is None:
            files = count(len(record.files), "file")
            reason = f"deploys {record.code} with {files}, for {_listed(one.schedules)}"
            yield _change(Action.CREATE, record.app, reason, None, record)
            continue
        for _tag, aspect, digest in _ASPECTS:
            if getattr(old, digest) != getattr(record, digest):
                yield _change(Action.UPDATE, record.app, _reason(aspect, old, record), old, record)


def variable_changes(
    actual: Actual, planned: Iterable[PlannedTarget], variables: Mapping[str, str]
) -> Iterator[Change]:
    """The variables of which another value is deployed; one that is not set is not compared."""
    for one in planned:
        live = actual.code_targets.get(one.record.app)
        if live is None:
            continue
        names = [
            name
            for name in one.target.options.from_env
            if name in variables and live.tags.get(variable_tag(name)) != variables[name]
        ]
        if names:
            values = "value" if len(names) == 1 else "values"
            reason = f"secret: the {values} of {_listed(names)} will be replaced"
            yield Change(action=Action.UPDATE, kind=Kind.TARGET, name=one.record.app, reason=reason)


def target_drift(
    actual: Actual, applied: Generation | None, planned: Iterable[PlannedTarget]
) -> Iterator[Change]:
    """What is deployed otherwise than it was applied, and than git says."""
    before = {} if applied is None else {one.app: one for one in applied.targets}
    if actual.revision is not None:
        return
    for one in planned:
        old = before.get(one.record.app)
        if old is None:
            continue
        live = actual.code_targets.get(one.record.app)
        if live is None:
            yield _repair(one.record.app, f"{one.record.code} is no longer deployed")
            continue
        reason = _deployed_otherwise(live, old, one.record)
        if reason is not None:
            touched = "" if live.deployed is None else f"; deployed {live.deployed}"
            yield _repair(one.record.app, reason + touched)


def target_warnings(
    planned: Iterable[PlannedTarget], locations: Mapping[str, Location]
) -> Iterator[Warned]:
    """Name what Modal is not known to offer; it may have been added since."""
    for one in planned:
        options, at = one.target.options, locations[one.schedules[0]]
        unknown = [f"GPU `{gpu}`" for gpu in options.gpu or () if not is_known_gpu(gpu)]
        unknown += [
            f"region `{name}`" for name in options.region or () if not is_known_region(name)
        ]
        for what in unknown:
            message = (
                f"{one.schedules[0]}: Modal is not known to offer the {what} (known as of "
                f"{KNOWN_AS_OF}); it refuses the deploy if it does not"
            )
            yield Warned(message, at.file, at.line)


def to_deploy(
    actual: Actual, planned: Iterable[PlannedTarget], variables: Mapping[str, str]
) -> tuple[PlannedTarget, ...]:
    """The targets whose app has to be deployed, sorted by app."""
    return tuple(
        one
        for one in sorted(planned, key=lambda target: target.record.app)
        if _must_deploy(actual.code_targets.get(one.record.app), one, variables)
    )


def image_changed(actual: Actual, one: PlannedTarget) -> bool:
    """Whether the image of a target that has to be deployed is not the deployed one."""
    live = actual.code_targets.get(one.record.app)
    return live is None or live.tags.get(IMAGE_TAG) != one.record.image_digest


def retiring_targets(
    actual: Actual, planned: Iterable[PlannedTarget], desired: Desired, now: int
) -> tuple[Retiring, ...]:
    """The apps of ours that no schedule names any more, sorted.

    An app that no generation knows is of an apply that did not finish, or of a lost generation: a
    run of it may be retried for as long as a supervisor lives.
    """
    app = desired.settings.app
    kept = {one.record.app for one in planned}
    known = actual.known_targets
    noted: dict[str, Retired] = {}
    for generation in (actual.applied, actual.live):
        noted |= {} if generation is None else generation.retiring
    found = []
    for name, live in sorted(actual.code_targets.items()):
        if name in kept or not is_target_of(live.tags, app):
            continue
        if name in known:
            since, code = now + known[name].lingers, known[name].code
        elif name in noted:
            since, code = noted[name]
        else:
            at = now if live.deployed is None else minute(datetime.fromisoformat(live.deployed.at))
            since, code = at + SUPERVISED, ""
        found.append(Retiring(live, Retired(since, code)))
    return tuple(found)


def refuse_taken(
    actual: Actual, planned: Iterable[PlannedTarget], app: str
) -> Iterator[tuple[str, str]]:
    """The targets whose app something else has deployed since: message and remedy."""
    for one in planned:
        live = actual.code_targets.get(one.record.app)
        if live is not None and not is_target_of(live.tags, app):
            by = "" if live.deployed is None else f" (deployed {live.deployed})"
            message = (
                f"the app {live.app}, which ran {one.record.code}, is now another one{by}: it "
                "bears none of our tags"
            )
            yield message, f"rename or stop that app: modal app stop {live.app}"


def removal(one: Retiring) -> Change:
    """The change that removes a retired target."""
    return Change(
        action=Action.DELETE,
        kind=Kind.TARGET,
        name=one.live.app,
        reason="no schedule names it now, and no call of it is open",
    )


def _must_deploy(live: LiveTarget | None, one: PlannedTarget, variables: Mapping[str, str]) -> bool:
    record = one.record
    if live is None or record.function not in live.functions:
        return True
    if any(live.tags.get(tag) != getattr(record, digest) for tag, _, digest in _ASPECTS):
        return True
    if any(differing(live.functions[record.function], record)):
        return True
    return any(
        name in variables and live.tags.get(variable_tag(name)) != variables[name]
        for name in one.target.options.from_env
    )


def _deployed_otherwise(
    live: LiveTarget, applied: TargetRecord, planned: TargetRecord
) -> str | None:
    """What is deployed otherwise than it was applied, and than it would be; None if nothing is."""
    if applied.function not in live.functions:
        return f"lacks its function {applied.function}"
    found = [
        f"its {aspect} differs from what was applied"
        for tag, aspect, digest in _ASPECTS
        if live.tags.get(tag) not in (getattr(applied, digest), getattr(planned, digest))
    ]
    function = live.functions[applied.function]
    wanted = asked_for(planned)
    found += [
        f"{key} is {_shown(is_now)}, applied was {_shown(was)}"
        for key, was, is_now in differing(function, applied)
        if key not in wanted or is_now != wanted[key]
    ]
    return ", ".join(found) or None


def _reason(aspect: str, old: TargetRecord, new: TargetRecord) -> str:
    if aspect == "code":
        if old.code != new.code:
            return f"code: {old.code} → {new.code}"
        changed = _differing_files(old.files, new.files)
        if not changed:
            return "code: our own part of the container changed"
        return f"code: {_listed(changed)} changed ({new.code_digest[:8]})"
    before, after = old.options, new.options
    if aspect == "image":
        before, after = before.get("image", {}), after.get("image", {})
        changed = _differing_files(old.image_files, new.image_files)
        parts = [*_differences(before, after), *([_listed(changed)] if changed else [])]
        return f"image: {', '.join(parts)}; it is built"
    without = (
        {key: value for key, value in options.items() if key != "image"}
        for options in (before, after)
    )
    return f"resources: {', '.join(_differences(*without))}"


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [
        f"{key} {_shown(before.get(key), key)} → {_shown(after.get(key), key)}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def _shown(value: Any, key: str = "") -> str:
    if value is None:
        return "unset"
    if key == "retries":
        return f"{value['max']} (backoff {value['backoff']}, factor {value['factor']:g})"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _differing_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    every = sorted(before.keys() | after.keys())
    return [path for path in every if before.get(path) != after.get(path)]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return on_one_line(", ".join(names[:LISTED]) + more)


def _change(
    action: Action, app: str, reason: str, old: TargetRecord | None, new: TargetRecord
) -> Change:
    return Change(
        action=action,
        kind=Kind.TARGET,
        name=app,
        reason=reason,
        before=None if old is None else old.to_json(),
        after=new.to_json(),
    )


def _repair(app: str, reason: str) -> Change:
    return Change(action=Action.REPAIR, kind=Kind.TARGET, name=app, reason=reason)
