"""Applies of functions of the repository, over the in-memory workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from reconciler.deploy.apply import RefusedPlanError, Step, apply, prepare
from reconciler.deploy.from_env import MissingVariableError
from reconciler.deploy.ports import DeployedApp, ImageNotBuiltError, MissingObjectError, Workspace
from reconciler.manifest import Settings
from reconciler.plan import Action, Kind, Plan
from reconciler.plan.code_targets import read_sources
from tests.deploy.scenario import SOMEBODY, World
from tests.manifest.repository import load_code
from tests.plan.scenario import desired

FILES = {
    "jobs/rates.py": "from jobs.common import x\ndef refresh(base=1): ...\ndef other(): ...\n",
    "jobs/common.py": "x = 1\n",
    "jobs/report.py": "async def send(): ...\n",
}
RATES = "name: rates\nschedule: 1h\ncode: jobs/rates.py::refresh\ncpu: 1\n"
REPORT = "name: report\nschedule: 1d\ncode: jobs/report.py::send\n"
APP = "schedule-reconciler"


@dataclass
class CodeWorld(World):
    """A workspace to which a repository with code is applied."""

    environ: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Workspace:
        return replace(super().workspace, environ=self.environ)

    def plan_code(
        self, manifest: str, files: Mapping[str, str] = FILES, settings: Settings | None = None
    ) -> Plan:
        manifests = load_code(manifest, files, settings)
        schedules = manifests.for_environment("production")
        wanted = replace(
            desired(schedules), sources=read_sources(schedules, manifests.code), runtime="runtime"
        )
        return asyncio.run(prepare(self.workspace, wanted))

    def apply_code(
        self,
        manifest: str,
        files: Mapping[str, str] = FILES,
        settings: Settings | None = None,
        *,
        killed_at: Step | None = None,
    ) -> Plan:
        plan = self.plan_code(manifest, files, settings)

        def on_step(step: Step) -> None:
            if step is killed_at:
                raise KilledError

        asyncio.run(apply(self.workspace, plan, SOMEBODY, on_step))
        return plan

    def app(self, name: str) -> DeployedApp | None:
        return next((app for app in self.apps.apps if app.name == f"{APP}-{name}"), None)


class KilledError(BaseException):
    pass


def targets(plan: Plan) -> list[tuple[Action, str, str]]:
    """The changes of targets, without our app's name."""
    return [
        (change.action, change.name.removeprefix(f"{APP}-"), change.reason)
        for change in (*plan.changes, *plan.drift)
        if change.kind is Kind.TARGET
    ]


def test_each_target_is_an_app_and_a_second_plan_is_empty() -> None:
    world = CodeWorld()
    plan = world.apply_code(f"{RATES}---\n{REPORT}")
    assert sorted(world.apps.deploys) == [f"{APP}-rates-refresh", f"{APP}-report-send"]
    record = plan.generation.by_name["rates"]
    assert (record.app, record.function) == (f"{APP}-rates-refresh", "refresh")
    world.apps.deploys.clear()
    world.apps.built.clear()
    assert world.plan_code(f"{RATES}---\n{REPORT}").empty
    world.apply_code(f"{RATES}---\n{REPORT}")
    assert (world.apps.deploys, world.apps.built) == ([], [])


def test_a_changed_line_changes_one_function_and_builds_no_image() -> None:
    world = CodeWorld()
    world.apply_code(f"{RATES}---\n{REPORT}")
    world.apps.deploys.clear()
    world.apps.built.clear()
    plan = world.apply_code(f"{RATES}---\n{REPORT}", {**FILES, "jobs/common.py": "x = 2\n"})
    ((action, name, reason),) = targets(plan)
    assert (action, name) == (Action.UPDATE, "rates-refresh")
    assert reason.startswith("code: jobs/common.py changed")
    assert (world.apps.deploys, world.apps.built) == ([f"{APP}-rates-refresh"], [])


