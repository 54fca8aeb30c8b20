"""Judges reviews at night, on a GPU: schedule, resources and code in one file."""

import json
from pathlib import Path

import reconciler

WEIGHTS = {"good": 1, "great": 2, "love": 2, "bad": -1, "slow": -1, "broken": -2}
RESULTS = Path("/results")


@reconciler.schedule(
    "0 3 * * *",
    name="nightly-inference",
    gpu="L4",
    cpu=4,
    memory="16Gi",
    volumes={"/results": "review-results"},
    include=["inbox/*.jsonl"],
    timeout="2h",
)
def judge_reviews(occurrence: reconciler.Occurrence) -> dict[str, int]:
    """Judge every review of the inbox once for each occurrence, however often it is tried."""
    files = sorted(Path("inbox").glob("*.jsonl"))
    reviews = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    scores = {
        review["id"]: sum(WEIGHTS.get(word, 0) for word in review["text"].lower().split())
        for review in reviews
    }
    name = occurrence.nominal_time.strftime("%Y-%m-%d")
    (RESULTS / f"{name}.json").write_text(json.dumps(scores))
    return {"judged": len(scores), "positive": sum(score > 0 for score in scores.values())}
