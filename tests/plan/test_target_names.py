"""Every target gets an app of its own, under a name that Modal takes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest import CodeOptions, CodeTarget
from reconciler.manifest.sizes import Amount
from reconciler.model.target_record import TargetRecord
from reconciler.plan.target_names import beginning, name_targets

PATHS = st.builds(
    "{}{}.py".format,
    st.sampled_from(["", "a/", "b/", "jobs/deep/"]),
    st.sampled_from(["rates", "x_y", "x-y", "__init__", "long" * 9]),
)
NAMES = st.sampled_from(["refresh", "run_all", "_", "f" * 60])
TARGETS = st.builds(
    lambda path, function, cores: CodeTarget(
        path=path, function=function, options=CodeOptions(cpu=Amount(cores))
    ),
    PATHS,
    NAMES,
    st.integers(1, 3),
)
APPS = st.sampled_from(["app", "schedule-reconciler", "a.b_c", "x" * 64])


def records(named: dict[str, str], targets: list[CodeTarget]) -> dict[str, TargetRecord]:
    return {
        named[one.key]: TargetRecord(
            app=named[one.key],
            function=one.function,
            code=str(one),
            options=one.options.shown,
        )
        for one in targets
    }


@given(st.lists(TARGETS, max_size=8), st.lists(TARGETS, max_size=8), APPS)
def test_names_are_distinct_sound_and_stable(
    first: list[CodeTarget], second: list[CodeTarget], app: str
) -> None:
    before = dict(name_targets(first, app, {}, {}, ()))
    known = records(before, first)
    assert name_targets(first, app, known, {}, ()) == before, "an apply leaves nothing to rename"
    after = name_targets(second, app, known, {}, ())
    assert len(set(after.values())) == len({one.key for one in second})
    for one in second:
        name = after[one.key]
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,63}", name)
        assert name.startswith(beginning(app))
        assert name not in known or known[name].code == str(one), "never given to other code"


@given(st.lists(TARGETS, max_size=6), APPS)
def test_names_of_other_apps_are_not_taken(targets: list[CodeTarget], app: str) -> None:
    taken = set(name_targets(targets, app, {}, {}, ()).values())
    assert taken.isdisjoint(name_targets(targets, app, {}, {}, taken).values())


def test_a_plain_name_is_file_and_function() -> None:
    target = CodeTarget(path="jobs/rates.py", function="refresh_all")
    package = CodeTarget(path="jobs/__init__.py", function="run")
    named = name_targets([target, package], "app", {}, {}, ())
    assert list(named.values()) == ["app-rates-refresh-all", "app-jobs-run"]