def test_image_and_resources_change_apart_and_keep_the_app() -> None:
    world = CodeWorld()
    world.apply_code(RATES)
    plan = world.apply_code(f"{RATES}memory: 1Gi\nimage: {{pip: [requests]}}\n")
    assert targets(plan) == [
        (Action.UPDATE, "rates-refresh", 'image: pip unset → ["requests"]; it is built'),
        (Action.UPDATE, "rates-refresh", "resources: memory unset → 1Gi"),
    ]
    assert world.apps.built == [f"{APP}-rates-refresh"] * 2
    world.apply_code(f"{RATES}memory: 2Gi\nimage: {{pip: [requests]}}\n")
    assert len(world.apps.built) == 2, "other resources build no image"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "retries: 2\n", "retries unset → 2 (backoff 1s, factor 2)"),
        (
            "retries: 2\n",
            "retries: {max: 2, backoff: 5m}\n",
            "retries 2 (backoff 1s, factor 2) → 2 (backoff 5m, factor 2)",
        ),
    ],
)
def test_a_change_of_the_retries_says_its_values_once(before: str, after: str, said: str) -> None:
    world = CodeWorld()
    world.apply_code(f"{RATES}{before}")
    plan = world.plan_code(f"{RATES}{after}")
    assert [change.reason for change in plan.changes] == [
        "the retries of its target change",
        f"resources: {said}",
    ]


def test_schedules_share_a_function_unless_their_resources_differ() -> None:
    world = CodeWorld()
    same = RATES.replace("rates\n", "rates-usd\n", 1) + "args: {base: 2}\n"
    other = RATES.replace("rates\n", "rates-big\n", 1).replace("cpu: 1", "cpu: 4")
    world.apply_code("---\n".join([RATES, same]))
    assert world.apps.deploys == [f"{APP}-rates-refresh"]
    plan = world.apply_code("---\n".join([RATES, same, other]))
    records = plan.generation.by_name
    assert records["rates"].app == records["rates-usd"].app == f"{APP}-rates-refresh"
    assert records["rates-big"].app.startswith(f"{APP}-rates-refresh-")
    assert world.apps.deploys[1:] == [records["rates-big"].app]


def test_ten_thousand_schedules_that_share_20_functions_are_20_apps() -> None:
    files = {f"jobs/job_{n}.py": "def run(): ...\n" for n in range(20)}
    manifest = "---\n".join(
        f"name: job-{n}\nschedule: 1h\ncode: jobs/job_{n % 20}.py::run\n" for n in range(10_000)
    )
    world = CodeWorld()
    world.apply_code(manifest, files)
    assert len(world.apps.deploys) == len(set(world.apps.deploys)) == 20


def test_an_image_that_cannot_be_built_leaves_everything_as_it_was() -> None:
    world = CodeWorld()
    world.apply_code(RATES)
    before = (dict(world.files.files), list(world.apps.apps))
    world.apps.unbuildable.add("jobs/report.py::send")
    changed = {**FILES, "jobs/rates.py": FILES["jobs/rates.py"] + "y = 1\n"}
    with pytest.raises(ImageNotBuiltError) as caught:
        world.apply_code(f"{RATES}---\n{REPORT}", changed)
    assert caught.value.where == "schedules/job.yaml:8:7", "that of `code`: it has no `image`"
    kept = {path: world.files.files[path] for path in before[0]}
    assert (kept, world.apps.apps) == before


def test_a_secret_that_is_missing_leaves_all_functions_as_they_were() -> None:
    world = CodeWorld()
    world.apply_code(RATES)
    before = list(world.apps.apps)
    world.apps.lost.add("nope")
    changed = {**FILES, "jobs/rates.py": FILES["jobs/rates.py"] + "y = 1\n"}
    with pytest.raises(MissingObjectError) as caught:
        world.apply_code(f"{RATES}---\n{REPORT}secrets: [nope]\n", changed)
    assert caught.value.where == "schedules/job.yaml:9:1", "the line of `secrets`"
    assert world.apps.apps == before


STEPS = [
    Step.WRITE_GENERATION,
    Step.BUILD_IMAGES,
    Step.DEPLOY_TARGETS,
    Step.DEPLOY,
    Step.FLIP_POINTER,
    Step.SET_TAGS,
    Step.VERIFY,
]


@pytest.mark.parametrize("step", STEPS)
def test_an_apply_killed_before_any_step_converges_when_it_is_run_again(step: Step) -> None:
    world = CodeWorld()
    world.apply_code(RATES)
    after = f"{RATES}memory: 1Gi\n---\n{REPORT}"
    with pytest.raises(KilledError):
        world.apply_code(after, killed_at=step)
    world.later(minutes=15)
    world.apply_code(after)
    assert world.plan_code(after).empty
    assert sorted(world.apps.deploys)[-1] == f"{APP}-report-send"
    assert {app.name for app in world.apps.apps if app.name.startswith(APP)} == {
        APP,
        f"{APP}-rates-refresh",
        f"{APP}-report-send",
    }


