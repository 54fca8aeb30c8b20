"""What git changes of the Worker on Cloudflare, what others changed of it, and what forbids it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from reconciler.cron import CronError, instant
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.cloudflare import read
from reconciler.durations import format_duration, parse_duration
from reconciler.manifest import Catchup, EnvironmentSettings, Schedule
from reconciler.model.generation import Generation
from reconciler.plan.change import Action, Change, Kind
from reconciler.plan.foreign import Warned
from reconciler.plan.safety import Refusal, SafetyRule
from reconciler.plan.state import Actual, LiveAccount
from reconciler.plan.worker import ENDS_SOON, TICKS, PlannedWorker, is_gone
from reconciler.plan.worker_tags import DIGEST_TAG, AppliedWorker, applied_in, owners_of
from reconciler.words import count


def worker_changes(
    actual: Actual, planned: PlannedWorker | None, known: Iterable[Generation]
) -> Iterator[Change]:
    """What git changes."""
    applied = applied_in(actual)
    if planned is None:
        before = next(iter(known), None)
        account = actual.cloudflare
        if before is None or before.worker is None or applied is None or account is None:
            return
        if is_gone(before.worker, actual, before):
            deleted = "was deleted" if account.own is None else "a cron of Modal has woken since"
            yield Change(
                action=Action.DELETE,
                kind=Kind.WORKER,
                name=applied.name,
                reason=f"`cloudflare:` is gone from the settings, and {deleted}",
                before={"account": applied.account},
            )
    elif applied is None:
        yield _change(Action.CREATE, planned, _what(planned) + _replaced(actual, planned))
    elif applied.digest != planned.digest:
        yield _change(Action.UPDATE, planned, _difference(applied, planned))
    elif applied.key != planned.key:
        reason = f"it gets key {planned.key} in place of {applied.key}"
        yield _change(Action.UPDATE, planned, reason)
    elif planned.new_key and actual.cloudflare is not None and actual.cloudflare.own is not None:
        yield _change(Action.UPDATE, planned, "Modal no longer has its key: it gets a new one")


def worker_drift(actual: Actual, planned: PlannedWorker | None) -> Iterator[Change]:
    """What is deployed otherwise than it was applied, where git did not change it."""
    account, applied = actual.cloudflare, applied_in(actual)
    if planned is None or account is None or applied is None or applied.digest != planned.digest:
        return
    crons = account.crons.get(planned.name, ())
    reason = deployed_otherwise(applied, account.own, crons) or _other_crons(crons, planned.crons)
    if reason is not None:
        yield _change(Action.REPAIR, planned, reason)


def deployed_otherwise(
    applied: AppliedWorker, tags: Sequence[str] | None, crons: Sequence[str]
) -> str | None:
    """How a Worker differs from what was applied, as far as its tags say what that was; None when
    it does not.

    Args:
        tags: None when it is not deployed.
        crons: its cron triggers. Only a plan knows which ones `mode: triggers` should have.
    """
    if tags is None:
        return "is no longer deployed"
    if DIGEST_TAG + applied.digest not in tags:
        return "differs from what was applied"
    return _other_crons(crons, (TICKS,)) if applied.first else None


def _other_crons(found: Sequence[str], wanted: Sequence[str]) -> str | None:
    if same_crons(found, wanted):
        return None
    return f"its cron triggers are {', '.join(found) or 'none'}, applied was {', '.join(wanted)}"


def same_crons(found: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether two lists of cron triggers mean the same, in whatever words."""
    try:
        return {read(cron) for cron in found} == {read(cron) for cron in wanted}
    except CronError:  # Cloudflare took it, so it is one; ours are none that it can refuse
        return False


def refuse_worker(actual: Actual, planned: PlannedWorker | None) -> Iterator[Refusal]:
    """What would harm others, or what Cloudflare would refuse half-way."""
    applied = applied_in(actual)
    if planned is None:
        return
    if applied is not None and (applied.account, applied.name) != (
        planned.settings.account,
        planned.name,
    ):
        yield Refusal(
            SafetyRule.CLOUDFLARE,
            f"the Worker would move from {applied.name} in account {applied.account} to "
            f"{planned.name} in {planned.settings.account}, and the first would be left behind",
            "switch the first off (`cloudflare: false` for the environment), apply until it is "
            "gone, then set the second one",
        )
    if actual.cloudflare is not None:
        yield from refuse_in_account(actual.cloudflare, planned)


