"""A Modal app as a data team would have it; `schedules/analytics.yaml` says when it runs."""

import re
from datetime import datetime, timedelta

import modal

app = modal.App("analytics", image=modal.Image.debian_slim())

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@app.function()
def daily_sync(window: str, run: str) -> dict[str, object]:
    """Copies one window of events. `run` names the copy, so that a second one replaces it."""
    events = [{"id": number, "amount": number * 7 % 101} for number in range(1_000)]
    return {
        "run": run,
        "window": window,
        "events": len(events),
        "amount": sum(event["amount"] for event in events),
    }


@app.function()
def incremental_sync(until: str, window: str) -> dict[str, str]:
    """Copies what happened in the window that ends at the occurrence, whenever this runs."""
    end = datetime.fromisoformat(until)
    return {"from": (end - _duration(window)).isoformat(), "until": end.isoformat()}


@app.function()
def warm_cache(dashboards: list[str]) -> dict[str, int]:
    """Computes each dashboard once, so that the first reader does not wait for it."""
    return {dashboard: sum(map(ord, dashboard)) for dashboard in dashboards}


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+)([mhd])", text)
    if found is None:
        raise ValueError(f"not a window: {text!r}")
    return timedelta(**{UNITS[found[2]]: int(found[1])})
