"""What a plan costs, in words: the same in a terminal and in a comment."""

from __future__ import annotations

from typing import Final

from reconciler.plan import Plan, WakePrice, Wakes
from reconciler.plan.alternatives import Alternative
from reconciler.words import count

EXCEEDED: Final = (
    "The budget leaves no cron. The app keeps one of those that it holds, so that schedules run."
)


def wakes_words(plan: Plan) -> str:
    """``8,766 wakes a month (at least 8,766; every minute would be 43,830)``."""
    wakes = plan.wakes
    # Schedules with a tolerance share wakes, which may be fewer than the minutes that are due.
    least = f"at least {wakes.floor:,}"
    if plan.wakes_per_month < wakes.floor:
        least = f"something is due in {wakes.floor:,} minutes"
    every = f"every minute would be {wakes.every_minute:,}"
    return f"{plan.wakes_per_month:,} wakes a month ({least}; {every})"


def idle_words(wakes: Wakes, slot: str) -> str:
    """``, of which 30 find nothing due``, of a solo slot; empty when it is always due."""
    idle = wakes.idle.get(slot)
    return "" if idle is None else f", of which {idle:,} find nothing due"


def cost_words(plan: Plan) -> str:
    """``about $0.08 a month: 5.0 s a wake (assumed) at the list price``."""
    price = plan.price
    return f"about {dollars(price.usd(plan.wakes_per_month))} a month: {_basis(price)}"


def alternatives_words(plan: Plan) -> str | None:
    """What other packings would cost; None when that was not asked."""
    if plan.alternatives is None:
        return None
    if not plan.alternatives:
        return "No other packing: the crons are not limited, or no schedule needs a wake."
    return "Otherwise: " + "; ".join(_choice(other, plan.price) for other in plan.alternatives)


def tolerance_words(plan: Plan) -> str | None:
    """How many wakes tolerance saves; None when none has it or it saves nothing."""
    saved = plan.saved_by_tolerance
    if not saved:
        return None
    return f"{saved:,} wakes a month are saved by tolerance, about {dollars(plan.price.usd(saved))}"


def dollars(amount: float) -> str:
    """``$0.08``; what is less than a cent is not nothing: ``$0.003``."""
    return f"${amount:.2f}" if amount == 0 or amount >= 0.01 else f"${max(amount, 0.001):.3f}"


def _basis(price: WakePrice) -> str:
    known = f"measured over {count(price.measured, 'wake')}" if price.measured else "assumed"
    if price.probed:
        known += ", its start by a probe"
    rates = "this workspace's rates" if price.live else "the list price"
    return f"{price.seconds:.1f} s a wake ({known}) at {rates}"


def _choice(other: Alternative, price: WakePrice) -> str:
    """``fewest-wakes with 5 crons 8,766 wakes, $0.08``."""
    crons = count(other.crons, "cron")
    usd = dollars(price.usd(other.wakes))
    return f"{other.packing} with {crons} {other.wakes:,} wakes, {usd}"