def refuse_in_account(account: LiveAccount, planned: PlannedWorker) -> Iterator[Refusal]:
    """What the account does not allow.

    A Worker of that name that is not ours would be replaced; above its limit of cron triggers
    Cloudflare refuses every change of them, after the upload.
    """
    shown = _shown(account)
    if account.own is not None and not planned.is_ours(account.own):
        theirs = owners_of(account.own)
        source = f" --from {theirs[0]}" if theirs else ""
        whose = f"belongs to another repository or app ({theirs[0]})" if theirs else "is not ours"
        yield Refusal(
            SafetyRule.CLOUDFLARE,
            f"the Worker `{planned.name}` {whose}; Cloudflare account {shown}",
            "set another `worker:` in the settings' `cloudflare:`, or take it over: reconcile "
            f"cloudflare adopt{source}, with the same --env",
        )
    limit = planned.settings.subscription.triggers
    others = account.others(planned.name)
    wanted = others + len(planned.crons)
    held = others + len(account.crons.get(planned.name, ()))
    if held > limit or wanted > limit:
        yield Refusal(
            SafetyRule.CLOUDFLARE,
            f"the Worker needs {count(len(planned.crons), 'cron trigger')}, and "
            f"{max(0, limit - others)} of the account's {limit} are free; Cloudflare account "
            f"{shown}",
            "delete cron triggers of other Workers, or set `subscription: paid` where the account "
            "has it; `mode: tick` needs one",
        )


def worker_warnings(
    actual: Actual,
    planned: PlannedWorker | None,
    schedules: Iterable[Schedule],
    settings: EnvironmentSettings,
    now: int,
) -> Iterator[Warned]:
    """What holds while it lasts."""
    applied = applied_in(actual)
    if actual.cloudflare is None and actual.revision is None and (planned or applied):
        name = planned.name if planned is not None else applied.name if applied is not None else ""
        yield Warned(
            f"the Worker {name} is unknown: {actual.cloudflare_unknown}. What others changed of "
            "it, and the account's other cron triggers, are not in this plan"
        )
    if planned is None:
        return
    due = planned.data.due
    if due is not None and due.end - now // MINUTES_PER_DAY <= ENDS_SOON:
        end = instant(due.end * MINUTES_PER_DAY)
        yield Warned(
            f"the due minutes of the Worker {planned.name} end on {end:%Y-%m-%d}; after that it "
            "asks for a wake every minute"
        )
    safety = parse_duration(planned.settings.safety.value)
    for one in schedules:
        late = _latest(one, settings.punctuality)
        if late is not None and late < safety:
            yield Warned(
                f"{one.name}: it may start at most {format_duration(late)} late, and Modal alone "
                f"wakes every {planned.settings.safety}: while Cloudflare is silent, its "
                "occurrences may be missed",
                one.location.file,
                one.location.line,
            )


def _latest(schedule: Schedule, punctuality: timedelta) -> timedelta | None:
    """How late an occurrence may start; None without a limit."""
    if schedule.suspension is not None:
        return None
    limits = [] if schedule.deadline is None else [timedelta(seconds=schedule.deadline)]
    if schedule.catchup is Catchup.NONE:
        limits.append(punctuality)
    return min(limits, default=None)


def _shown(account: LiveAccount) -> str:
    holders = [f"{name} {len(crons)}" for name, crons in sorted(account.crons.items()) if crons]
    return f"(cron triggers: {', '.join(holders) or 'none'})"


def _replaced(actual: Actual, planned: PlannedWorker) -> str:
    """What goes of a Worker that was taken over."""
    account = actual.cloudflare
    if account is None or account.own is None or any(t.startswith(DIGEST_TAG) for t in account.own):
        return ""
    crons = ", ".join(account.crons.get(planned.name, ())) or "none"
    return f"; it replaces the Worker that was taken over, whose cron triggers are {crons}"


def _what(planned: PlannedWorker) -> str:
    """What a Worker does, in a few words."""
    if planned.data.due is not None:
        return "asks for a wake in each due minute, beside Modal's crons"
    return f"asks for wakes by {count(len(planned.crons), 'cron trigger')}, beside Modal's crons"


def _difference(applied: AppliedWorker, planned: PlannedWorker) -> str:
    first = planned.applied.first
    if applied.first and first != applied.first:
        end = instant((planned.data.due.end if planned.data.due else 0) * MINUTES_PER_DAY)
        return f"its due minutes are written again, up to {end:%Y-%m-%d}"
    return "its times, its settings or our code in it changed"


def _change(action: Action, planned: PlannedWorker, reason: str) -> Change:
    return Change(
        action=action,
        kind=Kind.WORKER,
        name=planned.name,
        reason=reason,
        after=None if action is Action.REPAIR else dict(_described(planned)),
    )


def _described(planned: PlannedWorker) -> Mapping[str, object]:
    """The Worker as JSON, without what passes with time."""
    settings = planned.settings
    return {
        "account": settings.account,
        "mode": settings.mode,
        "crons": list(planned.crons),
        "safety": settings.safety,
        "queue": settings.queue,
        "database": settings.database,
        "key": planned.key,
    }
