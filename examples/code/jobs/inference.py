"""Judges reviews in batches. A word model stands where yours would be."""

import json
from collections.abc import Iterator
from pathlib import Path

from jobs.batches import in_batches

from reconciler import Occurrence

RESULTS = Path("/results")


def judge_reviews(batch: int, occurrence: Occurrence) -> dict[str, int]:
    """Judge every review of the inbox once for each occurrence, however often it is tried."""
    weights = json.loads(Path("jobs/weights.json").read_text())
    name = occurrence.nominal_time.strftime("%Y-%m-%d")
    judged = positive = 0
    with (RESULTS / f"{name}.jsonl").open("w") as out:
        for reviews in in_batches(_reviews(), batch):
            for review in reviews:
                score = sum(weights.get(word, 0) for word in review["text"].lower().split())
                out.write(json.dumps({"id": review["id"], "score": score}) + "\n")
                judged += 1
                positive += score > 0
    return {"judged": judged, "positive": positive}


def _reviews() -> Iterator[dict[str, str]]:
    for file in sorted(Path("inbox").glob("*.jsonl")):
        yield from map(json.loads, file.read_text().splitlines())
