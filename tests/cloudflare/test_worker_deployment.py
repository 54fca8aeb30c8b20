"""A deploy of the Worker is complete, repeatable, and harms nobody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from reconciler.deploy.cloudflare.api import LONGEST_PAUSE, Account
from reconciler.deploy.cloudflare.errors import CloudflareError, is_passing, refusal
from reconciler.deploy.cloudflare.worker_deployment import delete, deploy, look, observe
from reconciler.errors import ReconcileError, RefusedError
from reconciler.manifest.cloudflare_settings import CloudflareSettings, Mode
from reconciler.plan.state import WorkerAttempts
from reconciler.plan.worker import PlannedWorker
from reconciler.plan.worker_data import WorkerData
from tests.cloudflare.fake_cloudflare import TOKEN, FakeCloudflare, Fault, serving

DATA = WorkerData(
    source="cloudflare",
    mode=Mode.TRIGGERS,
    alert_after=10,
    crons={"0 9 * * MON-FRI": ["report"], "*/5 * * * *": ["poll"]},
)
PLAN = PlannedWorker(
    settings=CloudflareSettings(account="0" * 32, worker="wakes", mode=Mode.TRIGGERS),
    owners=("abc",),
    data=DATA,
    covers=("0 9 * * 1-5", "*/5 * * * *"),
)
URL = "https://ws--app-web.modal.run"
KEYS = {"KEY": "whsec_planted-secret"}


class KilledError(BaseException):
    """The process ends here."""


@dataclass
class Place:
    """An account, and the pauses that calls made."""

    fake: FakeCloudflare
    paused: list[float]

    def account(self, *, token: str = TOKEN, dies_at: int | None = None) -> Account:
        """The account; its process dies after so many calls have been answered."""
        left = [dies_at]

        def count_down(_: httpx.Response) -> None:
            if left[0] is not None:
                left[0] -= 1
                if left[0] < 0:
                    raise KilledError

        client = httpx.Client(event_hooks={"response": [count_down]})
        return Account("account-1", token, self.fake.url, client, self.paused.append)

    def deploy(self, plan: PlannedWorker = PLAN, *, dies_at: int | None = None) -> None:
        """Deploy, silently."""
        deploy(self.account(dies_at=dies_at), plan, URL, KEYS, lambda _: None)


@pytest.fixture
def place() -> Iterator[Place]:
    """An empty account."""
    with serving() as fake:
        yield Place(fake, [])


def test_a_deploy_brings_the_worker_its_queue_its_database_and_its_triggers(place: Place) -> None:
    place.deploy()
    fake = place.fake
    script = fake.scripts["wakes"]
    bindings = {each["name"]: each for each in script["metadata"]["bindings"]}
    assert set(bindings) == {"URL", "KEY", "DB", "RETRY", "DEAD_QUEUE"}
    assert bindings["KEY"]["type"] == "secret_text"
    assert script["metadata"]["keep_bindings"] == ["secret_text"]
    assert set(script["modules"]) == {"worker.js", "data.js"}
    assert script["subdomain"] == {"enabled": False, "previews_enabled": False}
    assert fake.crons == {"wakes": ["0 9 * * MON-FRI", "*/5 * * * *"]}
    retries, dead = fake.queues["wakes-retries"], fake.queues["wakes-exhausted"]
    assert fake.consumers[retries]["dead_letter_queue"] == "wakes-exhausted"
    assert "dead_letter_queue" not in fake.consumers[dead]
    assert [sql.split(" (")[0] for sql in fake.tables[fake.databases["wakes"]]] == [
        "CREATE TABLE IF NOT EXISTS attempts",
        "CREATE INDEX IF NOT EXISTS attempts_at ON attempts",
        "CREATE TABLE IF NOT EXISTS state",
    ]


def test_the_schedules_are_put_after_every_upload(place: Place) -> None:
    place.deploy()
    place.deploy()
    calls = [call for call in place.fake.asked if call.startswith("PUT /workers")]
    upload, schedules = "PUT /workers/scripts/wakes", "PUT /workers/scripts/wakes/schedules"
    assert calls == [upload, schedules, upload, schedules]


def test_a_deploy_without_queue_and_database_makes_none(place: Place) -> None:
    place.deploy(changed(queue=False, database=False))
    assert not place.fake.queues
    assert not place.fake.databases
    assert place.fake.crons["wakes"]


def test_a_look_counts_the_recorded_attempts_by_outcome_with_the_newest_of_each(
    place: Place,
) -> None:
    place.deploy()
    database = place.fake.tables[place.fake.databases["wakes"]]
    for at, outcome, status, error in [
        (999, "failed", 500, "too old"),
        (2_000, "failed", 503, "down"),
        (3_000, "failed", 0, "timeout"),
        (2_500, "failed", 502, "proxy"),
        (4_000, "accepted", 202, ""),
    ]:
        values = f"('id', 1, 1, {at}, '{outcome}', {status}, 5, '{error}')"
        database.append(f"INSERT INTO attempts VALUES {values}")
    since = datetime.fromtimestamp(1, UTC)
    assert look(place.account(), "wakes", since).attempts == (
        WorkerAttempts("accepted", 1, datetime.fromtimestamp(4, UTC), 202),
        WorkerAttempts("failed", 3, datetime.fromtimestamp(3, UTC), 0, "timeout"),
    )


def test_a_look_at_a_worker_without_a_database_has_no_attempts(place: Place) -> None:
    place.deploy(changed(database=False))
    assert look(place.account(), "wakes", datetime.fromtimestamp(1, UTC)).attempts is None


def deployed() -> dict[str, object]:
    """What an account holds after a deploy."""
    with serving() as fake:
        Place(fake, []).deploy()
        return fake.state()


def test_a_deploy_that_was_killed_after_any_call_is_completed_by_the_next() -> None:
    wanted = deployed()
    for calls in range(60):
        with serving() as fake:
            place = Place(fake, [])
            try:
                place.deploy(dies_at=calls)
            except KilledError:
                place.deploy()
                assert fake.state() == wanted, f"killed after call {calls}"
            else:
                assert calls > 15
                return
    raise AssertionError


def test_a_lost_answer_to_any_call_creates_nothing_twice() -> None:
    wanted = deployed()
    for calls in range(60):
        with serving() as fake:
            place = Place(fake, [])
            fake.faults = [*[None] * calls, Fault(is_done=True)]
            place.deploy()
            assert fake.state() == wanted, f"the answer to call {calls} was lost"
            if fake.faults:
                assert calls > 15
                return
    raise AssertionError


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (Fault(429, 971, headers={"Retry-After": "30"}), 30.0),
        (Fault(429, 10000), 1.0),
        (Fault(500, 10013), 1.0),
        (Fault(400, 10002), 1.0),
        (Fault(503), 1.0),
        (Fault(), 1.0),
    ],
)
def test_what_may_pass_is_tried_again(place: Place, fault: Fault, pause: float) -> None:
    place.fake.faults = [fault]
    place.deploy()
    assert place.paused == [pause]


def test_a_rate_limit_that_lasts_is_an_error_that_says_how_long(place: Place) -> None:
    wait = str(int(LONGEST_PAUSE) + 1)
    place.fake.faults = [Fault(429, 10000, headers={"Retry-After": wait})]
    with pytest.raises(CloudflareError) as caught:
        place.deploy()
    assert "limits the rate" in str(caught.value)
    assert f"Apply again in {wait} s" in str(caught.value)
    assert place.paused == []


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault(403, 10000), "the token may not do this in the account"),
        (Fault(403), "a firewall of Cloudflare blocked the call before the API saw it"),
        (Fault(403, 10023), "the token may not do this in the account"),
        *((Fault(400, code), "not one that Cloudflare knows") for code in (6003, 6111, 9106)),
        *((Fault(401, code), "not one that Cloudflare knows") for code in (9109, 10001)),
        (Fault(400, 10021), "does not accept the script: as the test wants it"),
        (Fault(400, 10026), "could not read the request: as the test wants it"),
        (Fault(400, 10072), "more cron triggers than its plan allows"),
        (Fault(400, 10100), "does not accept a cron trigger"),
        (Fault(400, 10053), "two bindings of the Worker have one name"),
        (Fault(400, 7406), "as many D1 databases"),
        (Fault(400, 7500), "D1 could not run the statement: as the test wants it"),
        (Fault(400, 12345), "Cloudflare refused the call: as the test wants it"),
    ],
)
def test_a_refusal_says_what_it_is_and_what_to_do(place: Place, fault: Fault, text: str) -> None:
    place.fake.faults = [fault]
    with pytest.raises(CloudflareError) as caught:
        place.deploy()
    assert text in str(caught.value)
    assert caught.value.remedy
    assert "Cloudflare, GET workers/scripts" in str(caught.value)
    assert place.paused == []


def test_of_a_long_refusal_three_hundred_characters_are_shown() -> None:
    answer = httpx.Response(400, json={"errors": [{"code": 10100, "message": "x" * 301}]})
    said = str(refusal("PUT schedules", answer))
    assert "x" * 300 in said
    assert "x" * 301 not in said


@pytest.mark.parametrize(
    ("status", "code"), [(500, 12345), (503, 12345), (400, 10013), (400, 10002)]
)
def test_a_failure_of_cloudflare_may_pass_and_is_not_called_a_refusal(
    status: int, code: int
) -> None:
    body = {"errors": [{"code": code, "message": "for now"}]}
    answer = httpx.Response(status, json=body)
    assert is_passing(answer)
    assert "Cloudflare failed: for now" in str(refusal("PUT schedules", answer))


def test_a_revoked_token_is_named_and_never_printed(place: Place) -> None:
    with pytest.raises(CloudflareError) as caught:
        deploy(place.account(token="planted-token"), PLAN, URL, KEYS, lambda _: None)
    assert "CLOUDFLARE_API_TOKEN" in str(caught.value)
    assert "planted" not in str(caught.value)
    assert "planted" not in repr(PLAN) + repr(place.account(token="planted-token"))


def test_an_answer_that_is_not_of_the_api_names_the_address() -> None:
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, text="hi")))
    account = Account("account-1", TOKEN, "http://proxy", client, lambda _: None)
    with pytest.raises(ReconcileError, match="CLOUDFLARE_API_BASE_URL"):
        deploy(account, PLAN, URL, KEYS, lambda _: None)


def test_a_worker_of_that_name_that_is_not_ours_is_refused(place: Place) -> None:
    place.deploy(replace(PLAN, owners=("other",)))
    before = place.fake.state()
    with pytest.raises(RefusedError, match="belongs to another repository or app \\(other\\)"):
        place.deploy()
    place.fake.scripts["wakes"]["metadata"]["tags"] = []
    with pytest.raises(RefusedError, match="the Worker `wakes` is not ours"):
        place.deploy()
    place.fake.scripts["wakes"]["metadata"]["tags"] = list(replace(PLAN, owners=("other",)).tags)
    assert place.fake.state() == before


@pytest.mark.parametrize("held", [4, 6])
def test_a_deploy_over_the_budget_is_refused_before_the_first_change(
    place: Place, held: int
) -> None:
    place.fake.scripts["shop"] = {"metadata": {"tags": []}}
    place.fake.crons["shop"] = [f"{minute} * * * *" for minute in range(held)]
    before = place.fake.state()
    with pytest.raises(RefusedError, match=r"needs 2 cron triggers, and [01] of the account's 5"):
        place.deploy()
    assert place.fake.state() == before


def test_a_worker_that_takes_all_that_is_free_can_be_deployed_again(place: Place) -> None:
    place.fake.scripts["shop"] = {"metadata": {"tags": []}}
    place.fake.crons["shop"] = [f"{minute} * * * *" for minute in range(3)]
    for _ in range(2):
        place.deploy()
    assert len(place.fake.crons["wakes"]) == len(PLAN.crons)


def test_triggers_that_come_back_in_other_words_are_the_same(place: Place) -> None:
    words = {"0 9 * * MON-FRI": "0 9 * * 2-6"}
    place.fake.cron_back = lambda cron: words.get(cron, cron)
    place.deploy()


def test_triggers_that_come_back_with_another_meaning_are_an_error(place: Place) -> None:
    place.fake.cron_back = lambda cron: cron.replace("MON-FRI", "1-5")
    with pytest.raises(ReconcileError, match="has other cron triggers than this deploy set"):
        place.deploy()


def test_a_consumer_that_cloudflare_does_not_know_yet_is_tried_again(place: Place) -> None:
    place.deploy()
    call = [n for n, call in enumerate(place.fake.asked) if "consumers" in call][1]
    place.fake.faults = [*[None] * call, Fault(400, 11001)]
    place.deploy()
    assert place.paused == [1.0]


def test_a_deleted_worker_leaves_no_trigger_and_keeps_its_log(place: Place) -> None:
    place.deploy()
    delete(place.account(), "wakes", ["abc"])
    delete(place.account(), "wakes", ["abc"])
    assert place.fake.scripts == {}
    assert place.fake.crons == {}
    assert place.fake.databases


def test_a_foreign_worker_is_not_deleted(place: Place) -> None:
    place.deploy(replace(PLAN, owners=("other",)))
    with pytest.raises(RefusedError, match="not ours"):
        delete(place.account(), "wakes", ["abc"])
    assert place.fake.crons["wakes"]


@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 250])
def test_lists_are_read_to_their_end(place: Place, number: int) -> None:
    place.fake.queues = {f"q{each}": f"id-{each}" for each in range(number)}
    account = place.account()
    assert account.queue("mine") == f"queue_id-{number + 1}"
    assert account.queue("mine") == f"queue_id-{number + 1}"
    assert observe(account, "wakes").own is None


def changed(**settings: Any) -> PlannedWorker:
    """The Worker with other settings."""
    return replace(PLAN, settings=replace(PLAN.settings, **settings))


Change = Callable[[], PlannedWorker]


@pytest.mark.parametrize(
    "change",
    [
        lambda: replace(PLAN, api="main/other"),
        lambda: replace(PLAN, covers=PLAN.covers[:1]),
        lambda: replace(PLAN, code="newer"),
        lambda: changed(queue=False),
        lambda: changed(database=False),
        lambda: replace(PLAN, data=replace(DATA, alert_after=20)),
    ],
)
def test_the_digest_changes_with_each_part_of_the_worker(change: Change) -> None:
    assert change().digest != PLAN.digest


def test_no_digest_says_anything_of_a_key() -> None:
    assert changed(key=2).digest == PLAN.digest
    assert changed(key=2).tags != PLAN.tags