def test_a_deploy_that_fails_half_way_is_completed_by_the_next_apply() -> None:
    world = CodeWorld()
    deploy = world.apps.deploy_target
    asked: list[object] = []

    async def failing(planned: object, *rest: object) -> None:
        asked.append(planned)
        if len(asked) == 2:
            raise KilledError
        await deploy(planned, *rest)  # type: ignore[arg-type]  # as it was called

    world.apps.deploy_target = failing  # type: ignore[method-assign,assignment]  # fails once
    with pytest.raises(KilledError):
        world.apply_code(f"{RATES}---\n{REPORT}")
    world.apps.deploy_target = deploy  # type: ignore[method-assign]  # works again
    world.later(minutes=15)
    world.apply_code(f"{RATES}---\n{REPORT}")
    assert world.plan_code(f"{RATES}---\n{REPORT}").empty
    assert len(world.apps.deploys) == 2, "what was deployed is not deployed again"


def test_a_rollback_deploys_the_older_code() -> None:
    world = CodeWorld()
    older = world.apply_code(RATES)
    world.apply_code(RATES, {**FILES, "jobs/common.py": "x = 2\n"})
    world.apply_code(RATES)
    app = world.app("rates-refresh")
    assert app is not None
    (target,) = older.generation.targets
    assert app.tags["code"] == target.code_digest


def test_a_target_that_no_schedule_names_retires_and_is_removed_once_it_is_idle() -> None:
    world = CodeWorld()
    world.apply_code(f"{RATES}---\n{REPORT}")
    world.apply_code(RATES)
    plan = world.plan_code(RATES)
    assert plan.empty
    assert [one.live.app for one in plan.retiring] == [f"{APP}-report-send"]
    assert plan.retiring[0].why(plan.now).endswith("it may be removed in 10 minutes")
    world.later(minutes=11)
    world.apps.busy.add(f"{APP}-report-send")
    assert world.plan_code(RATES).empty, "a call of it is open"
    world.apps.busy.clear()
    plan = world.apply_code(RATES)
    assert targets(plan) == [
        (Action.DELETE, "report-send", "no schedule names it now, and no call of it is open")
    ]
    assert world.app("report-send") is None
    assert world.plan_code(RATES).empty


def test_a_target_whose_runs_a_supervisor_retries_stays_for_a_day() -> None:
    world = CodeWorld()
    supervised = f"{REPORT}retries: {{max: 2, backoff: 10m}}\n"
    world.apply_code(f"{RATES}---\n{supervised}")
    world.apply_code(RATES)
    world.later(hours=23)
    assert world.plan_code(RATES).empty
    world.later(hours=2)
    assert not world.plan_code(RATES).empty


def test_a_target_that_comes_back_while_it_retires_keeps_its_app() -> None:
    world = CodeWorld()
    world.apply_code(f"{RATES}---\n{REPORT}")
    world.apply_code(RATES)
    plan = world.apply_code(f"{RATES}---\n{REPORT}")
    assert plan.generation.by_name["report"].app == f"{APP}-report-send"
    assert world.plan_code(f"{RATES}---\n{REPORT}").retiring == ()


def test_an_app_is_never_given_to_other_code() -> None:
    """A wake that reads what was live before would start the wrong function."""
    world = CodeWorld()
    files = {f"{folder}/rates.py": "def refresh(): ...\n" for folder in ("a", "b")}
    world.apply_code("name: rates\nschedule: 1h\ncode: a/rates.py::refresh\n", files)
    plan = world.apply_code("name: rates\nschedule: 1h\ncode: b/rates.py::refresh\n", files)
    assert plan.generation.by_name["rates"].app != f"{APP}-rates-refresh"


def test_an_app_of_others_with_such_a_name_is_left_alone() -> None:
    world = CodeWorld()
    world.apps.apps.append(DeployedApp("production", f"{APP}-rates-refresh"))
    plan = world.apply_code(RATES)
    assert plan.generation.by_name["rates"].app != f"{APP}-rates-refresh"
    assert world.plan_code(RATES).empty


def test_an_app_that_a_person_deployed_over_ours_is_not_overwritten() -> None:
    world = CodeWorld()
    world.apply_code(RATES)
    world.apps.apps = [
        replace(app, tags={}) if app.name == f"{APP}-rates-refresh" else app
        for app in world.apps.apps
    ]
    with pytest.raises(RefusedPlanError, match=r"which ran .*, is now another one"):
        world.apply_code(RATES)


