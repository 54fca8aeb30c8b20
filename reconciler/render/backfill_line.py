"""One backfill as a line, and as JSON without its runs; how far it is, and its range, in words."""

from __future__ import annotations

from typing import Any

from reconciler.cron import instant, tzinfo_named
from reconciler.model.backfill import SHOWN, Backfill
from reconciler.model.occurrence import format_minute
from reconciler.query.backfill_status import BackfillStatus
from reconciler.render.style import Style
from reconciler.words import count


def backfill_line(status: BackfillStatus, style: Style) -> str:
    """``3f2ab1c09d77  running  nightly  40 of 300 started, 4 open  …``."""
    backfill = status.backfill
    word = style.green(status.word) if status.word == "running" else status.word
    return (
        f"{backfill.digest[:SHOWN]}  {word}{' ' * (9 - len(status.word))}  {backfill.name}  "
        f"{progress_words(status)}  {_range_utc(backfill)}"
    )


def progress_words(status: BackfillStatus) -> str:
    """``40 of 300 runs started, 4 open``; ``?`` where it is not known how many were started."""
    started = "?" if status.started is None else f"{status.started:,}"
    still = f", {status.open:,} open" if status.open else ""
    return f"{started} of {count(len(status.backfill.runs), 'run')} started{still}"


def local_range(backfill: Backfill, zone: str) -> str:
    """``[2026-11-20 00:00, 2026-11-21 00:00) Europe/Paris``."""
    first, until = (
        f"{instant(at).astimezone(tzinfo_named(zone)):%Y-%m-%d %H:%M}"
        for at in (backfill.first, backfill.until)
    )
    return f"[{first}, {until}) {zone}"


def backfill_json(status: BackfillStatus) -> dict[str, Any]:
    """One backfill as JSON, without its runs."""
    backfill, end = status.backfill, status.end
    planned = {key: value for key, value in backfill.to_json().items() if key != "runs"}
    return {
        "digest": backfill.digest,
        "state": status.word,
        **planned,
        "runs": len(backfill.runs),
        "started": status.started,
        "open": status.open,
        "approved_by": backfill.by,
        "approved_at": backfill.at,
        "ended_at": None if end is None else end.at,
        "reason": None if end is None else end.reason or None,
    }


def _range_utc(backfill: Backfill) -> str:
    return f"[{format_minute(backfill.first)}, {format_minute(backfill.until)})"