def change_options(world: CodeWorld, **options: object) -> None:
    """Somebody changes what is deployed of a function, by hand."""
    world.apps.apps = [
        replace(app, functions=(replace(app.functions[0], options=options),))
        if app.name == f"{APP}-rates-refresh"
        else app
        for app in world.apps.apps
    ]


def test_other_resources_than_were_applied_are_drift() -> None:
    world = CodeWorld()
    world.apply_code(f"{RATES}memory: [512Mi, 1Gi]\n")
    change_options(world, cpu=4, memory=1024)
    plan = world.plan_code(f"{RATES}memory: [512Mi, 1Gi]\n")
    assert targets(plan) == [(Action.REPAIR, "rates-refresh", "cpu is 4, applied was 1")]
    world.apply_code(f"{RATES}memory: [512Mi, 1Gi]\n")
    assert world.plan_code(f"{RATES}memory: [512Mi, 1Gi]\n").empty


def test_what_modal_does_not_read_back_or_fills_in_is_no_drift() -> None:
    world = CodeWorld()
    world.apply_code(f"{RATES}secrets: [api]\nmemory: [512Mi, 1Gi]\n")
    change_options(world, cpu=1, memory=1024, timeout=300, retries=0, region=["us-east"])
    assert world.plan_code(f"{RATES}secrets: [api]\nmemory: [512Mi, 1Gi]\n").empty


def test_a_target_that_a_person_stopped_is_deployed_again() -> None:
    world = CodeWorld()
    world.apply_code(RATES)
    world.apps.apps = [app for app in world.apps.apps if app.name != f"{APP}-rates-refresh"]
    plan = world.apply_code(RATES)
    assert targets(plan) == [
        (Action.REPAIR, "rates-refresh", "jobs/rates.py::refresh is no longer deployed")
    ]
    assert world.plan_code(RATES).empty


LISTED = Settings(from_env=("KEY", "OTHER"))
WITH_KEY = f"{RATES}secrets: [{{from_env: [KEY, OTHER]}}]\n"


def test_a_variable_must_be_set_once_and_is_then_unknown_where_it_is_not_set() -> None:
    world = CodeWorld()
    with pytest.raises(MissingVariableError, match="takes the variable KEY") as caught:
        world.apply_code(WITH_KEY, settings=LISTED)
    assert caught.value.where == "schedules/job.yaml:5:1", "the line of `secrets`"
    world.environ = {"KEY": "one", "OTHER": "two"}
    world.apply_code(WITH_KEY, settings=LISTED)
    assert world.plan_code(WITH_KEY, settings=LISTED).empty
    world.environ = {}
    assert world.plan_code(WITH_KEY, settings=LISTED).empty, "unknown, not changed"
    changed = {**FILES, "jobs/common.py": "x = 2\n"}
    world.apply_code(WITH_KEY, changed, LISTED)
    world.environ = {"KEY": "one", "OTHER": "two"}
    assert world.plan_code(WITH_KEY, changed, LISTED).empty, "the digests stay"


def test_another_value_is_a_change_that_shows_neither_value_nor_digest() -> None:
    world = CodeWorld()
    world.environ = {"KEY": "one", "OTHER": "two"}
    world.apply_code(WITH_KEY, settings=LISTED)
    world.environ["OTHER"] = "a-new-value"
    plan = world.plan_code(WITH_KEY, settings=LISTED)
    (change,) = plan.changes
    assert change.reason == "secret: the value of OTHER will be replaced"
    assert (change.before, change.after) == (None, None)
    assert "a-new-value" not in repr(plan.changes)
    world.apply_code(WITH_KEY, settings=LISTED)
    assert world.plan_code(WITH_KEY, settings=LISTED).empty


def test_of_two_applies_at_once_one_deploys() -> None:
    world = CodeWorld()
    plan = world.plan_code(RATES)

    async def both() -> list[object]:
        return await asyncio.gather(
            *(apply(world.workspace, plan, SOMEBODY, lambda _step: None) for _ in range(2)),
            return_exceptions=True,
        )

    results = asyncio.run(both())
    assert [isinstance(result, Exception) for result in results].count(True) == 1
    assert world.apps.deploys == [f"{APP}-rates-refresh"]
    assert world.plan_code(RATES).empty
